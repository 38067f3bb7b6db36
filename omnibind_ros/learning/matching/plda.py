"""Fits the statistics by which views of one thing are told from those of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.match_statistics import TINY, Likelihood, MatchStatistics
from omnibind_ros.recognition.match_table import MatchTable, summarise

Doubles = npt.NDArray[np.float64]

PLACES = 96
"""Largest number of values of a place."""

SHRINKAGE = 0.2
"""Share of the unit matrix in the covariance of views before the lengths are made equal (Ledoit and
Wolf, Journal of Multivariate Analysis 88, 2004, with a fixed share)."""

LAST_SHRINKAGE = 0.02
"""The same after it, in few dimensions."""

FOLDS = 5
"""Parts of the things: each is scored by statistics of the other parts."""

VIEWS = (1, 2, 3, 5)
"""Numbers of enrolled views for which the likelihood is fitted."""

DRAWN = 20_000
"""Scores of each kind by which the likelihood is fitted, at most."""

PRIOR = 0.02
"""Probability of the same thing for which the likelihood is fitted: among some dozen labels."""


def fit_statistics(values: npt.NDArray[np.float32], things: npt.NDArray[np.str_]) -> MatchStatistics:
    """Fit the statistics of one modality.

    The likelihood is fitted on things that the rest of the statistics does not know, in turns.

    Args:
        values: float32 [n, F], features or embeddings of views.
        things: [n], the name of each view's thing.

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
    same, other = [], []
    for part in range(FOLDS):
        inside = of_view == part
        statistics = _fit(values[~inside], things[~inside])
        scores = _scores(statistics, values[inside], things[inside], rng)
        same.append(scores[0])
        other.append(scores[1])
    drawn = [rng.permutation(np.concatenate(each))[:DRAWN] for each in (same, other)]
    likelihood = fit_likelihood(*drawn)
    return _with(_fit(values, things), likelihood)


def _fit(values: npt.NDArray[np.float32], things: npt.NDArray[np.str_]) -> MatchStatistics:
    """Fit all but the likelihood."""
    x = values.astype(np.float64)
    mean = x.mean(0)
    projection, between = discriminants(x - mean, things, SHRINKAGE)
    z, total = (x - mean) @ projection, 1 + between
    z /= np.maximum(np.sqrt(np.mean(z * z / total, axis=1, keepdims=True)), TINY)
    centre = z.mean(0)
    rotation, between = discriminants(z - centre, things, LAST_SHRINKAGE)
    arrays = (mean, projection, total, centre, rotation, between, [1, 0, 0.1, 1e-3])
    return MatchStatistics(*(np.asarray(array, np.float32) for array in arrays))


def _with(statistics: MatchStatistics, likelihood: Likelihood) -> MatchStatistics:
    values = {name: getattr(statistics, name) for name in statistics.__dataclass_fields__}
    return MatchStatistics(**(values | {"likelihood": np.array(likelihood, np.float32)}))


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


def _scores(
    statistics: MatchStatistics,
    values: npt.NDArray[np.float32],
    things: npt.NDArray[np.str_],
    rng: np.random.Generator,
) -> tuple[Doubles, Doubles]:
    """Return scores of views with their own thing, and with other things."""
    places = statistics.place(values)
    names = np.unique(things)
    same, other = [], []
    for views in VIEWS:
        labels, left, owners = [], [], []
        for thing in names:
            rows = rng.permutation(np.flatnonzero(things == thing))
            if len(rows) > views:
                owners += [len(labels)] * (len(rows) - views)
                labels.append(summarise(places[rows[:views]], statistics.between))
                left += rows[views:].tolist()
        if len(labels) < 2:
            continue
        table = MatchTable(statistics, labels)
        found = table.scores(values[left])
        own = np.zeros(found.shape, bool)
        own[np.arange(len(left)), owners] = True
        same.append(found[own])
        other.append(found[~own])
    return np.concatenate(same).astype(float), np.concatenate(other).astype(float)


def fit_likelihood(same: Doubles, other: Doubles, prior: float = PRIOR) -> Likelihood:
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
