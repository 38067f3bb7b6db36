"""The figures agree with scikit-learn's, or with what can be counted by hand."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    roc_auc_score,
    top_k_accuracy_score,
)

from omnibind_ros.evaluation.measure.metrics import (
    auroc,
    calibration_error,
    confusion,
    mean_average_precision,
    top_k,
)
from omnibind_ros.learning.config import TrainingError


def answers(samples=200, classes=7, seed=0, steps=0):
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(classes), rng.integers(0, classes, samples - classes)]
    scores = rng.normal(size=(samples, classes)) + 2 * np.eye(classes)[labels]
    return (np.round(scores * steps) / steps if steps else scores), labels


@pytest.mark.parametrize("k", [1, 5])
def test_top_k_is_that_of_scikit_learn(k):
    scores, labels = answers()
    wanted = 100 * top_k_accuracy_score(labels, scores, k=k)
    assert top_k(scores, labels, k) == pytest.approx(wanted)


def test_what_scores_alike_is_right_once():
    labels = np.array([0, 1, 2])
    assert top_k(np.zeros((3, 3)), labels) == pytest.approx(100 / 3)
    assert top_k(np.zeros((3, 3)), labels, 2) == pytest.approx(200 / 3)


@pytest.mark.parametrize("steps", [0, 2])
def test_mean_average_precision_is_that_of_scikit_learn_with_and_without_ties(steps):
    scores, labels = answers(steps=steps)
    wanted = [average_precision_score(labels == c, scores[:, c]) for c in range(7)]
    assert mean_average_precision(scores, labels) == pytest.approx(100 * np.mean(wanted))


def test_classes_without_a_sample_do_not_count():
    scores, labels = answers()
    padded = np.hstack([scores, np.random.default_rng(1).normal(size=(len(labels), 2))])
    assert mean_average_precision(padded, labels) == mean_average_precision(scores, labels)


def test_the_calibration_error_is_what_is_counted_by_hand():
    # Two samples of confidence 0.9, one right; two of 0.6, both right.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    labels = np.array([0, 1, 0, 1])
    assert calibration_error(probabilities, labels) == pytest.approx(50 * 0.4 + 50 * 0.4)


def test_what_is_sure_and_right_is_calibrated():
    assert calibration_error(np.eye(4), np.arange(4)) == pytest.approx(0)
    assert calibration_error(np.eye(4), np.array([1, 2, 3, 0])) == pytest.approx(100)


def test_auroc_is_that_of_scikit_learn_and_half_for_what_is_alike():
    rng = np.random.default_rng(0)
    high, low = rng.normal(1, 1, 50), rng.normal(0, 1, 80)
    wanted = roc_auc_score(np.r_[np.ones(50), np.zeros(80)], np.r_[high, low])
    assert auroc(high, low) == pytest.approx(wanted)
    assert auroc(np.ones(5), np.ones(9)) == pytest.approx(0.5)


def test_confusion_is_that_of_scikit_learn():
    scores, labels = answers()
    predicted = scores.argmax(1)
    wanted = confusion_matrix(labels, predicted, labels=range(7))
    np.testing.assert_array_equal(confusion(predicted, labels, 7), wanted)


@pytest.mark.parametrize("figure", [top_k, mean_average_precision, calibration_error])
def test_nothing_to_measure_is_said(figure):
    with pytest.raises(TrainingError, match="there is no sample to measure"):
        figure(np.zeros((0, 3)), np.zeros(0, int))
