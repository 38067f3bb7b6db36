"""Metrics: top-k accuracy, mean average precision, calibration error, AUROC, confusion."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from omnibind_ros.learning.config import TrainingError

Scores = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]
RightAnswers = npt.NDArray[np.bool_]

BINS = 15
"""Bins of equal width of the calibration error, as Guo et al. have them (arXiv 1706.04599)."""


def top_k(scores: Scores, labels: Labels, k: int = 1, right: RightAnswers | None = None) -> float:
    """Return the top-k accuracy in percent.

    Of labels with equal scores the first one ranks higher, as with `argmax`.

    Args:
        scores: [N, L], higher is better.
        labels: int [N].
        k: A sample is correct if a right answer is among the k highest scores.
        right: bool [L, L], at [label, answer] whether the answer is right; None: the label alone.

    Raises:
        TrainingError: There is no sample.
    """
    _check_not_empty(labels)
    accepted = np.eye(scores.shape[1], dtype=np.bool_) if right is None else right
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k] if k > 1 else scores.argmax(1)[:, None]
    return float(100 * accepted[labels[:, None], best].any(1).mean())


def mean_average_precision(scores: Scores, labels: Labels) -> float:
    """Return the mean over classes of the average precision of ranking all samples, in percent.

    Average precision is sum over ranks of (R_n - R_n-1) P_n, as scikit-learn has it; samples
    with equal scores share a rank. Only classes with samples count.

    Args:
        scores: [N, L].
        labels: int [N].

    Raises:
        TrainingError: There is no sample.
    """
    _check_not_empty(labels)
    precisions = []
    for label in np.unique(labels):
        order = np.argsort(-scores[:, label], kind="stable")
        ranked, hits = scores[order, label], (labels[order] == label).cumsum()
        last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
        precisions.append(float((np.diff(recall, prepend=0) * precision).sum()))
    return float(100 * np.mean(precisions))


def calibration_error(
    probabilities: Scores, labels: Labels, bins: int = BINS, right: RightAnswers | None = None
) -> float:
    """Return the expected calibration error of the best label, in percent.

    ECE is the mean over samples of `|accuracy - confidence|` of the bin of their confidence.

    Args:
        probabilities: [N, L], sum 1.
        labels: int [N].
        bins: Bins of equal width.
        right: As in `top_k`.

    Raises:
        TrainingError: There is no sample.
    """
    _check_not_empty(labels)
    confidence = probabilities.max(1).astype(np.float64)
    accepted = np.eye(probabilities.shape[1], dtype=np.bool_) if right is None else right
    correct = accepted[labels, probabilities.argmax(1)]
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(bin_of, correct, bins) - np.bincount(bin_of, confidence, bins)
    return float(100 * np.abs(gap).sum() / len(labels))


def auroc(positive: Scores, negative: Scores) -> float:
    """Return the area under the receiver operating characteristic, 0..1.

    Args:
        positive: [N], scores of the positive samples.
        negative: [K], scores of the negative samples.

    Raises:
        TrainingError: One of them is empty.
    """
    _check_not_empty(positive)
    _check_not_empty(negative)
    truth = np.r_[np.ones(len(positive)), np.zeros(len(negative))]
    return float(roc_auc_score(truth, np.concatenate([positive, negative])))


def confusion(predicted: Labels, labels: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Return the confusion matrix, int [classes, classes]: rows true, columns predicted."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def _check_not_empty(values: npt.NDArray[Any]) -> None:
    if len(values) == 0:
        raise TrainingError("there is no sample to measure; use a dataset with test objects")
