"""Which sensor is encoded next; the policy is explained in docs/explanation/scheduling.md."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

DISTRUSTED = 0.2
"""Attention that a sensor keeps whose embeddings the fusion gives no weight."""

PATIENCE = 0.5
"""Share of max_age after which a sensor that was not served goes to the front of the line."""

SHORTEST_COST = 1e-4
"""Seconds that every encode is taken to cost at least."""

Key = TypeVar("Key")


class Demand(NamedTuple):
    """A sensor with a sample that waits.

    Attributes:
        due: Seconds until it may be encoded (rate limit, back-off); not above 0 for now.
        waited: Seconds since the sensor was last served; infinite before the first time.
        cost: Processor seconds that an encode takes.
        weight: The sensor's share of the last fusion times the number of sensors in it: 1 for the
            average one, and for one that was in none yet.
        sample_age: Seconds since the waiting sample was taken.
        embedding_age: Seconds since the sample of the present embedding was taken; infinite if
            there is none.
        max_age: Seconds after which an embedding is no evidence any more.
    """

    due: float
    waited: float
    cost: float
    weight: float
    sample_age: float
    embedding_age: float
    max_age: float


def gain(demand: Demand) -> float:
    """Return how much evidence an encode adds: what the embedding's age has cost, by its weight."""

    def worth(age: float) -> float:
        return max(0.0, 1.0 - age / demand.max_age)

    attention = DISTRUSTED + (1.0 - DISTRUSTED) * demand.weight
    return attention * max(worth(demand.sample_age) - worth(demand.embedding_age), 0.0)


def overdue(demand: Demand) -> float:
    """Return how many times its patience the sensor has waited."""
    return demand.waited / (PATIENCE * demand.max_age)


def pick(demands: Iterable[tuple[Key, Demand]]) -> tuple[Key | None, float]:
    """Pick the sensor whose encode adds most per processor second.

    Whoever has waited beyond its patience goes first, the most impatient one before the others: so
    nobody starves.

    Args:
        demands: (sensor, its demand) of the sensors at which a sample waits.

    Returns:
        The sensor, or None and the seconds until one is due (infinite if none waits).
    """
    best: Key | None = None
    best_rank = (-math.inf, -math.inf)
    wait = math.inf
    for key, demand in demands:
        if demand.due > 0.0:
            wait = min(wait, demand.due)
            continue
        late = overdue(demand)
        rank = (max(1.0, late), gain(demand) / max(demand.cost, SHORTEST_COST))
        if best is None or rank > best_rank:
            best, best_rank = key, rank
    return best, wait
