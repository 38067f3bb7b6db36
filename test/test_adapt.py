"""Stage zero begins with the teacher as it is, gets better, and forgets nothing."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.adapt import adapt  # noqa: E402
from omnibind_ros.learning.batches import class_bank, class_numbers  # noqa: E402
from omnibind_ros.learning.config import AdaptConfig  # noqa: E402
from omnibind_ros.learning.losses import TorchBank  # noqa: E402


def run(cache, epochs, left_out=(), **options):
    bank = class_bank(cache, left_out)
    config = replace(AdaptConfig(), epochs=epochs, **options)
    return adapt(cache, TorchBank(bank), class_numbers(cache, bank), config, seed=0)


def test_without_epochs_the_teacher_stays(lesson_cache):
    same = run(lesson_cache, 0)
    assert np.allclose(same.image, lesson_cache.image, atol=1e-3)
    assert same.before == same.after
    assert same.kept > 0.99


def test_it_learns_and_keeps_what_it_could_name(lesson_cache):
    adapted = run(lesson_cache, 20)
    assert adapted.after["train"].samples > adapted.before["train"].samples + 0.2
    assert adapted.after["validation"].objects >= adapted.before["validation"].objects
    assert np.allclose(np.linalg.norm(adapted.image, axis=1), 1, atol=1e-5)
    assert adapted.kept > 0.97


def test_one_seed_one_teacher(lesson_cache):
    assert np.array_equal(run(lesson_cache, 3).image, run(lesson_cache, 3).image)


def test_a_dataset_without_images_leaves_the_teacher(lesson_cache):
    empty = {name: rows for name, rows in lesson_cache.rows.items() if name != "image"}
    without = replace(
        lesson_cache,
        image=lesson_cache.image[:0],
        features=lesson_cache.features[:0],
        rows=empty | {"image": np.zeros(0, np.int64)},
        quality={**lesson_cache.quality, "image": np.zeros(0, np.float32)},
    )
    adapted = run(without, 3)
    assert adapted.image.shape == (0, 384)
    assert adapted.after == {}


def test_classes_that_are_left_out_count_nowhere(lesson_cache):
    bank = class_bank(lesson_cache, ["lamp"])
    numbers = class_numbers(lesson_cache, bank)
    lamps = np.array(lesson_cache.label_names)[lesson_cache.labels] == "lamp"
    assert bank.labels == ("chair", "table")
    assert (numbers[lamps] == -1).all()
    assert (numbers[~lamps] >= 0).all()
    assert set(run(lesson_cache, 2, left_out=["lamp"]).after) >= {"train"}
