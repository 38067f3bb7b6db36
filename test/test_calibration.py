"""Calibration finds the temperature that made the data, and thresholds that part what is apart."""

import numpy as np
import pytest
from embedding_making import make_embeddings
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.learning.calibration import KEPT, fit_temperature, fit_threshold, fit_thresholds
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.embeddings import probabilities


@pytest.mark.parametrize("temperature", [0.02, 0.1, 0.4])
def test_the_temperature_is_the_one_that_labels_were_drawn_with(temperature):
    rng = np.random.default_rng(0)
    similarity = rng.uniform(-1, 1, (20_000, 5))
    chance = probabilities(similarity, temperature).cumsum(1)
    labels = (rng.random((len(chance), 1)) > chance).sum(1).clip(max=4)
    assert fit_temperature(similarity, labels) == pytest.approx(temperature, rel=0.05)


def test_the_threshold_lies_between_what_is_apart():
    known, unknown = np.linspace(0.6, 0.9, 50), np.linspace(0.1, 0.4, 50)
    threshold = fit_threshold(known, unknown)
    assert (known >= threshold).all()
    assert (unknown < threshold).all()


@given(seed=st.integers(0, 1000), apart=st.floats(-1, 1), unknown=st.integers(0, 40))
def test_hardly_any_known_thing_is_called_unknown(seed, apart, unknown):
    rng = np.random.default_rng(seed)
    known = rng.normal(apart, 0.3, 100)
    threshold = fit_threshold(known, rng.normal(0, 0.3, unknown))
    assert (known < threshold).mean() <= KEPT + 1e-9


def test_each_modality_has_a_threshold_of_its_own():
    known, unknown = make_embeddings().without_classes(["class 3", "class 5"])
    thresholds = fit_thresholds(known, unknown)
    assert list(thresholds) == list(known.modalities)
    assert thresholds["touch"] < thresholds["image"] < thresholds["text"]


def test_too_little_is_said():
    with pytest.raises(TrainingError, match="too few to calibrate on"):
        fit_temperature(np.zeros((0, 4)), np.zeros(0, int))
    with pytest.raises(TrainingError, match="no sample of a known class"):
        fit_threshold(np.zeros(0), np.zeros(3))
