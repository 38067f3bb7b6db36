"""A snapshot of one sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

from omnibind_ros.sensors import GUESSES, Doubt, Issue

from .presence import Presence


def switched_off(name: str) -> str:
    """Return the reason, one sentence, of a sensor whose parameter `enabled` is false."""
    return f"it is switched off; set the parameter sensor.{name}.enabled to true to use it"


@dataclass(frozen=True)
class SensorState:
    """A snapshot of one sensor; names and units are those of omnibind_msgs/SensorStatus.

    Attributes:
        name: Name of the sensor.
        modality: Its modality.
        topic: Its topic.
        state: Its presence.
        rate: Messages per second, over the last two seconds.
        age: Seconds since the newest sample was taken; 0 before the first.
        latency: Seconds from taking the newest encoded sample to its embedding.
        received: Messages that arrived.
        encoded: Samples that were encoded.
        dropped: Messages that were replaced by newer ones before they were encoded.
        rejected: Messages that could not be decoded or encoded.
        left_out: Parts of its messages that are no data, such as words of padding.
        refused_regions: Regions of interest that could not be used.
        problem: What is wrong, one sentence; empty if nothing is.
        doubts: Why its readings may be wrong.
        stamp_ns: Stamp of the newest message, nanoseconds.
        frame_id: Frame of the newest message.
        required: Whether the node is ready only while the sensor is there.
        enabled: Whether its topic is subscribed to.
        max_age: Seconds after which a sample is stale.
        evidence_age: Seconds since the newest sample was taken that a worker has finished; infinite
            before the first.
    """

    name: str
    modality: str
    topic: str
    state: Presence
    rate: float
    age: float
    latency: float
    received: int
    encoded: int
    dropped: int
    rejected: int
    left_out: int
    refused_regions: int
    problem: str
    doubts: tuple[Doubt, ...]
    stamp_ns: int
    frame_id: str
    required: bool = False
    enabled: bool = True
    max_age: float = math.inf
    evidence_age: float = math.inf

    @property
    def reason(self) -> str:
        """What is wrong or doubtful, sentences joined by ' | '; empty if nothing is."""
        if not self.enabled:
            return switched_off(self.name)
        sentences = (self.problem, *(doubt.text for doubt in self.doubts))
        return " | ".join(dict.fromkeys(filter(None, sentences)))

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Kinds of the doubts, ascending."""
        return tuple(sorted({doubt.issue for doubt in self.doubts}))

    @property
    def needs_attention(self) -> bool:
        """Whether anything is wrong or doubtful other than that a parameter was guessed."""
        if not self.enabled:
            return False
        return bool(self.problem) or not GUESSES.issuperset(self.issues)
