"""The choice of a student for one's own sensor, where few samples are held back."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch trains the students, and is not installed")

from omnibind_ros.learning.adapt.cross_validation import cross_validated
from omnibind_ros.learning.adapt.selection import _best_of

OWN, PROJECTION = ("bundle", "none"), ("bundle", "projection")


def test_the_validation_samples_decide_and_where_they_are_equal_the_training_objects():
    assert _best_of({OWN: 0.0, PROJECTION: 0.0}, {OWN: 0.9, PROJECTION: 1.0}) == PROJECTION
    assert _best_of({OWN: 0.0, PROJECTION: 0.0}, {OWN: 1.0, PROJECTION: 1.0}) == OWN
    assert _best_of({OWN: -0.1, PROJECTION: -0.2}, {OWN: 0.5, PROJECTION: 1.0}) == OWN


@pytest.mark.parametrize("alone", [0, 1])
def test_a_class_of_one_sample_says_nothing_of_the_others(alone):
    rng = np.random.default_rng(0)
    labels = np.array([0] * 6 + [1] * 6 + [2] * alone)
    features = np.repeat(np.eye(3, dtype=np.float32)[labels], 8, axis=1)
    features += 0.01 * rng.standard_normal(features.shape).astype(np.float32)
    objects = np.array([f"thing {number}" for number in range(len(labels))])
    assert max(cross_validated(features, labels, objects).values()) == 1.0
