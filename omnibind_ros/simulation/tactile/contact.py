"""Where a robot touches an object that it sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.simulation.scene.camera import Camera, View
from omnibind_ros.simulation.scene.ray_casting import Scene, nearest

from .height_map import height_map
from .settings import TouchSettings

_TRIES = 6
_LEAST = 0.04
"""Smallest share of the pad that should touch."""
_AT_EDGES = 0.35
"""Share of the contacts that look for edges, rims and handles, of which there is more to feel than
of a flat face."""
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

    Six places are drawn evenly over the visible part of the object, and the pad is held at each.
    Two thirds of the contacts are at the first of them, the others at the one where the least of
    the pad would touch; where less than 4% would, it is none of these. Where all are such, it is
    the one where most would touch.

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
    shares = np.empty(_TRIES)
    for number, place in enumerate(places):
        heights, _ = height_map(scene, seen.points[place], seen.normals[place], settings, step=4)
        shares[number] = (heights > heights.max() - _LEVEL).mean()
    good = np.flatnonzero(shares >= _LEAST)
    at_edge = rng.random() < _AT_EDGES
    if not len(good):
        best = places[int(shares.argmax())]
    else:
        best = places[good[int(shares[good].argmin()) if at_edge else 0]]
    point, normal = (values[best].astype(float) for values in (seen.points, seen.normals))
    return Contact(point, normal, int(seen.materials[best]))
