"""Which part of a sensor's pictures is encoded: its parameter `roi`, or for a moment ~/roi."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from omnibind_ros.sensors.region import Box, Region, picture_size

NO_PICTURE = (
    "its messages are no pictures of which a part could be encoded; name an image, thermal, touch "
    "or event sensor that is encoded on this computer"
)
"""Why a sensor has no region of interest."""


class SensorRegion:
    """The region of interest of one sensor. The engine's lock guards it.

    Attributes:
        refused: Number of boxes that could not be used.
    """

    def __init__(self) -> None:
        """Create it without a box."""
        self.refused = 0
        self._box: Box | None = None
        self._until = -math.inf

    def refuse(self, problem: str) -> str:
        """Count a box that cannot be used, and return why."""
        self.refused += 1
        return problem

    def set(self, box: Box | None, now: float, age: float, max_age: float) -> str:
        """Take a box, which counts in place of the parameter until it is older than max_age.

        Args:
            box: In pixels of the sensor's pictures; None: the parameter counts again.
            now: Monotonic time, seconds.
            age: Seconds since the picture was taken in which the box was found.
            max_age: The sensor's, seconds.

        Returns:
            Why it cannot be used, one sentence; '' if it can.
        """
        if box is not None and min(box.width, box.height) <= 0:
            return self.refuse(
                f"the region of interest has {box.width} x {box.height} pixels; give a width and a "
                "height, or width 0 for the whole picture"
            )
        if age > max_age:
            return self.refuse(
                f"the region of interest is {age:.2f} s old, older than the sensor's max_age of "
                f"{max_age:g} s, so it is not used; send it sooner or raise max_age"
            )
        self._box, self._until = box, now - age + max_age
        return ""

    def find(
        self,
        sample: Any,
        parameter: Sequence[float],
        now: float,
        full_size: tuple[int, int] | None = None,
    ) -> tuple[Region | None, str]:
        """Return the part of a picture that is to be encoded.

        Args:
            sample: A picture-like sample, see `picture_size`.
            parameter: The sensor's parameter `roi`: four shares, or nothing.
            now: Monotonic time, seconds.
            full_size: Width and height of the picture in the message, pixels, where the sample is
                smaller; None: that of the sample.

        Returns:
            The region, None for the whole picture; and one sentence if the box cannot be used, ''
            otherwise. Such a box is counted and dropped.
        """
        problem = ""
        if self._box is not None and now <= self._until:
            box, size = self._box, full_size or picture_size(sample)
            region = box.region(*size)
            if region is not None:
                return region, ""
            problem = self.refuse(
                f"the region of interest of {box.width} x {box.height} pixels at ({box.x}, "
                f"{box.y}) lies outside the picture of {size[0]} x {size[1]} pixels, so it is not "
                "used; send it in pixels of the sensor's own picture"
            )
        self._box = None
        return (Region.of(parameter) if parameter else None), problem
