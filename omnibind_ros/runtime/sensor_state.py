"""A snapshot of one sensor."""

from __future__ import annotations

from dataclasses import dataclass

from .presence import Presence


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
        reason: What is wrong, one sentence; empty if nothing is.
        stamp_ns: Stamp of the newest message, nanoseconds.
        frame_id: Frame of the newest message.
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
    reason: str
    stamp_ns: int
    frame_id: str
