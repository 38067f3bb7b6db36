"""Which sensor is encoded next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Candidate(Protocol):
    """What the scheduler sees of a sensor."""

    last_served: float
    """Monotonic time of the last encode, seconds; -inf before the first."""

    def due(self, now: float) -> float:
        """Seconds until the sensor's waiting sample may be encoded; infinite if none waits."""
        ...


def pick(candidates: Iterable[Candidate], now: float) -> tuple[Candidate | None, float]:
    """Pick the candidate that has waited longest since it was last served.

    No sensor starves: whoever is served goes to the end of the line.

    Args:
        candidates: The sensors.
        now: Monotonic time, seconds.

    Returns:
        The candidate, or None and the seconds until one is due (infinite if none waits).
    """
    best: Candidate | None = None
    wait = float("inf")
    for candidate in candidates:
        due = candidate.due(now)
        if due > 0.0:
            wait = min(wait, due)
        elif best is None or candidate.last_served < best.last_served:
            best = candidate
    return best, wait
