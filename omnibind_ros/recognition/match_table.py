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
        number: How many independent views that is worth.
        width: 0 one thing .. 1 as different as any two things.
    """

    place: Floats
    number: float
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
    """Prototypes of L labels in one modality; two scores for each label.

    The first is log p(x | the label) - log p(x | any thing), the second log p(x | the label) - log
    p(x | another thing of its class). With B the variance of things, A that of things of one class
    and W = 1 that of views, x is normal with the mean n b / (n b + w) m and the variance b w / (n b
    + w) + w, where m is the mean of n views; w = 1 + t B and b = (1 - t) B for a label of the width
    t; w = 1 + A and b = B - A for another thing of its class; and b = 0 and w = 1 + B for any
    thing. Of several prototypes of one label, p is the mean.
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
        of_count = _nearest(np.log(COUNTS), np.log([each.number for each in prototypes]))
        of_width = _nearest(WIDTHS, np.array([each.width for each in prototypes]))
        kinds, self._kind = np.unique(of_count * len(WIDTHS) + of_width, return_inverse=True)
        self._alike = len(kinds) == 1
        count = COUNTS[kinds // len(WIDTHS)][:, None]
        width = WIDTHS[kinds % len(WIDTHS)][:, None] * statistics.between
        akin = np.maximum(np.minimum(statistics.akin, statistics.between), width)
        means = np.stack([each.place for each in prototypes])
        parts = [self._terms(means, count, spread) for spread in (width, akin)]
        self._slopes = np.concatenate([slopes for slopes, _, _ in parts])
        self._offsets, self._curvatures = (np.stack([part[i] for part in parts]) for i in (1, 2))

    def _terms(self, means: Floats, count: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
        """Return slopes [P, K], offsets [P] and curvatures [kinds, K] of log p(x) - log p_any(x).

        Args:
            means: float32 [P, K].
            count: float32 [kinds, 1], views of each kind of prototype.
            spread: float32 [kinds, K], what is added to W = 1.
        """
        any_thing = 1 + self.statistics.between
        within, between = 1 + spread, self.statistics.between - spread
        share = between / (count * between + within)
        variance = share * within + within
        kind = self._kind
        expected = means * (count * share)[kind]
        constant = 0.5 * np.log(any_thing / variance).sum(1)
        offsets = constant[kind] - 0.5 * (expected * expected / variance[kind]).sum(1)
        curvatures = 0.5 * (1 / any_thing - 1 / variance)
        made = (expected / variance[kind], offsets, curvatures)
        return made[0].astype(np.float32), made[1].astype(np.float32), made[2].astype(np.float32)

    def scores(self, values: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Return both scores [L] of features or embeddings [F]."""
        x = self.statistics.place(values)
        linear = (self._slopes @ x).reshape(2, -1)
        curved = self._curvatures @ (x * x)
        each = linear + self._offsets + (curved if self._alike else curved[:, self._kind])
        if not self._single:
            largest = np.maximum.reduceat(each, self._first, axis=1)
            numbers = np.diff(self._first, append=each.shape[1])
            share = np.exp(each - np.repeat(largest, numbers, axis=1))
            total = np.add.reduceat(share, self._first, axis=1)
            each = largest + np.log(total / numbers.astype(np.float32))
        return each[0], each[0] - each[1]


def _nearest(levels: npt.NDArray[np.float32], values: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the index of the level that is nearest to each value; the levels ascend."""
    middles = (levels[1:] + levels[:-1]) / 2
    return np.searchsorted(middles, np.asarray(values))
