"""Stage zero begins with the teacher as it is, gets better, and forgets nothing."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.cad.selection import class_bank, class_numbers  # noqa: E402
from omnibind_ros.learning.config import AdaptConfig, TrainingError  # noqa: E402
from omnibind_ros.learning.prototypes import ClassSimilarity  # noqa: E402
from omnibind_ros.learning.teachers.adaptation import adapt, split_into_folds  # noqa: E402


def run(cache, epochs, left_out=(), **options):
    bank = class_bank(cache, left_out)
    config = replace(AdaptConfig(), epochs=epochs, **options)
    return adapt(cache, ClassSimilarity(bank), class_numbers(cache, bank), config, seed=0)


def test_without_epochs_the_teacher_stays(training_cache):
    same = run(training_cache, 0)
    assert np.allclose(same.image, training_cache.targets.image, atol=1e-3)
    assert same.before == same.after
    assert same.kept > 0.99


def test_it_learns_and_keeps_what_it_could_name(training_cache):
    adapted = run(training_cache, 20)
    assert adapted.after["train"].samples > adapted.before["train"].samples + 0.2
    assert adapted.after["validation"].objects >= adapted.before["validation"].objects
    assert np.allclose(np.linalg.norm(adapted.image, axis=1), 1, atol=1e-5)
    assert adapted.kept > 0.97


def test_one_seed_one_teacher(training_cache):
    assert np.array_equal(run(training_cache, 3).image, run(training_cache, 3).image)


def test_a_dataset_without_images_leaves_the_teacher(training_cache):
    index, targets = training_cache.index, training_cache.targets
    without = replace(
        training_cache,
        index=replace(index, rows={**index.rows, "image": np.zeros(0, np.int64)}),
        targets=replace(
            targets,
            image=targets.image[:0],
            features=targets.features[:0],
            image_quality=np.zeros(0, np.float32),
        ),
    )
    adapted = run(without, 3)
    assert adapted.image.shape == (0, 384)
    assert adapted.after == {}


def test_classes_that_are_left_out_count_nowhere(training_cache):
    bank = class_bank(training_cache, ["lamp"])
    numbers = class_numbers(training_cache, bank)
    lamps = (
        np.array(training_cache.vocabulary.classes.labels)[training_cache.index.labels] == "lamp"
    )
    assert bank.labels == ("chair", "table")
    assert (numbers[lamps] == -1).all()
    assert (numbers[~lamps] >= 0).all()
    assert set(run(training_cache, 2, left_out=["lamp"]).after) >= {"train"}


def test_without_folds_students_learn_from_the_one_teacher(training_cache):
    adapted = run(training_cache, 3)
    assert np.array_equal(adapted.targets, adapted.image)
    assert adapted.crossed is None


def test_folds_change_what_students_learn_of_training_images_and_nothing_else(training_cache):
    plain, crossed = run(training_cache, 20), run(training_cache, 20, folds=3)
    train = training_cache.index.splits[training_cache.index.rows["image"]] == "train"
    assert np.array_equal(crossed.image, plain.image)
    assert np.array_equal(crossed.targets[~train], crossed.image[~train])
    assert (np.abs(crossed.targets[train] - crossed.image[train]).max(1) > 1e-3).all()
    assert np.allclose(np.linalg.norm(crossed.targets, axis=1), 1, atol=1e-5)
    # Of images that it has not seen a projection is right less often, as on validation images.
    assert crossed.crossed.samples <= crossed.after["train"].samples


def test_a_training_image_is_taught_by_what_has_not_seen_it(training_cache):
    """Another picture of an object changes what is said of other objects, not of itself."""
    rows = training_cache.index.rows["image"]
    train = np.flatnonzero(training_cache.index.splits[rows] == "train")
    mine = training_cache.index.objects[rows] == training_cache.index.objects[rows[train[0]]]
    wrong = training_cache.index.labels.copy()
    wrong[rows[mine]] = (wrong[rows[mine]] + 1) % 3
    # Folds are dealt by class, so that a false class deals them anew: each its own object's here.
    folds = len(np.unique(training_cache.index.objects[rows[train]]))
    before = run(training_cache, 3, folds=folds)
    after = run(
        replace(training_cache, index=replace(training_cache.index, labels=wrong)), 3, folds=folds
    )
    assert np.allclose(before.targets[mine], after.targets[mine], atol=1e-5)
    others = np.setdiff1d(train, np.flatnonzero(mine))
    assert np.abs(before.targets[others] - after.targets[others]).max() > 1e-3


def test_folds_part_objects_and_spread_classes():
    objects = np.repeat([f"o{i}" for i in range(20)], 3)
    labels = np.repeat(np.arange(20) % 4, 3)
    fold = split_into_folds(objects, labels, 5, seed=1)
    assert all(len(np.unique(fold[objects == name])) == 1 for name in np.unique(objects))
    assert all(len(np.unique(fold[labels == kind])) == 5 for kind in range(4))
    assert np.bincount(fold).tolist() == [12] * 5
    assert not np.array_equal(fold, split_into_folds(objects, labels, 5, seed=2))


def test_more_folds_than_objects_is_one_sentence(training_cache):
    with pytest.raises(TrainingError, match=r"adapt.folds is 100, but .* objects only"):
        run(training_cache, 2, folds=100)
