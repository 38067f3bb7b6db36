"""The frames in which robots give clouds: the sensor's, level ones, and that of the base."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.scene.camera import View

PITCH = 45.0
"""Largest angle between a sensor's axis and the line of sight, degrees."""

TABLES = (0.4, 1.1)
"""Heights of tables above the floor, metres."""


@dataclass(frozen=True)
class PointFrame:
    """A frame with x forward, y left and z up.

    Attributes:
        kind: The frame of a sensor; a level one at the sensor; or that of a robot's base, level and
            on the floor below the sensor.
        pitch: How far the sensor looks above the object, degrees; 0 in other frames.
        yaw: How far it looks to the left of the object, degrees, in any frame.
        ahead: How far the sensor is before the base's origin, metres.
        height: Height of the sensor above the base's origin, metres.
    """

    kind: Literal["sensor", "level", "base"] = "sensor"
    pitch: float = 0.0
    yaw: float = 0.0
    ahead: float = 0.0
    height: float = 0.0

    @staticmethod
    def draw(view: View, where: str, rng: np.random.Generator) -> PointFrame:
        """Draw a frame: the sensor's in half of the samples.

        Args:
            view: Position and direction of the sensor.
            where: Where the object stands or hangs, as `mount` says.
            rng: Random generator.
        """
        chance, table = rng.random(), float(rng.uniform(*TABLES))
        pitch, yaw = float(rng.uniform(-PITCH, PITCH)), float(rng.normal(0, 15))
        ahead = float(rng.uniform(-0.2, 0.4))
        if chance < 0.5:
            return PointFrame("sensor", pitch, yaw)
        if chance < 0.7:
            return PointFrame("level", 0.0, yaw)
        height = view.position[2] + (table if where == "table" else 0.0)
        return PointFrame("base", 0.0, yaw, ahead, height)

    def of(self, points: Floats, view: View) -> Floats:
        """Return points of the sensor that looks along the line of sight in this frame.

        Args:
            points: float32 [N, 3], metres, x along the line of sight, y left, z up.
            view: Position and direction of that sensor.

        Returns:
            float32 [N, 3], metres.
        """
        forward, left, up = view.rotation[:, 2], -view.rotation[:, 0], -view.rotation[:, 1]
        if self.kind == "sensor":
            turn = _about_y(math.radians(self.pitch))
        else:
            heading = math.atan2(forward[1], forward[0])
            turn = _about_z(-heading) @ np.stack([forward, left, up], axis=1)
        turn = _about_z(-math.radians(self.yaw)) @ turn
        shift = np.array([self.ahead, 0.0, self.height]) if self.kind == "base" else np.zeros(3)
        return np.asarray(points @ turn.T + shift, np.float32)


def _about_z(angle: float) -> Floats:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)


def _about_y(angle: float) -> Floats:
    """Return the rotation that lowers x by an angle: what a sensor sees that looks above it."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
