"""The height map of a surface under a gel pad, from parallel rays."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omnibind_ros.simulation.scene.ray_casting import Scene, nearest

from .settings import Heights, TouchSettings

_REACH = 0.01
"""Distance from the surface at which rays begin, in metres."""

_GAP = -0.005
"""Height of what the pad cannot reach, in metres."""


def height_map(
    scene: Scene, point: ArrayLike, normal: ArrayLike, settings: TouchSettings, step: int = 1
) -> tuple[Heights, NDArray[np.int32]]:
    """Cast parallel rays from the pad on the surface.

    Args:
        scene: The object.
        point: Where the pad's middle comes to lie, in metres, [3].
        normal: The surface's outward normal there, [3].
        settings: The pad's size, tilt and turn.
        step: Pixels from one ray to the next.

    Returns:
        Heights towards the pad in metres, float64 [rows / step, columns / step], and materials'
        numbers, int32, -1 where the pad meets nothing.
    """
    across, down, out = _axes(np.asarray(normal, float), settings)
    rows, columns, pitch = settings.rows, settings.columns, settings.pitch
    x = (np.arange(0, columns, step) - (columns - 1) / 2) * pitch
    y = (np.arange(0, rows, step) - (rows - 1) / 2) * pitch
    plane = x[None, :, None] * across + y[:, None, None] * down
    origins = np.asarray(point, float) + _REACH * out + plane.reshape(-1, 3)
    directions = np.broadcast_to(-out, origins.shape)
    hits = nearest(scene, origins.astype(np.float32), directions.astype(np.float32))
    heights = np.maximum(_REACH - hits.distance.astype(float), _GAP)
    materials = np.where(heights > _GAP, hits.materials, -1)
    shape = y.size, x.size
    return heights.reshape(shape), materials.reshape(shape).astype(np.int32)


def _axes(normal: NDArray[np.float64], settings: TouchSettings) -> NDArray[np.float64]:
    """Return the pad's axes: across its picture, down its picture, and out of the surface."""
    out = normal / np.linalg.norm(normal)
    other = np.eye(3)[int(np.argmin(np.abs(out)))]
    first = np.cross(out, other)
    first /= np.linalg.norm(first)
    second = np.cross(out, first)
    way = math.cos(settings.tilt_towards) * first + math.sin(settings.tilt_towards) * second
    out = math.cos(settings.tilt) * out + math.sin(settings.tilt) * way
    first -= out * (first @ out)
    first /= np.linalg.norm(first)
    second = np.cross(out, first)
    across = math.cos(settings.turn) * first + math.sin(settings.turn) * second
    return np.stack([across, np.cross(out, across), out])
