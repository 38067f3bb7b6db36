"""The buffer of a sensor: the newest message alone, or the messages of a sliding window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from omnibind_ros.sensors import Doubt

MAX_MESSAGES = 4096
"""Messages in a window at most."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A message in a buffer.

    Attributes:
        message: The ROS message; None once it is decoded.
        stamp_ns: When the sample was taken, nanoseconds (see `stamps.SensorClock`).
        frame_id: header.frame_id.
        taken: Monotonic time when the sample was taken, seconds.
        chunk: The decoded message; None before it is decoded.
        used: Whether a worker has taken it for an encode.
        doubts: Why the decoded message may be wrong.
        full_size: Width and height of the message's picture in pixels, where the decoded one is
            smaller; else None.
    """

    message: Any
    stamp_ns: int
    frame_id: str
    taken: float
    chunk: Any = None
    used: bool = False
    doubts: tuple[Doubt, ...] = ()
    full_size: tuple[int, int] | None = None


class Buffer:
    """Keeps the newest message, or the messages of the last `window` seconds.

    Attributes:
        has_new: Whether a message was put since the last `take`.
    """

    def __init__(self, window: float = 0.0) -> None:
        """Create a buffer.

        Args:
            window: Seconds of messages that make one sample; 0 for the newest message alone.
        """
        self._window = window
        self._items: deque[Arrival] = deque()
        self.has_new = False

    @property
    def newest(self) -> Arrival | None:
        """The message that was put last; None if none was put since the last `take`."""
        return self._items[-1] if self.has_new else None

    def put(self, arrival: Arrival) -> int:
        """Put a message in; a message that it replaces, or that leaves the window, is dropped.

        Returns:
            How many messages were dropped before a worker had taken them.
        """
        items = self._items
        items.append(arrival)
        self.has_new = True
        oldest = arrival.taken - self._window
        lost = 0
        while len(items) > 1 and (
            self._window == 0.0 or items[0].taken < oldest or len(items) > MAX_MESSAGES
        ):
            lost += not items.popleft().used
        return lost

    def take(self) -> list[Arrival]:
        """Take the messages of a sample, oldest first; those of a window stay for the next one.

        Raises:
            LookupError: No message was put since the last `take`.
        """
        if not self.has_new:
            raise LookupError("this buffer has no new message")
        self.has_new = False
        arrivals = list(self._items)
        for item in arrivals:
            item.used = True
        if self._window == 0.0:
            self._items.clear()
        return arrivals

    def discard(self, arrival: Arrival) -> None:
        """Drop a message that cannot be decoded."""
        if arrival in self._items:
            self._items.remove(arrival)
            self.has_new = self.has_new and bool(self._items)

    def forget(self, before: float) -> None:
        """Drop the messages that were taken before a monotonic time, seconds."""
        while self._items and self._items[0].taken < before:
            self._items.popleft()
        self.has_new = self.has_new and bool(self._items)

    def clear(self) -> None:
        """Drop all messages."""
        self._items.clear()
        self.has_new = False
