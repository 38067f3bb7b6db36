"""Presence: whether a sensor's topic has a publisher, and how old its newest sample is."""

from __future__ import annotations

from enum import IntEnum

UNKNOWN_PUBLISHERS = -1
"""Number of publishers before the first report."""


class Presence(IntEnum):
    """State of a sensor; the numbers are those of omnibind_msgs/SensorStatus."""

    ABSENT = 0
    STALE = 1
    FRESH = 2
    FAULT = 3


def presence(publishers: int, age: float, max_age: float, fault: bool) -> Presence:
    """Return a sensor's presence.

    Args:
        publishers: Publishers matched with the subscription, or `UNKNOWN_PUBLISHERS`.
        age: Seconds since the newest sample was taken; infinite before the first.
        max_age: Seconds after which a sample is stale.
        fault: Whether the sensor's samples cannot be used.
    """
    if publishers == 0 or (publishers == UNKNOWN_PUBLISHERS and age > 10 * max_age):
        return Presence.ABSENT
    if fault:
        return Presence.FAULT
    return Presence.FRESH if age <= max_age else Presence.STALE
