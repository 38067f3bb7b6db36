"""What happens to the robot in the scripted story, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SECONDS, APPROACH = 4.5, 1.5
"""Seconds that the robot looks at each object, and that it drives to it."""

LEAD_IN = 3.0
"""Seconds before the first object, with a free pad."""

TAUGHT = "my thing"
"""The label that is taught."""

Kind = Literal["teach", "unplug", "lie"]


@dataclass(frozen=True)
class Event:
    """Something that is done to the robot while it looks at an object.

    Attributes:
        kind: Teaching a label, pulling a plug, or letting a sensor show another object.
        sensor: The sensor; empty: all.
        begin: Seconds after the arrival at the object.
        end: Seconds after the arrival at which it is undone; of a teaching, how long it takes.
    """

    kind: Kind
    sensor: str
    begin: float
    end: float

    @property
    def name(self) -> str:
        """What it is called in figures."""
        return {
            "teach": "after teaching",
            "unplug": f"without {self.sensor}",
            "lie": f"{self.sensor} lies",
        }[self.kind]


def _pull(sensor: str) -> Event:
    return Event("unplug", sensor, 1.5, 3.5)


EVENTS = (
    Event("teach", "", 1.5, 2.5),
    _pull("image"),
    Event("lie", "image", 0.0, SECONDS - 0.1),
    _pull("text"),
    _pull("touch"),
    _pull("thermal"),
    _pull("event"),
    _pull("points"),
    _pull("audio"),
    Event("lie", "text", 0.0, SECONDS - 0.1),
)
"""The story: one event an object. A short one has the first of them."""


def object_count(duration: float) -> int:
    """Return how many objects a story of that many seconds has, at most one for each event."""
    return max(0, min(int((duration - LEAD_IN) / (APPROACH + SECONDS) + 1e-9), len(EVENTS)))
