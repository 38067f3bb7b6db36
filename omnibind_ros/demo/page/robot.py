"""What the page asks of the robot; `nodes/view_client.py` does it over ROS."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """What came of a request.

    Attributes:
        done: Whether it was done.
        sentence: What was done, or why not and what to do.
    """

    done: bool
    sentence: str


class Robot(Protocol):
    """Takes the requests of the page; each has a time limit, and none raises an exception."""

    async def plug(self, sensor: str, plugged: bool) -> Answer:
        """Plug a sensor in or pull its plug."""
        ...

    async def let_lie(self, sensor: str, lying: bool) -> Answer:
        """Let a sensor of the simulated robot show another object, or end that."""
        ...

    async def say(self, sentence: str) -> Answer:
        """Publish a sentence."""
        ...

    async def set_labels(self, labels: list[str]) -> Answer:
        """Replace the labels."""
        ...

    async def list_labels(self) -> Answer:
        """List the labels in use, in a sentence."""
        ...

    async def teach(self, label: str, seconds: float) -> Answer:
        """Learn a label from what the sensors show for some seconds."""
        ...
