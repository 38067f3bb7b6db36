"""The prototypes of all enrolled labels in one modality, and their scores for a member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats

from .match_statistics import TINY, MatchStatistics

COUNTS = np.geomspace(1, 64, 19).astype(np.float32)
"""Numbers of independent views that are told apart."""

WIDTHS = np.linspace(0, 1, 11, dtype=np.float32)
"""Widths that are told apart: 0 one thing, 1 as different as any two things."""

SURPLUS = 0.15
"""Spread beyond that of one thing's views, as a share, that is taken for chance."""


class Prototype(NamedTuple):
    """What a label looks like in one modality.

    Attributes:
        place: float32 [K], mean of its views.
        count: How many independent views that is worth.
        width: 0 one thing .. 1 as different as any two things.
    """

    place: Floats
    count: float
    width: float


def summarise(places: Floats, between: Floats) -> list[Prototype]:
    """Return the prototypes of a label: the mean of its views, and each view if they differ much.

    Two views with the distance d in a space in which W is the unit matrix have errors of the
    correlation 1 - d^2 / 2 K; frames of one view so count as one. The mean of n views has the
    error of n^2 / sum of all correlations independent ones. Views that lie farther apart than
    those of one thing are of several things, a class: the excess is the width.

    Args:
        places: float32 [n, K], what was enrolled.
        between: float32 [K], see `MatchStatistics`.
    """
    number, size = places.shape
    mean = places.mean(0)
    if number == 1:
        return [Prototype(mean, 1.0, 0.0)]
    squares = np.square(places).sum(1)
    distances = np.maximum(squares[:, None] + squares - 2 * places @ places.T, 0) / (2 * size)
    count = number**2 / np.clip(1 - distances, 0, 1).sum()
    if count < 1.5:
        return [Prototype(mean, float(count), 0.0)]
    # Of pairs of different views; frames of one view say nothing of the width.
    apart = distances[(distances > 0.5 * distances.max()) & ~np.eye(number, dtype=bool)]
    excess = float(apart.mean()) - 1 - SURPLUS
    width = float(np.clip(excess / max(float(between.mean()), TINY), 0, 1))
    made = [Prototype(mean, float(count), width)]
    if width > 0:
        made += [Prototype(place, 1.0, 0.0) for place in places]
    return made


class MatchTable:
    """Prototypes of L labels in one modality; a score for each label.

    The score is the logarithm of p(x | the label) / p(x | any thing). With B the variance of things
    and W = 1 that of views, a label of width t has within = 1 + t B and between = (1 - t) B, and
    with the mean m of n views, x has the mean n between / (n between + within) m and the variance
    between within / (n between + within) + within; of any thing x has the mean 0 and the variance 1
    + B. Of several prototypes of one label, p is the mean.
    """

    def __init__(self, statistics: MatchStatistics, labels: Sequence[Sequence[Prototype]]) -> None:
        """Create it.

        Args:
            statistics: Of the modality.
            labels: The prototypes of each of L >= 1 labels, at least one of each.
        """
        self.statistics = statistics
        prototypes = [each for label in labels for each in label]
        numbers = [len(label) for label in labels]
        self._first = np.concatenate([[0], np.cumsum(numbers)[:-1]]).astype(np.intp)
        self._single = len(prototypes) == len(labels)
        of_count = _nearest(np.log(COUNTS), np.log([each.count for each in prototypes]))
        of_width = _nearest(WIDTHS, np.array([each.width for each in prototypes]))
        kinds, self._kind = np.unique(of_count * len(WIDTHS) + of_width, return_inverse=True)
        count = COUNTS[kinds // len(WIDTHS)][:, None]
        width = WIDTHS[kinds % len(WIDTHS)][:, None]
        any_thing = 1 + statistics.between
        within, between = 1 + width * statistics.between, (1 - width) * statistics.between
        share = between / (count * between + within)
        variance = share * within + within
        self._curvature = (0.5 * (1 / any_thing - 1 / variance)).astype(np.float32)
        means = np.stack([each.place for each in prototypes]) * (count * share)[self._kind]
        self._slopes = (means / variance[self._kind]).astype(np.float32)
        constant = 0.5 * np.log(any_thing / variance).sum(1)
        self._offsets = (
            constant[self._kind] - 0.5 * (means * means / variance[self._kind]).sum(1)
        ).astype(np.float32)

    def scores(self, values: npt.NDArray[np.float32]) -> Floats:
        """Return the scores [..., L] of features or embeddings [..., F]."""
        x = self.statistics.place(values)
        each = x @ self._slopes.T + self._offsets + ((x * x) @ self._curvature.T)[..., self._kind]
        if self._single:
            return np.asarray(each)
        largest = np.maximum.reduceat(each, self._first, axis=-1)
        numbers = np.diff(self._first, append=each.shape[-1])
        share = np.exp(each - np.repeat(largest, numbers, axis=-1))
        total = np.add.reduceat(share, self._first, axis=-1)
        return np.asarray(largest + np.log(total / numbers.astype(np.float32)))


def _nearest(levels: npt.NDArray[np.float32], values: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the index of the level that is nearest to each value; the levels ascend."""
    middles = (levels[1:] + levels[:-1]) / 2
    return np.searchsorted(middles, np.asarray(values))
