"""Calibration for labels of one's own, also without validation objects."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="learning needs torch")

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.held_out import meaning, usable_splits
from omnibind_ros.learning.af.label_calibration import Across, calibrate_labels, with_labels
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.label_bank import LabelBank

NAMES = ("cup", "jug", "mug", "pot")
BEFORE = Calibration(0.5, 0.3, {"touch": 0.9, "text": 0.6, "image+touch": 0.8, "image+text": 0.7})


def bank_of(names):
    return LabelBank(names, np.eye(8, dtype=np.float32)[: len(names)], np.arange(len(names)))


def data_of(splits, count=160):
    """Touch and image of four classes near their prototypes, `splits` in turn by object."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % len(NAMES)
    values = np.eye(8, dtype=np.float32)[labels][:, None] + rng.normal(0, 0.2, (count, 2, 8))
    values = (values / np.linalg.norm(values, axis=2, keepdims=True)).astype(np.float32)
    things = np.arange(count) // 8
    return EmbeddingSet(
        ("image", "touch"),
        values,
        np.full((count, 2), 0.2, np.float32),
        np.ones((count, 2), np.bool_),
        labels,
        np.array([f"{label}-{thing}" for label, thing in zip(labels, things, strict=True)]),
        np.array([splits[thing % len(splits)] for thing in things]),
        bank_of(NAMES),
    )


def test_thresholds_are_those_of_the_own_labels_and_of_validation_objects():
    found = calibrate_labels(data_of(["train", "validation", "test"]), BEFORE)
    assert (found.splits, found.note) == (("validation",), "")
    assert found.samples == 56
    thresholds = found.calibration.min_similarity
    assert set(thresholds) == {"image", "touch", "image+touch", "text", "image+text"}
    assert (thresholds["text"], thresholds["image+text"]) == (0.6, 0.7)
    data = data_of(["validation"])
    similarity = data.bank.similarities(data.values[:, 1]).max(1)
    assert (similarity >= thresholds["touch"]).mean() > 0.85
    assert found.calibration.temperature < 0.5
    assert found.calibration.min_quality == pytest.approx(0.2)  # as that of the samples


@pytest.mark.parametrize(
    ("splits", "used", "why"),
    [
        (["train", "test"], ("test",), "too few validation objects"),
        (["train"], ("train",), "too few validation and test objects"),
    ],
)
def test_without_validation_objects_it_says_what_it_is_calibrated_on(splits, used, why):
    found = calibrate_labels(data_of(splits), BEFORE)
    assert found.splits == used
    assert why in found.note


def test_one_class_cannot_be_calibrated():
    data = data_of(["train"])
    with pytest.raises(TrainingError, match="two objects of two classes"):
        calibrate_labels(data.samples(data.labels == 0), BEFORE)


def test_labels_of_a_larger_bank():
    data, names = data_of(["test"]), ("sofa", *NAMES[::-1])
    moved = with_labels(data, bank_of(names))
    chosen = [moved.bank.labels[label] for label in moved.labels[:4]]
    assert chosen == list(NAMES)
    with pytest.raises(TrainingError, match="lack 'pot'"):
        with_labels(data, bank_of(NAMES[:3]))
    assert with_labels(data, bank_of(names), [0, 1, 2, 3]).labels.max() == 3


def test_validation_objects_of_a_few_classes_alone_are_too_few():
    splits = np.array(["train"] * 6 + ["validation"] * 2 + ["test"] * 2)
    objects = np.array(list("abcdefghij"))
    labels = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3])
    assert usable_splits(splits, objects, labels) == ("validation", "test")
    assert usable_splits(splits, objects, labels, without=("test",)) == ("train",)
    assert usable_splits(splits, objects, labels % 2) == ("validation",)
    assert usable_splits(splits, objects, labels, first=["test"]) == ("test",)
    assert usable_splits(splits, objects, labels * 0) == ()
    assert meaning(("validation",)) == ""


def test_test_objects_are_cross_fitted():
    found = calibrate_labels(data_of(["train", "test"]), BEFORE)
    across = found.cross_fitted
    assert (across["folds"], across["samples"]) == (4, 80)
    assert across["objects"] == 40
    assert across["known"] == pytest.approx(95, abs=4)
    assert across["top1"] > 95
    assert calibrate_labels(data_of(["validation"]), BEFORE).cross_fitted is None


def test_of_training_objects_nothing_is_told_and_the_bundle_is_no_surer_than_before():
    data = data_of(["train"])
    found = calibrate_labels(data, BEFORE)
    assert found.cross_fitted is None
    assert found.calibration.temperature == BEFORE.temperature
    assert calibrate_labels(data_of(["test"]), BEFORE).calibration.temperature < 0.2


def test_thresholds_of_a_fusion_are_those_across_its_folds():
    across = Across({"touch": 0.42, "image": 0.99}, len(NAMES), {"known": 90.0})
    data = data_of(["test"])
    plain = calibrate_labels(data, BEFORE, temperature=0.1).calibration.min_similarity
    found = calibrate_labels(data, BEFORE, temperature=0.1, across=across)
    assert found.cross_fitted == {"known": 90.0}
    thresholds = found.calibration.min_similarity
    assert (thresholds["touch"], thresholds["image"]) == (0.42, 0.99)
    # With more labels than the fusion knew, the stricter one.
    more = with_labels(data, bank_of((*NAMES, "sofa")))
    found = calibrate_labels(more, BEFORE, temperature=0.1, across=across)
    assert found.calibration.min_similarity["touch"] >= plain["touch"] > 0.42
    assert found.calibration.min_similarity["image"] == 0.99
