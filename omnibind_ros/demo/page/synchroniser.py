"""The usual way to combine sensors: wait until all of them have messages of about the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

QUEUE = 10
"""Messages of each topic that wait, the default of many nodes."""

SLOP = 0.1
"""Largest difference of the stamps of a match, seconds, likewise."""


class ApproximateTimeMatcher:
    """Matches messages of several topics by their stamps.

    The policy that message_filters documents for `ApproximateTimeSynchronizer`: each topic has a
    queue of its newest messages; a match has one message of each topic, whose stamps differ by less
    than `slop`, and each message is in one match at most. Of several matches of an arriving message
    this takes the one whose stamps are nearest to it.
    """

    def __init__(self, topics: Iterable[str], queue: int = QUEUE, slop: float = SLOP) -> None:
        """Create it with empty queues.

        Args:
            topics: Names of the topics.
            queue: Messages of each topic that wait.
            slop: Largest difference of the stamps of a match, seconds.

        Raises:
            ValueError: No topics, or a queue or slop that is not positive.
        """
        self._queues: dict[str, deque[float]] = {name: deque(maxlen=queue) for name in topics}
        if not self._queues or queue < 1 or slop <= 0:
            raise ValueError("a matcher needs topics, and a queue and slop above 0")
        self._slop = slop

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that a match needs."""
        return tuple(self._queues)

    def add(self, topic: str, stamp: float) -> dict[str, float] | None:
        """Add a message.

        Args:
            topic: Its topic; another than those of the matcher is left out.
            stamp: Its stamp, seconds; the time of arrival if it has none.

        Returns:
            The stamps of a match by topic, None if the message completes none.
        """
        if topic not in self._queues:
            return None
        self._queues[topic].append(stamp)
        near = {
            name: [other for other in queue if abs(other - stamp) < self._slop]
            for name, queue in self._queues.items()
            if name != topic
        }
        if not all(near.values()):
            return None
        match = self._nearest(stamp, list(near.values()))
        if match is None:
            return None
        stamps = {topic: stamp, **dict(zip(near, match, strict=True))}
        for name, used in stamps.items():
            self._queues[name].remove(used)
        return stamps

    def _nearest(self, stamp: float, near: Sequence[Sequence[float]]) -> list[float] | None:
        """Return one stamp of each queue that lie within `slop` of each other and of `stamp`."""
        best: list[float] | None = None
        least = float("inf")
        begins = {stamp, *(other for queue in near for other in queue if other < stamp)}
        for begin in begins:  # the oldest stamp of the match
            match = []
            for queue in near:
                inside = [other for other in queue if begin <= other < begin + self._slop]
                if not inside or stamp >= begin + self._slop:
                    break
                match.append(min(inside, key=lambda other: abs(other - stamp)))
            else:
                distance = sum(abs(other - stamp) for other in match)
                if distance < least:
                    best, least = match, distance
        return best
