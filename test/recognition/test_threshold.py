"""What is unknown: the threshold is that of those who carry what was fused."""

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration

CALIBRATION = Calibration(0.05, 0.0, {"image": 0.6, "touch": 0.2, "image+touch": 0.7})


def threshold(modalities, weights):
    return CALIBRATION.threshold(modalities, np.array(weights, np.float32))


def test_a_combination_has_the_threshold_that_it_was_given():
    assert threshold(["touch", "image"], [0.4, 0.6]) == 0.7
    assert threshold(["image"], [1.0]) == 0.6


def test_what_hardly_counts_does_not_raise_the_bar():
    assert threshold(["image", "touch"], [0.98, 0.02]) == 0.6


def test_two_sensors_of_one_modality_count_as_one():
    assert threshold(["image", "image", "touch"], [0.3, 0.3, 0.4]) == 0.7


def test_a_combination_without_one_has_the_mean_of_its_members():
    bare = Calibration(0.05, 0.0, {"image": 0.6, "touch": 0.2})
    found = bare.threshold(["image", "touch"], np.array([0.75, 0.25], np.float32))
    assert found == pytest.approx(0.5)


def test_a_modality_without_one_has_the_highest_of_single_ones():
    assert threshold(["audio", "touch"], [0.5, 0.5]) == pytest.approx(0.4)


def test_a_bundle_without_thresholds_refuses_nothing():
    assert Calibration(0.05, 0.0, {}).threshold(["image"], np.ones(1, np.float32)) == 0
