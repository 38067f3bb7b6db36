"""The light in a scene, and the conversion of colours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.scene.camera import View


@dataclass(frozen=True)
class Light:
    """The light in a scene.

    Attributes:
        direction: Unit vector towards the key light (lamp, window or sun), object frame.
        key: Its strength and colour, linear RGB; 1 makes a white surface that faces it white.
        softness: Divergence of its rays from `direction`, radians.
        above: Ambient light from above, linear RGB.
        below: Ambient light from below.
        lamps: Whether the object's own bulbs are on.
    """

    direction: tuple[float, float, float]
    key: tuple[float, float, float]
    softness: float
    above: tuple[float, float, float]
    below: tuple[float, float, float]
    lamps: bool


def draw_light(view: View, outdoors: bool, rng: np.random.Generator) -> Light:
    """Draw light as people switch it on: from above, and not from behind the object."""
    azimuth = math.radians(view.azimuth + float(rng.uniform(-90, 90)))
    elevation = math.radians(float(rng.uniform(30, 75)))
    direction = (
        math.cos(elevation) * math.cos(azimuth),
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
    )
    share = float(rng.uniform(0.45, 0.75) if outdoors else rng.uniform(0.25, 0.65))
    warm = float(rng.uniform(-0.04, 0.10))
    tint = np.array([1 + warm, 1.0, 1 - warm])
    red, green, blue = (share * tint).tolist()
    level = 1 - 0.8 * share
    sky = level * np.array([0.95, 1.0, 1.08]) if outdoors else level * tint[::-1] ** 0.3
    bounce = level * float(rng.uniform(0.35, 0.65))
    above = (float(sky[0]), float(sky[1]), float(sky[2]))
    softness = 0.01 if outdoors else float(rng.uniform(0.03, 0.15))
    return Light(
        direction,
        (red, green, blue),
        softness,
        above,
        (bounce, bounce, bounce),
        bool(rng.random() < 0.5),
    )


def to_linear(colour: NDArray[np.floating]) -> Floats:
    """Turn sRGB into linear light, both 0..1 (IEC 61966-2-1)."""
    colour = np.asarray(colour, np.float32)
    return np.where(
        colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** np.float32(2.4)
    ).astype(np.float32)


def to_srgb(linear: NDArray[np.floating]) -> Floats:
    """Turn linear light into sRGB, both 0..1 (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1).astype(np.float32)
    return np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear ** np.float32(1 / 2.4) - 0.055
    ).astype(np.float32)
