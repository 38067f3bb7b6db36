"""Fits the statistics by which views of one thing are told from those of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.match_statistics import TINY, Likelihood, MatchStatistics
from omnibind_ros.recognition.match_table import MatchTable, Prototype, summarise

Doubles = npt.NDArray[np.float64]

PLACES = 64
"""Largest number of values of a place."""

SHRINKAGE = 0.2
"""Share of the unit matrix in the covariance of views before the lengths are made equal (Ledoit and
Wolf, Journal of Multivariate Analysis 88, 2004, with a fixed share)."""

LAST_SHRINKAGE = 0.02
"""The same after it, in few dimensions."""

LEAST_AKIN = 0.02
"""Smallest variance of the things of one class, as a share of that of views."""

FOLDS = 5
"""Parts of the things: each is scored by statistics of the other parts."""

VIEWS = (1, 2, 3, 5)
"""Numbers of enrolled views for which the likelihood is fitted."""

DRAWN = 20_000
"""Scores of each kind by which the likelihood is fitted, at most."""

PRIOR = 0.02
"""Probability of the same thing for which the likelihood is fitted: among some dozen labels."""


def fit_statistics(
    values: npt.NDArray[np.float32],
    things: npt.NDArray[np.str_],
    classes: npt.NDArray[np.str_],
) -> MatchStatistics:
    """Fit the statistics of one modality.

    The likelihood is fitted on things that the rest of the statistics does not know, in turns.

    Args:
        values: float32 [n, F], features or embeddings of views.
        things: [n], the name of each view's thing.
        classes: [n], the name of each view's class.

    Raises:
        TrainingError: There are too few things with several views.
    """
    names, numbers = np.unique(things, return_counts=True)
    several = names[numbers > 1]
    if len(several) < 4 * FOLDS:
        raise TrainingError(
            f"{len(several)} objects have several views, but {4 * FOLDS} are needed to tell an "
            "object from others; use a larger dataset"
        )
    rng = np.random.default_rng(0)
    fold = dict(zip(names, rng.permutation(len(names)) % FOLDS, strict=True))
    of_view = np.array([fold[thing] for thing in things])
    found: list[Scores] = []
    for part in range(FOLDS):
        inside = of_view == part
        statistics = _fit(values[~inside], things[~inside], classes[~inside])
        found += _scores(statistics, values[inside], things[inside], classes[inside], rng)
    same, other, akin = (
        rng.permutation(np.concatenate([getattr(each, name) for each in found]))[:DRAWN]
        for name in Scores._fields
    )
    ratios = [
        fit_likelihood(same[:, 0], other[:, 0], PRIOR),
        fit_likelihood(same[:, 1], akin[:, 1], 0.5),
    ]
    return replace(_fit(values, things, classes), likelihood=np.array(ratios, np.float32))


def _fit(
    values: npt.NDArray[np.float32],
    things: npt.NDArray[np.str_],
    classes: npt.NDArray[np.str_],
) -> MatchStatistics:
    """Fit all but the likelihoods."""
    x = values.astype(np.float64)
    mean = x.mean(0)
    projection, between = discriminants(x - mean, things, SHRINKAGE)
    z, total = (x - mean) @ projection, 1 + between
    z /= np.maximum(np.sqrt(np.mean(z * z / total, axis=1, keepdims=True)), TINY)
    centre = z.mean(0)
    rotation, between = discriminants(z - centre, things, LAST_SHRINKAGE)
    akin = np.minimum(variance_in_classes((z - centre) @ rotation, things, classes), between)
    likelihoods = [[1, 0, 0.1, 1e-3]] * 2
    arrays = (mean, projection, total, centre, rotation, between, akin, likelihoods)
    return MatchStatistics(*(np.asarray(array, np.float32) for array in arrays))


def variance_in_classes(
    places: Doubles, things: npt.NDArray[np.str_], classes: npt.NDArray[np.str_]
) -> Doubles:
    """Return the variance [K] of the things of one class, at least `LEAST_AKIN`.

    Args:
        places: float64 [n, K]; the variance of a thing's views is 1.
        things: [n], the name of each view's thing.
        classes: [n], the name of each view's class.
    """
    names, first, of, numbers = np.unique(
        things, return_index=True, return_inverse=True, return_counts=True
    )
    means = np.zeros((len(names), places.shape[1]))
    np.add.at(means, of, places)
    means /= numbers[:, None]
    squares, freedom = np.zeros(places.shape[1]), 0
    for name in np.unique(classes):
        inside = np.flatnonzero((classes[first] == name) & (numbers > 1))
        if len(inside) > 1:
            squares += np.square(means[inside] - means[inside].mean(0)).sum(0)
            # The means of a thing's views have errors of their own.
            squares -= (1 / numbers[inside]).sum() * (1 - 1 / len(inside))
            freedom += len(inside) - 1
    return np.maximum(squares / max(freedom, 1), LEAST_AKIN)


def discriminants(
    x: Doubles, things: npt.NDArray[np.str_], shrinkage: float
) -> tuple[Doubles, Doubles]:
    """Return directions [F, K] in which things differ most, and the variance of things there.

    Along them W is the unit matrix and B diagonal; W and B are the estimates of the analysis of
    variance with unequal numbers of views (Searle, Casella and McCulloch, Variance Components,
    1992).

    Args:
        x: float64 [n, F], centred.
        things: [n], the name of each view's thing.
        shrinkage: Share of the unit matrix in W.
    """
    _, of, numbers = np.unique(things, return_inverse=True, return_counts=True)
    groups, n, size = len(numbers), *x.shape
    means = np.zeros((groups, size))
    np.add.at(means, of, x)
    means /= numbers[:, None]
    rest = x - means[of]
    within = rest.T @ rest / (n - groups)
    usual = (n - (numbers**2).sum() / n) / (groups - 1)
    between = ((means * numbers[:, None]).T @ means / (groups - 1) - within) / usual
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / size * np.eye(size)
    variances, axes = np.linalg.eigh(within)
    whiten = axes / np.sqrt(np.maximum(variances, TINY * variances.max()))
    ratios, turn = np.linalg.eigh(whiten.T @ between @ whiten)
    best = np.argsort(-ratios)[: min(PLACES, size)]
    return whiten @ turn[:, best], np.maximum(ratios[best], 0)


class Scores(NamedTuple):
    """Both scores [n, 2] of views: with their own thing, any others, and others of its class."""

    same: Doubles
    other: Doubles
    akin: Doubles


def _scores(
    statistics: MatchStatistics,
    values: npt.NDArray[np.float32],
    things: npt.NDArray[np.str_],
    classes: npt.NDArray[np.str_],
    rng: np.random.Generator,
) -> Iterator[Scores]:
    """Return the scores of views that were not enrolled, for each number of enrolled views."""
    places = statistics.place(values)
    names = np.unique(things)
    for views in VIEWS:
        labels: list[list[Prototype]] = []
        left: list[int] = []
        owners: list[int] = []
        kinds: list[str] = []
        for thing in names:
            rows = rng.permutation(np.flatnonzero(things == thing))
            if len(rows) > views:
                owners += [len(labels)] * (len(rows) - views)
                labels.append(summarise(places[rows[:views]], statistics.between))
                kinds.append(classes[rows[0]])
                left += rows[views:].tolist()
        if len(labels) < 2:
            continue
        table = MatchTable(statistics, labels)
        found = np.array([np.stack(table.scores(values[row]), 1) for row in left], np.float64)
        own = np.zeros(found.shape[:2], bool)
        own[np.arange(len(left)), owners] = True
        akin = (classes[left][:, None] == np.array(kinds)) & ~own
        yield Scores(found[own], found[~own], found[akin])


def fit_likelihood(same: Doubles, other: Doubles, prior: float) -> Likelihood:
    """Fit the likelihood by the least cross-entropy, at a prior (Bruemmer and du Preez, 2006).

    Args:
        same: Scores of views with their own thing.
        other: Scores of views with another thing.
        prior: Probability of the same thing.
    """
    scale = max(float(np.std(np.concatenate([same, other]))), TINY)
    odds = float(logit(prior))

    def likelihood(x: Sequence[float]) -> Likelihood:
        slope, offset, wrong, alike = x
        return Likelihood(
            float(np.exp(slope)) / scale,
            float(offset),
            float(0.02 + 0.48 * expit(wrong)),
            float(np.exp(-4.0 - 6.0 * expit(alike))),
        )

    def loss(x: Sequence[float]) -> float:
        found = likelihood(x)
        own, others = found.log_ratio(same) + odds, found.log_ratio(other) + odds
        return float(
            prior * np.logaddexp(0, -own).mean() + (1 - prior) * np.logaddexp(0, others).mean()
        )

    best = min(
        (
            minimize(loss, start, method="Nelder-Mead", options={"maxiter": 600})
            for start in ([0.0, 0.0, 0.0, 0.0], [1.0, 0.0, -1.0, 1.0], [2.0, -1.0, 1.0, -1.0])
        ),
        key=lambda result: float(result.fun),
    )
    return likelihood(best.x)
