"""Where the text of ~/markers stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

HEIGHT = 1.0
"""Metres above the origin of the sensor's frame."""

OPTICAL = frozenset({"image", "thermal"})
"""Modalities whose messages have optical frames (sensor_msgs/Image): x right, y down, z forward."""


class MarkerPlace(NamedTuple):
    """A place above a sensor.

    Attributes:
        frame_id: The sensor's frame.
        position: x, y and z in it, metres.
    """

    frame_id: str
    position: tuple[float, float, float]


def marker_place(frames: Sequence[str], modalities: Sequence[str]) -> MarkerPlace:
    """Return the place above the first sensor that has a frame.

    The newest sensor would not do: the text would jump from one sensor to another.

    Args:
        frames: N names, in the order of the parameter `sensors`; '' for a sensor without a frame,
            such as a text.
        modalities: N names.
    """
    for frame, modality in zip(frames, modalities, strict=True):
        if frame:
            optical = modality in OPTICAL or "optical" in frame.lower()
            return MarkerPlace(frame, (0.0, -HEIGHT, 0.0) if optical else (0.0, 0.0, HEIGHT))
    return MarkerPlace("", (0.0, 0.0, HEIGHT))
