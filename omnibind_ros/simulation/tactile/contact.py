"""Where a robot touches an object that it sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.simulation.scene.camera import Camera, View
from omnibind_ros.simulation.scene.ray_casting import Scene, nearest

from .gel import TouchSettings
from .height_map import height_map

_TRIES = 6
_ENOUGH = 0.15
"""Share of the pad that should touch."""
_LEVEL = 1e-3
"""Depth below the highest point that counts as touching, metres."""


class Contact(NamedTuple):
    """A place on an object's surface.

    Attributes:
        point: In metres, object frame, float64 [3].
        normal: Outward, unit, float64 [3].
        material: Its number.
    """

    point: NDArray[np.float64]
    normal: NDArray[np.float64]
    material: int


def find_contact(
    scene: Scene, view: View, settings: TouchSettings, rng: np.random.Generator
) -> Contact:
    """Choose a place that can be seen and pressed.

    Up to six places are drawn evenly over the visible part of the object. The first is taken where
    15% of the pad would touch; otherwise the one where most of it would.

    Args:
        scene: The object.
        view: From where it is seen.
        settings: The pad.
        rng: Random generator.

    Raises:
        ValueError: Nothing of the object is visible.
    """
    rays = Camera(view, 48, 48).directions()
    seen = nearest(scene, np.asarray(view.position, np.float32), rays)
    places = np.flatnonzero(seen.hit)
    if not len(places):
        raise ValueError(
            f"nothing of {scene.model.object_id} is seen from {view.position}: move the sensor."
        )
    places = rng.choice(places, _TRIES)
    best, most = places[0], -1.0
    for place in places:
        heights, _ = height_map(scene, seen.points[place], seen.normals[place], settings, step=4)
        share = float((heights > heights.max() - _LEVEL).mean())
        if share > most:
            best, most = place, share
        if share > _ENOUGH:
            break
    point, normal = (values[best].astype(float) for values in (seen.points, seen.normals))
    return Contact(point, normal, int(seen.materials[best]))
