"""What happened in the last minute, in a bounded amount of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

MINUTE = 60.0
"""Seconds that are kept."""

BIN = 0.5
"""Seconds that a point of the charts covers."""

BINS = round(MINUTE / BIN)

MOST_CHANGES = 240
"""Changes of a sensor's state that are kept at most."""


@dataclass
class Bin:
    """What arrived in `BIN` seconds.

    Attributes:
        results: Results of perception.
        matches: Matches of the synchroniser; None while it does not run.
        latency: Sum of the results' latencies, seconds.
        probability: Probability of the best label of the newest result.
        unknown: Probability that no label fits, of the same.
    """

    results: int = 0
    matches: int | None = None
    latency: float = 0.0
    probability: float | None = None
    unknown: float | None = None

    def row(self) -> list[float | None]:
        """Return results a second, matches a second, mean latency in ms and both probabilities."""
        mean = round(self.latency / self.results * 1e3, 1) if self.results else None
        matches = None if self.matches is None else self.matches / BIN
        return [self.results / BIN, matches, mean, self.probability, self.unknown]


class Bins:
    """The bins of the last minute; those in which nothing arrived are there as well."""

    def __init__(self) -> None:
        """Create it without bins."""
        self._bins: deque[Bin] = deque(maxlen=BINS)
        self._next = 0
        """Number of the bin after the newest one."""

    def at(self, now: float) -> Bin:
        """Return the bin of a time, monotonic seconds; a time before the newest bin is in it."""
        number = int(now / BIN)
        if not self._bins:
            self._next = number
        self._next = max(self._next, number - BINS)  # what is older is not kept
        while self._next <= number:
            self._bins.append(Bin())
            self._next += 1
        return self._bins[-1]

    def after(self, number: int, now: float) -> tuple[int, list[list[float | None]]]:
        """Return the complete bins after one.

        Args:
            number: Number of a bin; all bins that are kept come after -1.
            now: Monotonic seconds.

        Returns:
            The number of the newest complete bin, and the rows up to it.
        """
        self.at(now)
        newest = self._next - 2
        wanted = min(newest - number, len(self._bins) - 1)
        if wanted <= 0:
            return max(newest, number), []
        complete = list(self._bins)[:-1]
        return newest, [one.row() for one in complete[-wanted:]]


@dataclass
class StateChanges:
    """When the state of each sensor changed, in the last minute.

    Attributes:
        revision: Grows with each change.
    """

    revision: int = 0
    _changes: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def note(self, now: float, name: str, state: int) -> None:
        """Note the state of a sensor."""
        changes = self._changes.setdefault(name, deque(maxlen=MOST_CHANGES))
        if not changes or changes[-1][1] != state:
            changes.append((now, state))
            self.revision += 1

    def forget(self, kept: Collection[str]) -> None:
        """Forget all sensors but some."""
        for name in set(self._changes).difference(kept):
            del self._changes[name]
            self.revision += 1

    def rows(self, now: float) -> dict[str, list[list[float]]]:
        """Return the changes of each sensor, oldest first: seconds on the same clock, and state.

        The first one may be older than a minute: it is the state at its beginning.
        """
        rows = {}
        for name, changes in self._changes.items():
            while len(changes) > 1 and changes[1][0] < now - MINUTE:
                changes.popleft()
            rows[name] = [[round(at, 2), float(state)] for at, state in changes]
        return rows
