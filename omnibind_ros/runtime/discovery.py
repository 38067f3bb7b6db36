"""Which topics that appear are sensors: decided by their type and the words of their name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorType

NO_SENSORS = ("depth", "disparity", "mask", "overlay", "debug", "embedding")
"""Words in the names of topics that look like sensors by their type and are none."""


def match(topic: str, message: str, kinds: Iterable[SensorType]) -> SensorType | None:
    """Return the sensor type that a topic is, None if its name does not tell.

    A thermal camera and a tactile pad send images too, and `/thermal/image_raw` says both words:
    the students' words are the more special ones, so they count first.

    Args:
        topic: Full name.
        message: Type, three parts.
        kinds: The sensor types that are known.
    """
    words = topic.lower()
    if any(word in words for word in NO_SENSORS):
        return None
    found = [
        kind
        for kind in kinds
        if kind.message == message and any(word in words for word in kind.discover)
    ]
    return min(found, key=lambda kind: MODALITIES[kind.modality].teacher, default=None)


def sensor_name(topic: str, taken: Collection[str]) -> str:
    """Return a sensor name for a topic: `/front/image` becomes `front_image`.

    Args:
        topic: Full name.
        taken: Names in use.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", topic).strip("_")[-48:].strip("_") or "sensor"
    if not name[0].isalpha():
        name = f"sensor_{name}"
    number = 2
    unique = name
    while unique in taken:
        unique = f"{name}_{number}"
        number += 1
    return unique
