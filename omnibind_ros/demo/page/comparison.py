"""The synchroniser beside perception: how often it would have had a result from the same topics."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from .synchroniser import QUEUE, SLOP, ApproximateTimeMatcher

SLOWEST = 1.0
"""Messages a second from which a sensor is waited for: no one waits for a sentence now and then."""

RECENT = 2.0
"""Seconds over which the matches a second are counted."""


class Comparison:
    """Runs the synchroniser on the sensors that were there when it was switched on.

    It gets the times of the messages alone. A match stands for the mean of the embeddings that a
    node with a synchroniser would publish at that moment; no embedding is computed, so that its
    results come without the time that encoding takes.
    """

    def __init__(self) -> None:
        """Create it switched off."""
        self._matcher: ApproximateTimeMatcher | None = None
        self._matches: deque[float] = deque(maxlen=1024)
        self._since = 0.0
        self._last: float | None = None

    @property
    def running(self) -> bool:
        """Whether it is switched on."""
        return self._matcher is not None

    def start(self, now: float, rates: Mapping[str, float]) -> str:
        """Switch it on, and return a sentence; without sensors it stays off.

        Args:
            now: Monotonic seconds.
            rates: Messages a second of the sensors that are there.
        """
        names = sorted(name for name, rate in rates.items() if rate >= SLOWEST)
        self.stop()
        if len(names) < 2:
            return (
                f"A synchroniser needs two sensors with at least {SLOWEST:g} message a second, "
                f"and there are {len(names)} now: plug some in first."
            )
        self._matcher = ApproximateTimeMatcher(names, QUEUE, SLOP)
        self._since = now
        return f"The synchroniser waits for {', '.join(names)}."

    def stop(self) -> None:
        """Switch it off."""
        self._matcher = None
        self._last = None
        self._matches.clear()

    def on_message(self, now: float, sensor: str, stamp: float) -> int:
        """Take a message and return how many matches it completes, 0 or 1."""
        if self._matcher is None or self._matcher.add(sensor, stamp) is None:
            return 0
        self._last = now
        self._matches.append(now)
        return 1

    def shown(self, now: float) -> dict[str, Any]:
        """Return what the page shows, for JSON."""
        while self._matches and self._matches[0] < now - RECENT:
            self._matches.popleft()
        since = self._since if self._last is None else self._last
        return {
            "on": self.running,
            "sensors": list(self._matcher.topics) if self._matcher is not None else [],
            "results": round(len(self._matches) / RECENT, 1),
            "since_last": round(now - since, 2) if self.running else None,
            "queue": QUEUE,
            "slop": SLOP,
        }
