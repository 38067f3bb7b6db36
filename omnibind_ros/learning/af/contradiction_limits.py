"""From which agreement on a sensor contradicts the others: limits by modality."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from omnibind_ros.arrays import Floats
from omnibind_ros.recognition.contradiction import LEAST_SENSORS

from .corruptions import Members, members_of
from .embeddings import EmbeddingSet

ODDS = 5.0
"""At its limit, a sensor shows so many times as probably another object as that of the others, if
both are equally frequent."""

RIDGE = 1e-3
"""Weight of the squared coefficients of the logistic regression, which keeps them finite."""

FOUND = 2 / 3
"""A modality has a limit only if at least this share of the objects that it shows in place of
another one is below: of others it cannot be told whether they are wrong or show another thing."""

SUREST = 0.995
"""Largest agreement, either way, that counts."""

SETS = 4
"""Sets of modalities of each object: all, and others drawn at random."""

LEAST_OBJECTS = 50
"""Objects from which limits are fitted."""

Agree = Callable[[Members], Floats]
"""Sets of N members each -> how well each member fits the others of its set, float32 [B, N]."""


class _Course(NamedTuple):
    """One object, seen by some modalities, in all of its samples.

    Attributes:
        rows: int64 [n], its samples.
        chosen: bool [M], the modalities.
        liar: The modality that shows another object; -1: none does.
        shown: int64 [n], the samples of that object.
    """

    rows: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.bool_]
    liar: int
    shown: npt.NDArray[np.int64]


def fit_contradiction(
    data: EmbeddingSet, temperature: float, agree: Agree, seed: int = 0
) -> dict[str, float] | None:
    """Return the agreement below which each modality contradicts the others.

    For each modality, a logistic regression (Platt, Probabilities for SV Machines, 1999) of whether
    it shows another object than the others on the logarithm of the agreement's likelihood ratio,
    2 atanh(a), of its mean a over an object's samples; the limit is where the odds are `ODDS`. So a
    sensor that is wrong more often must disagree more.

    Args:
        data: Samples of objects that no encoder was trained on.
        temperature: Of the members' label distributions.
        agree: The fusion's agreement.
        seed: Of the sets of modalities and the other objects.

    Returns:
        By modality, -1 .. 1, without those that cannot be told from one that shows another object
        (`FOUND`); None if there are fewer than `LEAST_OBJECTS` objects, or too few modalities.
    """
    data = data.complete()
    if len(np.unique(data.objects)) < LEAST_OBJECTS or len(data.modalities) < LEAST_SENSORS:
        return None
    courses = _courses(data, np.random.default_rng(seed))
    members = members_of(data, temperature)
    means = np.stack([_mean_agreement(each, members, agree) for each in courses])
    limits = {}
    for place, name in enumerate(data.modalities):
        values = means[:, place]
        honest = [each.liar < 0 and each.chosen[place] for each in courses]
        lying = [each.liar == place for each in courses]
        limit = _limit(values[honest], values[lying])
        if (values[lying] < limit).mean() >= FOUND:
            limits[name] = round(limit, 4)
    return limits


def _limit(honest: Floats, lying: Floats) -> float:
    """Return the agreement at which the odds are `ODDS`; -1 if none is low enough for that."""
    ratios = 2 * np.arctanh(np.clip(np.concatenate([honest, lying]), -SUREST, SUREST))
    sides = np.repeat((-1.0, 1.0), (len(honest), len(lying)))
    weights = np.repeat((0.5 / len(honest), 0.5 / len(lying)), (len(honest), len(lying)))

    def loss(line: Floats) -> float:
        errors = np.logaddexp(0.0, -sides * (line[0] + line[1] * ratios))
        return float(weights @ errors + RIDGE * (line**2).sum())

    offset, slope = minimize(loss, np.zeros(2)).x
    return float(np.tanh((math.log(ODDS) - offset) / slope / 2)) if slope < 0 else -1.0


def _courses(data: EmbeddingSet, rng: np.random.Generator) -> list[_Course]:
    """Return each object in `SETS` sets of modalities, honest and with each member lying."""
    size = len(data.modalities)
    names, first = np.unique(data.objects, return_index=True)
    rows = [np.flatnonzero(data.objects == name) for name in names]
    labels = data.labels[first]
    courses = []
    for place, own in enumerate(rows):
        others = np.flatnonzero(labels != labels[place])
        for number in range(SETS):
            count = size if number == 0 else int(rng.integers(LEAST_SENSORS, size + 1))
            chosen = np.zeros(size, np.bool_)
            chosen[rng.choice(size, count, replace=False)] = True
            courses.append(_Course(own, chosen, -1, own))
            for liar in np.flatnonzero(chosen) if len(others) else ():
                shown = rows[int(rng.choice(others))]
                courses.append(_Course(own, chosen, int(liar), np.resize(shown, len(own))))
    return courses


def _mean_agreement(course: _Course, members: Members, agree: Agree) -> Floats:
    """Return the mean agreement of each modality in one course, float32 [M]."""
    parts: list[npt.NDArray[Any]] = list(members)
    rows, liar = np.tile(course.rows[:, None], len(course.chosen)), course.liar
    if liar >= 0:
        rows[:, liar] = course.shown
    sets = Members._make(part[rows, np.arange(len(course.chosen))] for part in parts)
    sets.present[:] = course.chosen
    return np.asarray(agree(sets).mean(0), np.float32)
