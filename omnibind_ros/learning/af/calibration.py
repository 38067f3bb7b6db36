"""Calibration: temperatures of probabilities, class biases, and thresholds for unknown objects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import all_combinations, combination_name

from .embeddings import EmbeddingSet

LOWEST, HIGHEST = 0.002, 1.0
"""Range of temperatures."""

FALSE_UNKNOWN = 0.05
"""Largest share of samples of known classes that a threshold calls unknown, unless `FALSE_KNOWN`
asks for more."""

FALSE_KNOWN = 0.1
"""Largest share of samples of known classes that are named wrong and yet known."""

FALSE_MATCH = 0.025
"""Share of pairs of different classes that are as similar as an enrolled object and itself."""


def fit_temperature(similarity: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Return the softmax temperature of least negative log-likelihood.

    Source: Guo et al., On Calibration of Modern Neural Networks, arXiv 1706.04599.

    Args:
        similarity: float32 [N, L], cosine similarities to the labels.
        labels: int [N].

    Raises:
        TrainingError: There are no samples, or fewer than two labels.
    """
    if len(labels) == 0 or similarity.shape[1] < 2:
        raise TrainingError(
            f"{len(labels)} samples in {similarity.shape[1]} classes are too few to calibrate on"
        )
    relative = similarity - similarity.max(1, keepdims=True)
    own = relative[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((np.log(np.exp(relative * scale).sum(1)) - own * scale).mean())

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def fit_biases(logits: Floats, labels: npt.NDArray[np.int64], ridge: float) -> Floats:
    """Return the class biases b of least negative log-likelihood of softmax(logits + b).

    As in bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar, arXiv 1901.06852),
    but with equal weights of all classes: a class with many samples has no bias for that alone.

    Args:
        logits: float32 [N, L].
        labels: int [N].
        ridge: Weight of the biases' mean square, which keeps those of few samples small.

    Returns:
        float32 [L], of mean 0 over the classes with samples, and 0 for the others, whose biases
        cannot be measured.
    """
    known, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    samples, classes = np.arange(len(labels)), len(known)
    weights = 1.0 / (classes * counts[place])
    of_known = logits[:, known].astype(np.float64)

    def loss(biases: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        log_probabilities = log_softmax(of_known + biases, axis=1)
        gradient = np.exp(log_probabilities)
        gradient[samples, place] -= 1
        value = ridge * (biases**2).mean() - weights @ log_probabilities[samples, place]
        return float(value), weights @ gradient + 2 * ridge / classes * biases

    best = minimize(loss, np.zeros(classes), jac=True, method="L-BFGS-B").x
    biases = np.zeros(logits.shape[1], np.float32)
    biases[known] = best - best.mean()
    return biases


def fit_threshold(known: Floats, unknown: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Return the similarity that best separates known from unknown samples.

    It maximises the balanced accuracy (Youden's J), among thresholds that call at most
    `FALSE_UNKNOWN` of the known samples unknown; without unknown samples it is the highest of
    these thresholds. But it is never so low that more than `FALSE_KNOWN` of the known samples are
    named wrong and yet known: a bound of the risk of what is accepted (selective classification,
    Geifman and El-Yaniv, arXiv 1705.08500).

    Args:
        known: float32 [N], the best label's similarity of samples whose class has a label.
        unknown: float32 [K], that of samples whose class has none.
        right: bool [N], whether that label is the sample's.

    Raises:
        TrainingError: There is no known sample.
    """
    if len(known) == 0:
        raise TrainingError("there is no sample of a known class to set a threshold by")
    return max(_separating(known, unknown), _risk_bound(known, right))


def _risk_bound(known: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Return the lowest similarity from which at most `FALSE_KNOWN` of the samples are wrong."""
    wrong = np.sort(known[~right])[::-1]
    allowed = int(FALSE_KNOWN * len(known))
    # The bundle keeps four digits, and a sample that reaches the threshold is known.
    return float(wrong[allowed]) + 1e-4 if len(wrong) > allowed else -np.inf


def _separating(known: Floats, unknown: Floats) -> float:
    """Return the threshold of `fit_threshold` before the bound of the risk."""
    limit = float(np.quantile(known, FALSE_UNKNOWN))
    if len(unknown) == 0:
        return limit
    candidates = np.unique(np.concatenate([known, unknown]))
    candidates = candidates[candidates <= limit]
    if len(candidates) == 0:
        return limit
    accepted = 1 - np.searchsorted(np.sort(known), candidates) / len(known)
    rejected = np.searchsorted(np.sort(unknown), candidates) / len(unknown)
    return float(candidates[int(np.argmax(accepted + rejected))])


def fit_likeness(fused: Floats, labels: npt.NDArray[np.int64]) -> float | None:
    """Return the cosine similarity from which two fused embeddings show the same object.

    It is the one that `FALSE_MATCH` of the pairs of samples of different classes exceed.

    Args:
        fused: float32 [n, D], unit vectors.
        labels: int [n].

    Returns:
        The cosine similarity; None with fewer than two classes.
    """
    cosines = (fused @ fused.T)[labels[:, None] < labels]
    return round(float(np.quantile(cosines, 1 - FALSE_MATCH)), 4) if len(cosines) else None


def fit_thresholds(
    known: EmbeddingSet, unknown: EmbeddingSet, fuse: Callable[[EmbeddingSet], Floats]
) -> dict[str, float]:
    """Return the threshold of each combination of modalities.

    The fused embedding of several members is more similar to its label than that of one, so that
    each combination has a threshold of its own.

    Args:
        known: Samples of classes with labels, of objects that no encoder was trained on.
        unknown: Samples of classes that are not in the training, or none.
        fuse: Samples that have all of some modalities -> fused embeddings, float32 [n, D].

    Returns:
        By names joined with '+', the similarity of the best label from which an object is known;
        without combinations that no known sample has.
    """
    thresholds = {}
    for names in all_combinations(known.modalities):
        parts = [part.only(names) for part in (known, unknown)]
        # A member of quality 0 has no weight, so that its sample is of another combination.
        parts = [part.samples(np.all(part.present & (part.quality > 0), axis=1)) for part in parts]
        if len(parts[0]):
            similarity = parts[0].bank.similarities(fuse(parts[0]))
            none = np.zeros(0, np.float32)
            thresholds[combination_name(names)] = round(
                fit_threshold(
                    similarity.max(1),
                    parts[1].bank.similarities(fuse(parts[1])).max(1) if len(parts[1]) else none,
                    parts[0].is_right(similarity.argmax(1)),
                ),
                4,
            )
    return thresholds
