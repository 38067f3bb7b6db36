"""Bounds what is kept of sensors: names come and go for weeks."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Protocol, TypeVar

MOST_SENSORS = 100
"""Sensors of which something is kept, also while they are not there."""


class Dated(Protocol):
    """What is kept of a sensor.

    Attributes:
        time: When it was seen last, seconds.
    """

    time: float


Record = TypeVar("Record", bound=Dated)


def keep_newest(records: MutableMapping[str, Record], present: int) -> None:
    """Remove the records that were not seen for the longest time, if there are too many.

    Args:
        records: By the sensor's name.
        present: How many sensors there are now; so many stay, or `MOST_SENSORS` if that is more.
    """
    most = max(MOST_SENSORS, present)
    if len(records) > most:
        oldest = sorted(records, key=lambda name: records[name].time)
        for name in oldest[: len(records) - most]:
            del records[name]
