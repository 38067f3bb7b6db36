"""Detects sensors that repeat one message: a thermal camera's shutter, a driver that hangs."""

from __future__ import annotations

from typing import Any

import numpy as np

from omnibind_ros.sensors import Doubt, Issue

from .buffer import Arrival

HEAD = 4096
"""Bytes that are compared first: messages that differ mostly do so in these."""


class FrozenDetector:
    """Compares each message of one sensor with the message before, byte for byte."""

    def __init__(self) -> None:
        """Create the detector of a sensor that has received nothing."""
        self._payload: Any = None
        self._first: Arrival | None = None

    def check(self, arrival: Arrival, payload: Any, after: float) -> tuple[Doubt, ...]:
        """Note a message; the age of one that is frozen counts from the first of the equal ones.

        Args:
            arrival: The message; its `taken` and `stamp_ns` become those of the first equal one.
            payload: See `SensorType.payload`.
            after: Seconds of equal messages from which the sensor is frozen; 0: never.

        Returns:
            That the sensor is frozen, if it is.
        """
        if payload is None or after <= 0.0:
            self._payload = self._first = None
            return ()
        if self._first is None or not _same(payload, self._payload):
            self._payload, self._first = payload, arrival
            return ()
        duration = arrival.taken - self._first.taken
        if duration < after:
            return ()
        arrival.taken, arrival.stamp_ns = self._first.taken, self._first.stamp_ns
        text = (
            f"frozen: the same bytes arrive since {duration:.1f} s, so the sensor measures "
            "nothing; check the camera and its driver, or set frozen_after to 0 for a still scene "
            "of a simulator"
        )
        return (Doubt(Issue.FROZEN, text),)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    first, second = memoryview(one).cast("B"), memoryview(other).cast("B")
    if len(first) != len(second) or bytes(first[:HEAD]) != bytes(second[:HEAD]):
        return False
    whole = len(first) // 8 * 8  # eight bytes at a time are compared twice as fast
    words = [np.frombuffer(part[:whole], np.uint64) for part in (first, second)]
    rest = bytes(first[whole:]) == bytes(second[whole:])
    return rest and np.array_equal(words[0], words[1])
