"""Detection of unknown objects: samples of classes that have no label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.recognition.prototypes import probabilities

from .combinations import Rule
from .metrics import auroc


def measure_unknown(
    known: EmbeddingSet,
    unknown: EmbeddingSet,
    fuse: Callable[[Members], tuple[Floats, Floats]],
    calibration: Calibration,
) -> dict[str, Any]:
    """Measure how well unknown objects are detected by their fused embeddings.

    Args:
        known: Test samples that have every modality, of classes with labels.
        unknown: Such samples of classes without labels.
        fuse: Members -> fused embeddings [B, D] and weights [B, N].
        calibration: Temperature and thresholds.

    Returns:
        `similarity` and `probability`, AUROC (0..1) by the best label's similarity and by its
        probability; `margin`, by similarity minus the threshold, as recognition decides;
        `known_accepted` and `unknown_refused`, in percent, at a margin of zero; `modalities`, the
        AUROC of each modality alone by similarity; and `samples`, the number of unknown ones.
    """
    similarity, probability, margin = zip(
        *(_scores(part, fuse, calibration) for part in (known, unknown)), strict=True
    )
    by_modality = {}
    for m, name in enumerate(known.modalities):
        best = [p.bank.similarities(p.values[p.present[:, m], m]).max(1) for p in (known, unknown)]
        by_modality[name] = auroc(best[0], best[1])
    return {
        "similarity": auroc(*similarity),
        "probability": auroc(*probability),
        "margin": auroc(*margin),
        "known_accepted": float(100 * (margin[0] >= 0).mean()),
        "unknown_refused": float(100 * (margin[1] < 0).mean()),
        "modalities": by_modality,
        "samples": len(unknown),
    }


def measure_known(
    data: EmbeddingSet,
    fuse: Callable[[Members], tuple[Floats, Floats]],
    calibration: Calibration,
) -> dict[str, float]:
    """Measure how often a result is 'known' at the bundle's thresholds, and right or wrong.

    Args:
        data: Test samples that have every modality.
        fuse: As `measure_unknown` takes it.
        calibration: Thresholds of similarity and quality; the quality of a result is the mean of
            its members', by their weights, as in the node.

    Returns:
        `right` and `wrong`: samples that are known and named right or wrong, in percent of all.
    """
    members = members_of(data, calibration.temperature)
    fused, weights = fuse(members)
    similarity = data.bank.similarities(fused)
    quality = (weights * members.quality).sum(1) / weights.sum(1)
    known = (similarity.max(1) >= _limits(data, weights, calibration)) & (
        quality >= calibration.min_quality
    )
    right = data.is_right(similarity.argmax(1))
    shares = {"right": known & right, "wrong": known & ~right}
    return {name: float(100 * share.mean()) for name, share in shares.items()}


def measure_open_vocabulary(
    data: EmbeddingSet, new: Sequence[str], rules: Mapping[str, Rule], temperature: float
) -> dict[str, dict[str, float]]:
    """Measure the accuracy on classes whose label was added after training.

    Args:
        data: Test samples that have every modality, with all labels in the bank.
        new: The classes that training has not seen.
        rules: By name, for that bank.
        temperature: Of the members' label distributions.

    Returns:
        By rule, top-1 in percent on samples of `known` and of `new` classes, among all labels.
    """
    members = members_of(data, temperature)
    labels = data.bank.labels
    added = [label for name in new for label in data.bank.taxonomy.labels_in(name, labels)]
    is_new = np.isin(np.array(labels)[data.labels], added)
    top1 = {}
    for name, rule in rules.items():
        right = data.is_right(rule(members).argmax(1))
        top1[name] = {
            "known": float(100 * right[~is_new].mean()),
            "new": float(100 * right[is_new].mean()),
        }
    return top1


def _scores(
    data: EmbeddingSet,
    fuse: Callable[[Members], tuple[Floats, Floats]],
    calibration: Calibration,
) -> tuple[Floats, Floats, Floats]:
    temperature = calibration.temperature
    fused, weights = fuse(members_of(data, temperature))
    similarity = data.bank.similarities(fused)
    best = similarity.max(1)
    margin = best - _limits(data, weights, calibration)
    return best, probabilities(similarity, temperature).max(1), margin


def _limits(data: EmbeddingSet, weights: Floats, calibration: Calibration) -> Floats:
    """Return the similarities [B] from which results of these weights [B, N] are known."""
    return np.array([calibration.threshold(data.modalities, row) for row in weights], np.float32)
