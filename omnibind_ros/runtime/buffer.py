"""What waits at a sensor: the newest message alone, or those of a sliding window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

MAX_MESSAGES = 4096
"""Messages in a window at most, whatever a publisher sends."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A message in a buffer.

    Attributes:
        message: The ROS message; None once it is decoded.
        stamp_ns: When the sample was taken, nanoseconds (see `stamps.delay_on_arrival`).
        frame_id: header.frame_id.
        taken: Monotonic time when the sample was taken, seconds.
        chunk: What the message was decoded to; None before.
        used: Whether an encode has taken it.
    """

    message: Any
    stamp_ns: int
    frame_id: str
    taken: float
    chunk: Any = None
    used: bool = False


class Buffer:
    """Keeps the newest message, or the messages of the last `window` seconds."""

    def __init__(self, window: float = 0.0) -> None:
        """Create a buffer.

        Args:
            window: Seconds of messages that make one sample; 0: the newest message alone.
        """
        self._window = window
        self._items: deque[Arrival] = deque()
        self._fresh = False

    @property
    def waits(self) -> bool:
        """Whether a message has arrived since the last `take`."""
        return self._fresh

    @property
    def newest(self) -> Arrival | None:
        """The message that waits and was put last; None if none waits."""
        return self._items[-1] if self._fresh else None

    def put(self, arrival: Arrival) -> int:
        """Put a message in; what is overwritten or leaves the window is thrown out.

        Returns:
            How many messages were thrown out before any encode had taken them.
        """
        items = self._items
        items.append(arrival)
        self._fresh = True
        oldest = arrival.taken - self._window
        lost = 0
        while len(items) > 1 and (
            self._window == 0.0 or items[0].taken < oldest or len(items) > MAX_MESSAGES
        ):
            lost += not items.popleft().used
        return lost

    def take(self) -> list[Arrival]:
        """Take what makes a sample, oldest first; a window's messages stay for the next one too.

        Raises:
            LookupError: No message waits.
        """
        if not self._fresh:
            raise LookupError("no message waits in this buffer")
        self._fresh = False
        taken = list(self._items)
        for item in taken:
            item.used = True
        if self._window == 0.0:
            self._items.clear()
        return taken

    def discard(self, arrival: Arrival) -> None:
        """Throw out a message that cannot be decoded, wherever it is."""
        if arrival in self._items:
            self._items.remove(arrival)
            self._fresh = self._fresh and bool(self._items)

    def clear(self) -> None:
        """Throw out everything."""
        self._items.clear()
        self._fresh = False
