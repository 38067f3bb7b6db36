"""A camera behind a gel pad, of the GelSight and DIGIT kind, that is pressed on an object.

Parallel rays from the pad give the height map of the surface under it; the substances' micro-relief
(tactile/relief.py) is laid over it; the gel and its picture are in tactile/gel.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .objects.substances import SUBSTANCES
from .scene.ray_casting import Scene, nearest
from .tactile.gel import Heights, Pixels, TouchSettings, press, shade
from .tactile.relief import micro_relief

HEIGHT, WIDTH = 120, 160
"""Rows and columns of the picture."""

_REACH = 0.01
"""How far before the surface the pad comes from, in metres."""
_GAP = -0.005
"""Height of what the pad cannot reach, in metres."""


@dataclass(frozen=True, eq=False)
class Touch:
    """A contact.

    Attributes:
        image: Gel image, uint8 [120, 160, 3], RGB.
        reference: The same sensor's image before the contact.
        substance: What is touched.
        depth: How deep the pad sank in, in metres.
        contact: Share of the pad that touches.
    """

    image: Pixels
    reference: Pixels
    substance: str
    depth: float
    contact: float


def render_touch(
    scene: Scene,
    point: ArrayLike,
    normal: ArrayLike,
    settings: TouchSettings,
    rng: np.random.Generator,
) -> Touch:
    """Press the pad on a point of an object.

    Args:
        scene: The object.
        point: Where on its surface, in metres, [3].
        normal: The surface's outward normal there, [3].
        settings: The pad and how it is pressed.
        rng: Source of chance: micro-relief and noise.

    Returns:
        The contact.
    """
    heights, materials = height_map(scene, point, normal, settings)
    pitch = settings.width / WIDTH
    middle = _middle(materials)
    names = [material.substance for material in scene.model.materials]
    substance = names[middle] if middle >= 0 else "plastic"
    relief = np.zeros_like(heights)
    for name in dict.fromkeys(names[index] for index in np.unique(materials) if index >= 0):
        mask = np.isin(materials, [i for i, each in enumerate(names) if each == name])
        drawn = micro_relief(SUBSTANCES[name].texture, heights.shape, pitch, rng)
        relief[mask] = drawn[mask]
    pressed, depth, contact = press(heights + relief, pitch, settings)
    return Touch(
        image=shade(pressed, pitch, settings, rng),
        reference=shade(np.zeros_like(pressed), pitch, settings, rng),
        substance=substance,
        depth=depth,
        contact=contact,
    )


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
        Heights towards the pad in metres, float64 [120 / step, 160 / step], and materials'
        numbers, int32, -1 where the pad meets nothing.
    """
    across, down, out = _frame(np.asarray(normal, float), settings)
    pitch = settings.width / WIDTH
    x = (np.arange(0, WIDTH, step) - (WIDTH - 1) / 2) * pitch
    y = (np.arange(0, HEIGHT, step) - (HEIGHT - 1) / 2) * pitch
    plane = x[None, :, None] * across + y[:, None, None] * down
    origins = np.asarray(point, float) + _REACH * out + plane.reshape(-1, 3)
    directions = np.broadcast_to(-out, origins.shape)
    hits = nearest(scene, origins.astype(np.float32), directions.astype(np.float32))
    heights = np.maximum(_REACH - hits.distance.astype(float), _GAP)
    materials = np.where(heights > _GAP, hits.materials, -1)
    shape = y.size, x.size
    return heights.reshape(shape), materials.reshape(shape).astype(np.int32)


def _middle(materials: NDArray[np.int32]) -> int:
    """Return the material in the pad's middle, or the commonest where that is a gap."""
    middle = int(materials[HEIGHT // 2, WIDTH // 2])
    found = materials[materials >= 0]
    return int(np.bincount(found).argmax()) if middle < 0 and found.size else middle


def _frame(normal: NDArray[np.float64], settings: TouchSettings) -> NDArray[np.float64]:
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
