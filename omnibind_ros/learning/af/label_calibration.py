"""Calibrates a bundle for a list of labels: temperature, thresholds and least quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.label_bank import LabelBank

from .calibration import fit_likeness, fit_temperature, fit_thresholds
from .cross_fitting import Folds
from .embeddings import EmbeddingSet
from .held_out import HELD_OUT, meaning, usable_splits

USUAL = 0.01
"""Share of the samples whose quality may be too low for a known label."""


@dataclass(frozen=True)
class LabelCalibration:
    """A calibration, and what it is of.

    Attributes:
        calibration: Temperature, thresholds by combination of modalities, least quality, likeness.
        splits: The splits whose samples it was fitted on.
        samples: How many these are.
        note: What that means; empty for the validation split.
        cross_fitted: Without validation objects, how often samples are known by thresholds that
            were fitted to other objects (`Folds.figures`); None with them, on training objects, and
            if there are too few.
    """

    calibration: Calibration
    splits: tuple[str, ...]
    samples: int
    note: str
    cross_fitted: Mapping[str, Any] | None = None


class Across(NamedTuple):
    """What a fusion found across folds of the objects that it was trained on.

    Attributes:
        thresholds: By combination of modalities.
        labels: How many there were.
        figures: As `Folds.figures` returns them; None for training objects, of which the students
            are surer than of others.
    """

    thresholds: Mapping[str, float]
    labels: int
    figures: Mapping[str, Any] | None


def mean_fused(part: EmbeddingSet) -> Floats:
    """Return the mean of each sample's embeddings weighted by quality, float32 [n, D].

    It is what a bundle without a fusion network does; of one modality it is the embedding.
    """
    total = (part.values * part.quality[..., None]).sum(1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9))


def with_labels(
    data: EmbeddingSet, bank: LabelBank, places: Sequence[int] | None = None
) -> EmbeddingSet:
    """Return embeddings whose samples have the labels of another bank.

    Args:
        data: Embeddings of a training run.
        bank: The labels of a bundle.
        places: By label of the data, its place in the bank; None: they have the same names.

    Raises:
        TrainingError: The bank lacks a label.
    """
    if places is None:
        missing = [name for name in data.bank.labels if name not in bank.labels]
        if missing:
            raise TrainingError(
                f"the labels lack '{missing[0]}', a class of the dataset; add it to labels.yaml"
            )
        places = [bank.labels.index(name) for name in data.bank.labels]
    return replace(data, labels=np.asarray(places, np.int64)[data.labels], bank=bank)


def calibrate_labels(
    data: EmbeddingSet,
    before: Calibration,
    fuse: Callable[[EmbeddingSet], Floats] = mean_fused,
    temperature: float | None = None,
    across: Across | None = None,
) -> LabelCalibration:
    """Calibrate for the labels of a set of embeddings.

    Without validation objects, how often samples are known is measured across folds of the objects.
    On training objects the temperature is at least that of before, since the students are surer of
    these than of others.

    Args:
        data: Embeddings of a training run with the bundle's labels, of all splits.
        before: The calibration so far: the thresholds of modalities without samples stay, and the
            least quality is at most this one's.
        fuse: Samples that have all of some modalities -> fused embeddings, float32 [n, D].
        temperature: That of a fusion network; None: it is fitted.
        across: What a fusion that was trained without validation objects found across folds.

    Raises:
        TrainingError: No split has two objects of two classes.
    """
    data = data.samples(np.asarray((data.present & (data.quality > 0)).any(1)) & (data.labels >= 0))
    splits = usable_splits(data.splits, data.objects, data.labels)
    if not splits:
        raise TrainingError(
            "no split of the dataset has embeddings of two objects of two classes, so that nothing "
            "can be calibrated on it; record more objects"
        )
    known = data.split(*splits)
    nothing = known.samples(np.zeros(len(known), np.bool_))
    thresholds = fit_thresholds(known, nothing, fuse)
    if across is not None:
        # More labels than the fusion was trained with are more often similar by chance.
        more = len(data.bank.labels) > across.labels
        for name, value in across.thresholds.items():
            thresholds[name] = max(value, thresholds.get(name, value)) if more else value
    fused = fuse(known)
    if temperature is None:
        temperature = round(fit_temperature(known.bank.similarities(fused), known.labels), 4)
        if "train" in splits:
            temperature = max(temperature, before.temperature)
    quality = known.quality[known.present & (known.quality > 0)]
    least = min(before.min_quality, round(float(np.quantile(quality, USUAL)), 4))
    others = {
        name: value
        for name, value in before.min_similarity.items()
        if not set(name.split("+")) <= set(known.modalities)
    }
    calibration = Calibration(
        temperature,
        least,
        {**others, **thresholds},
        fit_likeness(fused, known.labels),
        before.contradiction,
    )
    crossed = None
    if across is not None:
        crossed = across.figures
    elif splits != HELD_OUT[0] and "train" not in splits and (folds := Folds.of(known)) is not None:
        crossed = folds.figures(fuse)
    return LabelCalibration(calibration, splits, len(known), meaning(splits), crossed)
