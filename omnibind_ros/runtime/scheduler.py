"""Which sensor is encoded next; docs/explanation/scheduling.md explains the policy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

MIN_ATTENTION = 0.2
"""Attention to a sensor whose embeddings the fusion gives no weight."""

PATIENCE = 0.5
"""Share of max_age after which a sensor that was not encoded is overdue."""

MIN_COST = 1e-4
"""Smallest cost of an encode that the scheduler reckons with, seconds."""

Key = TypeVar("Key")


class Demand(NamedTuple):
    """A sensor that has a message to encode.

    Attributes:
        due: Seconds until it may be encoded (rate limit, back-off); 0 or less: it may be now.
        waited: Seconds since the sensor's last encode began; infinite before the first.
        cost: Processor seconds that an encode takes.
        weight: The sensor's weight in the last fusions times the number of sensors in them: 1 for
            the average, and for a sensor that was in none yet.
        sample_age: Seconds since the sample was taken.
        embedding_age: Seconds since the sample of the present embedding was taken; infinite if
            there is none.
        max_age: Seconds after which an embedding is stale.
    """

    due: float
    waited: float
    cost: float
    weight: float
    sample_age: float
    embedding_age: float
    max_age: float


def gain(demand: Demand) -> float:
    """Return how much evidence an encode adds: the evidence lost by age, times the attention."""

    def evidence(age: float) -> float:
        return max(0.0, 1.0 - age / demand.max_age)

    attention = MIN_ATTENTION + (1.0 - MIN_ATTENTION) * demand.weight
    return attention * max(evidence(demand.sample_age) - evidence(demand.embedding_age), 0.0)


def overdue(demand: Demand) -> float:
    """Return the sensor's waiting time as a multiple of its patience."""
    return demand.waited / (PATIENCE * demand.max_age)


def pick(demands: Iterable[tuple[Key, Demand]]) -> tuple[Key | None, float]:
    """Pick the sensor whose encode adds most evidence per processor second.

    Overdue sensors go first, the one with the longest waiting time relative to its patience before
    the others. Therefore no sensor starves.

    Args:
        demands: (sensor, its demand) of the sensors that have a message to encode.

    Returns:
        The sensor, or None and the seconds until one is due (infinite if there is no demand).
    """
    ready: list[tuple[Key, Demand]] = []
    wait = math.inf
    for key, demand in demands:
        if demand.due > 0.0:
            wait = min(wait, demand.due)
        else:
            ready.append((key, demand))
    if len(ready) > 1:
        return max(ready, key=lambda each: _rank(each[1]))[0], wait  # of equal ones the first
    return (ready[0][0] if ready else None), wait


def _rank(demand: Demand) -> tuple[float, float]:
    return max(1.0, overdue(demand)), gain(demand) / max(demand.cost, MIN_COST)
