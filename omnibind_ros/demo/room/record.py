"""What was said and done in a story."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from .script import Event

KEPT = 200_000
"""Results that are kept: about two hours."""


@dataclass(frozen=True)
class Result:
    """A result of the perception node.

    Attributes:
        at: When it arrived, seconds on a clock that never jumps.
        label: The best label; empty: there was none.
        known: Whether it is known.
        sensors: Names of the sensors used.
        contradicting: Names of the sensors that contradict the others.
    """

    at: float
    label: str
    known: bool
    sensors: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """The arrival at an object, or the departure from it.

    Attributes:
        at: When, seconds on the same clock.
        object_id: The object; empty: there is none, on the way to the next or at the end.
    """

    at: float
    object_id: str


@dataclass(frozen=True)
class Done:
    """An event that took place.

    Attributes:
        event: The event.
        place: Of the object in the story.
        begin: When it had been done, seconds on the same clock.
        end: When it began to be undone, or the teaching had ended.
        message: What the node answered to a teaching.
        success: Whether it was taught.
    """

    event: Event
    place: int
    begin: float
    end: float
    message: str = ""
    success: bool = True


@dataclass
class RoomRecord:
    """Collects a story. One thread appends to each list; others read when the story is over."""

    results: deque[Result] = field(default_factory=lambda: deque(maxlen=KEPT))
    arrivals: list[Arrival] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)

    def visits(self) -> list[Arrival]:
        """Return the arrivals at objects."""
        return [arrival for arrival in list(self.arrivals) if arrival.object_id]

    def on_result(self, result: Result) -> None:
        """Take a result."""
        self.results.append(result)

    def on_object(self, at: float, object_id: str) -> None:
        """Take an arrival; the same object twice is one arrival."""
        if not self.arrivals and not object_id:
            return  # the robot has not begun
        if not self.arrivals or self.arrivals[-1].object_id != object_id:
            self.arrivals.append(Arrival(at, object_id))
            self.began.set()
