"""Calibration: temperatures that drew the labels, biases, and thresholds that separate classes."""

import numpy as np
import pytest
from embedding_sets import make_embeddings
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.learning.af.calibration import (
    FALSE_KNOWN,
    FALSE_UNKNOWN,
    fit_biases,
    fit_likeness,
    fit_temperature,
    fit_threshold,
    fit_thresholds,
)
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.prototypes import probabilities


@pytest.mark.parametrize("temperature", [0.02, 0.1, 0.4])
def test_the_temperature_is_the_one_that_labels_were_drawn_with(temperature):
    rng = np.random.default_rng(0)
    similarity = rng.uniform(-1, 1, (20_000, 5))
    cumulative = probabilities(similarity, temperature).cumsum(1)
    labels = (rng.random((len(cumulative), 1)) > cumulative).sum(1).clip(max=4)
    assert fit_temperature(similarity, labels) == pytest.approx(temperature, rel=0.05)


def test_the_threshold_separates_known_from_unknown():
    known, unknown = np.linspace(0.6, 0.9, 50), np.linspace(0.1, 0.4, 50)
    threshold = fit_threshold(known, unknown, np.ones(50, np.bool_))
    assert (known >= threshold).all()
    assert (unknown < threshold).all()


@given(seed=st.integers(0, 1000), apart=st.floats(-1, 1), unknown=st.integers(0, 40))
def test_few_known_samples_are_called_unknown(seed, apart, unknown):
    rng = np.random.default_rng(seed)
    known = rng.normal(apart, 0.3, 100)
    threshold = fit_threshold(known, rng.normal(0, 0.3, unknown), np.ones(100, np.bool_))
    assert (known < threshold).mean() <= FALSE_UNKNOWN + 1e-9


def mean_of(part):
    total = part.values.sum(1)
    return total / np.linalg.norm(total, axis=1, keepdims=True)


def test_each_combination_has_a_threshold_of_its_own():
    known, unknown = make_embeddings().without_classes(["class 3", "class 5"])
    thresholds = fit_thresholds(known, unknown, mean_of)
    assert len(thresholds) == 2 ** len(known.modalities) - 1
    for names, threshold in thresholds.items():
        part = known.only(names.split("+"))
        part = part.samples(np.all(part.present & (part.quality > 0), axis=1))
        similarity = part.bank.similarities(mean_of(part))
        wrong = similarity.argmax(1) != part.labels
        assert np.mean(wrong & (similarity.max(1) >= threshold)) <= FALSE_KNOWN, names
    assert thresholds["image"] < thresholds["text"]


def test_few_pairs_of_other_classes_are_as_similar_as_one_object():
    data = make_embeddings()
    fused = mean_of(data.complete())
    labels = data.complete().labels
    likeness = fit_likeness(fused, labels)
    cosines = (fused @ fused.T)[labels[:, None] != labels]
    assert (cosines > likeness).mean() == pytest.approx(0.025, abs=0.002)
    assert fit_likeness(fused[:1], labels[:1]) is None


def test_a_combination_that_no_sample_has_is_left_out():
    known, unknown = make_embeddings(modalities=("image", "touch")).without_classes([])
    known.present[:, 1] = False
    assert list(fit_thresholds(known, unknown, mean_of)) == ["image"]


def biased(samples=4000):
    """Return logits that are right but for class 1, predicted too seldom, and their labels."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (samples, 4))
    labels = (rng.random((samples, 1)) > probabilities(logits, 1.0).cumsum(1)).sum(1).clip(max=3)
    logits[:, 1] -= 1.5
    return logits.astype(np.float32), labels


def test_biases_correct_a_class_that_is_predicted_too_seldom():
    logits, labels = biased()
    biases = fit_biases(logits, labels, 1e-3)
    apart = biases - np.delete(biases, 1).mean()
    assert apart[1] == pytest.approx(1.5, abs=0.3)
    np.testing.assert_allclose(np.delete(apart, 1), 0, atol=0.3)
    assert biases.mean() == pytest.approx(0, abs=1e-6)


def test_how_many_samples_a_class_has_is_no_bias():
    logits, labels = biased()
    often = np.concatenate([np.arange(len(labels)), np.repeat(np.flatnonzero(labels == 2), 4)])
    before, after = fit_biases(logits, labels, 0.1), fit_biases(logits[often], labels[often], 0.1)
    np.testing.assert_allclose(before, after, atol=0.01)


def test_a_class_without_samples_has_no_bias():
    logits, labels = biased()
    seen = labels != 3
    assert fit_biases(logits[seen], labels[seen], 0.1)[3] == 0


def test_too_few_samples_are_an_error():
    with pytest.raises(TrainingError, match="too few to calibrate on"):
        fit_temperature(np.zeros((0, 4)), np.zeros(0, int))
    with pytest.raises(TrainingError, match="no sample of a known class"):
        fit_threshold(np.zeros(0), np.zeros(3), np.zeros(0, np.bool_))
