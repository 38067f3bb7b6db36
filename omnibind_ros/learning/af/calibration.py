"""Calibration: the temperature of probabilities, and below what similarity a thing is unknown."""

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
"""Temperatures that are looked through."""

KEPT = 0.05
"""Share of known things that may be called unknown."""

TAKEN = 0.025
"""Share of things of other classes that may be taken for one that was enrolled."""


def fit_temperature(similarity: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Return the softmax temperature of least negative log-likelihood (arXiv 1706.04599).

    Args:
        similarity: float32 [N, L], cosine similarities to the labels.
        labels: int [N].

    Raises:
        TrainingError: There is nothing to calibrate on.
    """
    if len(labels) == 0 or similarity.shape[1] < 2:
        raise TrainingError(
            f"{len(labels)} samples in {similarity.shape[1]} classes are too few to calibrate on"
        )
    apart = similarity - similarity.max(1, keepdims=True)
    own = apart[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((np.log(np.exp(apart * scale).sum(1)) - own * scale).mean())

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def fit_biases(logits: Floats, labels: npt.NDArray[np.int64], ridge: float) -> Floats:
    """Return the biases b of least negative log-likelihood of softmax(logits + b).

    As in bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar, arXiv 1901.06852),
    but all classes count alike: biases say what is said too often, not what there is much of.

    Args:
        logits: float32 [N, L].
        labels: int [N].
        ridge: Weight of the biases' mean square, which holds those of few samples back.

    Returns:
        float32 [L], of mean 0 over the classes that there are samples of, and 0 for others: of
        these it is not known how often they are said in vain.
    """
    known, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    samples, classes = np.arange(len(labels)), len(known)
    weights = 1.0 / (classes * counts[place])
    there = logits[:, known].astype(np.float64)

    def loss(biases: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        said = log_softmax(there + biases, axis=1)
        slope = np.exp(said)
        slope[samples, place] -= 1
        found = ridge * (biases**2).mean() - weights @ said[samples, place]
        return float(found), weights @ slope + 2 * ridge / classes * biases

    found = minimize(loss, np.zeros(classes), jac=True, method="L-BFGS-B").x
    biases = np.zeros(logits.shape[1], np.float32)
    biases[known] = found - found.mean()
    return biases


def fit_threshold(known: Floats, unknown: Floats) -> float:
    """Return the similarity that best tells known things from unknown ones.

    It maximises the balanced accuracy (Youden's J), but calls at most `KEPT` of what is known
    unknown; without unknown things it lies where it calls just so many of them unknown.

    Args:
        known: float32 [N], the best label's similarity of things whose class has a label.
        unknown: float32 [K], that of things whose class has none.

    Raises:
        TrainingError: Nothing is known.
    """
    if len(known) == 0:
        raise TrainingError("there is no sample of a known class to set a threshold by")
    limit = float(np.quantile(known, KEPT))
    if len(unknown) == 0:
        return limit
    candidates = np.unique(np.concatenate([known, unknown]))
    candidates = candidates[candidates <= limit]
    if len(candidates) == 0:
        return limit
    kept = 1 - np.searchsorted(np.sort(known), candidates) / len(known)
    refused = np.searchsorted(np.sort(unknown), candidates) / len(unknown)
    return float(candidates[int(np.argmax(kept + refused))])


def fit_likeness(fused: Floats, labels: npt.NDArray[np.int64]) -> float | None:
    """Return the cosine from which two fused embeddings are of one thing.

    It is exceeded by `TAKEN` of the pairs of things of different classes.

    Args:
        fused: float32 [n, D], unit vectors.
        labels: int [n].

    Returns:
        The cosine; None where there are no two classes.
    """
    cosines = (fused @ fused.T)[labels[:, None] < labels]
    return round(float(np.quantile(cosines, 1 - TAKEN)), 4) if len(cosines) else None


def fit_thresholds(
    known: EmbeddingSet, unknown: EmbeddingSet, fuse: Callable[[EmbeddingSet], Floats]
) -> dict[str, float]:
    """Return the threshold of each combination of modalities.

    What several members say together is liker to its label than what one says, so that each
    combination has a threshold of its own.

    Args:
        known: Samples of the classes with labels, of objects that no encoder was trained on.
        unknown: Samples of classes that training has not seen, or none.
        fuse: Samples that have all of some modalities -> what is made of them, float32 [n, D].

    Returns:
        By names joined with '+', the least similarity of the best label at which it is known;
        combinations that no known sample has are left out.
    """
    thresholds = {}
    for names in all_combinations(known.modalities):
        parts = [part.only(names) for part in (known, unknown)]
        # What is worth nothing carries nothing, so that its combination is another.
        parts = [part.samples(np.all(part.present & (part.quality > 0), axis=1)) for part in parts]
        if len(parts[0]):
            best = [
                part.bank.similarities(fuse(part)).max(1) if len(part) else np.zeros(0, np.float32)
                for part in parts
            ]
            thresholds[combination_name(names)] = round(fit_threshold(*best), 4)
    return thresholds
