"""Cross-fitting: what is calibrated is measured on objects that it was not fitted to.

The objects are divided into folds. What is fitted, is fitted anew for each fold to all others, and
says what the samples of this fold show; thresholds follow from these predictions of all samples
(the name is that of Chernozhukov et al., arXiv 1608.00060).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from omnibind_ros.arrays import Floats

from .calibration import fit_threshold
from .embeddings import EmbeddingSet

FOLDS = 4
"""Folds, where a class has objects enough."""

Fuse = Callable[[EmbeddingSet], Floats]
"""Samples that have all of some modalities -> fused embeddings, float32 [n, D]."""

Ints = npt.NDArray[np.int64]


def stratified_folds(labels: Ints, groups: npt.NDArray[Any], count: int) -> Ints:
    """Return the fold of each sample, int64 [n], 0 to count - 1; those of a group are together.

    Args:
        labels: int64 [n]; a label is in as many folds as it can.
        groups: [n].
        count: Of folds, at least two; one label has as many samples. A fold may be empty.
    """
    folds = np.zeros(len(labels), np.int64)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rare classes are in one fold only
        parts = splitter.split(np.zeros((len(labels), 1)), labels, groups)
        for number, (_, part) in enumerate(parts):
            folds[part] = number
    return folds


@dataclass(frozen=True)
class Folds:
    """Samples divided by objects.

    Attributes:
        data: The samples. Where a class has one object only, each sample of it is an object of its
            own here, since nothing could be said of the class otherwise.
        number: By object, its fold.
        count: Of folds.
        single: Whether there is such a class.
    """

    data: EmbeddingSet
    number: Mapping[str, int]
    count: int
    single: bool

    @classmethod
    def of(cls, data: EmbeddingSet, most: int = FOLDS) -> Folds | None:
        """Divide samples into at most some folds; None if nothing can be held back.

        Args:
            data: Samples with labels.
            most: Folds.
        """
        objects = data.objects.astype(object)
        alone = [
            label
            for label in np.unique(data.labels)
            if len(np.unique(data.objects[data.labels == label])) < 2
        ]
        for place in np.flatnonzero(np.isin(data.labels, alone)):
            objects[place] = f"{objects[place]} {place}"
        names = objects.astype(np.str_)
        each = [len(np.unique(names[data.labels == label])) for label in np.unique(data.labels)]
        if len(each) < 2 or max(each) < 2:
            return None
        count = min(most, max(each))
        folds = stratified_folds(data.labels, names, count)
        number = dict(zip(names.tolist(), folds.tolist(), strict=True))
        return cls(replace(data, objects=names), number, count, bool(alone))

    def folds_of(self, part: EmbeddingSet) -> Ints:
        """Return the fold of each of some samples, int64 [n]; 0 for objects that are in none."""
        return np.array([self.number.get(str(name), 0) for name in part.objects], np.int64)

    def others(self, fold: int) -> EmbeddingSet:
        """Return the samples that are not in a fold."""
        return self.data.samples(self.folds_of(self.data) != fold)

    def fuse(self, fuses: Sequence[Fuse]) -> Fuse:
        """Return a function that fuses each sample as its fold does.

        Args:
            fuses: Of each fold, fitted to the others.
        """

        def fuse(part: EmbeddingSet) -> Floats:
            fused = np.zeros((len(part), part.size), np.float32)
            folds = self.folds_of(part)
            for fold, each in enumerate(fuses):
                chosen = folds == fold
                if chosen.any():
                    fused[chosen] = each(part.samples(chosen))
            return fused

        return fuse

    def figures(self, fuse: Fuse) -> dict[str, Any]:
        """Return how often samples are right and known, each by all modalities that it has.

        A sample is known by a threshold that was fitted to the other folds.

        Args:
            fuse: Of samples by their folds.

        Returns:
            folds; objects and samples, how many; top1, known and wrong_known, in percent. Samples
            whose threshold cannot be fitted to others count as unknown.
        """
        there = self.data.present & (self.data.quality > 0)
        folds, count = self.folds_of(self.data), len(self.data)
        right, known = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        for pattern in np.unique(there[there.any(1)], axis=0):
            names = [m for m, has in zip(self.data.modalities, pattern, strict=True) if has]
            rows = np.flatnonzero(there[:, pattern].all(1))
            part = self.data.samples(rows).only(names)
            similarity = part.bank.similarities(fuse(part))
            best, correct = similarity.max(1), part.is_right(similarity.argmax(1))
            same = (there[rows] == pattern).all(1)
            right[rows[same]] = correct[same]
            for fold in np.unique(folds[rows[same]]):
                other = folds[rows] != fold
                if other.any():
                    threshold = fit_threshold(best[other], best[:0], correct[other])
                    own = same & ~other
                    known[rows[own]] = best[own] >= threshold
        used = there.any(1)
        return {
            "folds": self.count,
            "objects": len(np.unique(self.data.objects[used])),
            "samples": int(used.sum()),
            "top1": _percent(right[used]),
            "known": _percent(known[used]),
            "wrong_known": _percent((known & ~right)[used]),
        }


def sentence(figures: Mapping[str, Any]) -> str:
    """Return what `Folds.figures` says, for a user."""
    return (
        f"cross-fitted in {figures['folds']} folds of {figures['objects']} objects: "
        f"{figures['top1']:g}% of {figures['samples']} samples are named right, "
        f"{figures['known']:g}% known, {figures['wrong_known']:g}% wrong and yet known, each by "
        "what was fitted to other objects"
    )


def _percent(values: npt.NDArray[np.bool_]) -> float:
    return round(100 * float(values.mean()), 1) if len(values) else 0.0
