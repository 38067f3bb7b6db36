"""The radiance that reaches a camera's pixels.

One soft key light with shadows, and ambient light from above and below that is dimmed in crevices
(ambient occlusion: Akenine-Moeller et al., Real-Time Rendering, 4th ed., chapter 11). What surfaces
reflect of it is in shading.py.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.scene.camera import Camera
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.scene.surroundings import Surroundings

from .light import Light, to_linear
from .shading import irradiance, surface_light, through_panes

BRIGHTEST = 3.0
"""Largest radiance, in units of a white wall's: sensors saturate."""


def radiance(
    scene: Scene,
    camera: Camera,
    surroundings: Surroundings,
    light: Light,
    rng: np.random.Generator,
) -> Floats:
    """Compute the light that reaches each pixel, one ray a pixel.

    Returns:
        float32 [height, width, 3], linear RGB, 1 for a white wall in full light.
    """
    origin = np.asarray(camera.view.position, np.float32)
    directions = camera.directions()
    picture = np.empty((camera.height * camera.width, 3), np.float32)

    shape = (camera.height, camera.width)
    rows, columns = camera.box(scene.mesh.vertices)
    window = np.zeros(shape, bool)
    window[rows, columns] = True
    inside = np.flatnonzero(window)
    opaque = scene.cast(origin, directions[inside])
    far, planes = surroundings.trace(origin, directions)
    solid = inside[opaque.hit & (opaque.distance < far[inside])]
    hits = opaque.select(opaque.hit & (opaque.distance < far[inside]))

    behind = np.ones(len(directions), bool)
    behind[solid] = False
    ground = np.flatnonzero(behind & (planes >= 0))
    heaven = np.flatnonzero(behind & (planes < 0))
    # Daylight is dimmed to the brightness of rooms, so that one exposure shows both.
    beyond = surroundings.view_out if surroundings.hole else surroundings.sky_colour
    picture[heaven] = to_linear(beyond(directions[heaven]))

    points = origin + far[ground, None] * directions[ground]
    normals = np.asarray([surface.normal for surface in surroundings.surfaces], np.float32)
    facing = normals[planes[ground]]
    shadow, open_sky = _visibility(scene, light, points, facing, ground, shape, rng)
    spacing = far[ground] / camera.focal
    albedo = to_linear(surroundings.colours(planes[ground], points, spacing))
    picture[ground] = albedo * irradiance(light, facing, shadow, open_sky)

    if len(solid):
        shadow, open_sky = _visibility(scene, light, hits.points, hits.normals, solid, shape, rng)
        picture[solid] = surface_light(
            scene, surroundings, light, hits, directions[solid], shadow, open_sky
        )
    if scene.transparent.any():
        nearest = np.minimum(far[inside], np.where(opaque.hit, opaque.distance, np.inf))
        panes = scene.cast(origin, directions[inside], transparent=True)
        front = panes.hit & (panes.distance < nearest)
        seen = inside[front]
        picture[seen] = through_panes(
            scene, surroundings, light, panes.select(front), directions[seen], picture[seen]
        )
    return np.minimum(picture, BRIGHTEST).reshape(*shape, 3)


def _visibility(
    scene: Scene,
    light: Light,
    points: Floats,
    normals: Floats,
    pixels: NDArray[np.intp],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return the shares of the key light and of the ambient light that reach points.

    One ray a point for each (interleaved sampling, Keller and Heidrich 2001): the pixels of a
    small block use different directions, and an average over the block has no noise.

    Returns:
        Both 0..1, float32 [N].
    """
    size = float(np.linalg.norm(scene.model.size))
    start = points + normals * (1e-3 * size)
    middle, radius = scene.extent
    row, column = np.divmod(pixels, shape[1])
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]

    sun = np.asarray(light.direction, np.float32)
    towards = sun + light.softness * _directions(16, turn)[4 * (row % 4) + column % 4]
    lit = _near_ray(start, towards, middle, radius)
    lit &= (normals @ sun) > 0
    shadow = np.zeros(len(points), np.float32)
    shadow[lit] = scene.occluded(start[lit], towards[lit])

    # Crevices are dimmed smoothly: half the pixels are enough. Sums of a unit vector and the
    # normal are distributed by the cosine law.
    chosen = (row + column) % 2 == 0
    around = _directions(32, turn)[4 * (row % 8) + (column // 2) % 4] + normals
    near = _near_ray(start, around, middle, radius) & chosen
    closed = np.zeros(len(points), np.float32)
    closed[near] = scene.occluded(start[near], around[near], 0.6 * size)

    everywhere = np.ones(len(points), np.float32)
    shadow = _average(shadow, everywhere, pixels, shape, (4, 4))
    closed = _average(closed, chosen.astype(np.float32), pixels, shape, (8, 8))
    return 1 - shadow, 1 - closed


def _directions(count: int, turn: NDArray[np.float64]) -> Floats:
    """Return unit vectors spread evenly (a Fibonacci lattice), turned."""
    height = (2 * np.arange(count) + 1) / count - 1
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    radius = np.sqrt(1 - height**2)
    lattice = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    return np.asarray(lattice @ turn, np.float32)


def _near_ray(start: Floats, towards: Floats, middle: Floats, radius: float) -> NDArray[np.bool_]:
    """Return which rays pass through a sphere, bool [N]."""
    to_middle = middle - start
    along = np.einsum("ij,ij->i", to_middle, towards)
    length = np.einsum("ij,ij->i", towards, towards)
    along = np.maximum(along, 0) / np.maximum(length, 1e-12)
    gap = to_middle - along[:, None] * towards
    return np.asarray(np.einsum("ij,ij->i", gap, gap) < radius**2)


def _average(
    values: Floats,
    weight: Floats,
    pixels: NDArray[np.intp],
    shape: tuple[int, int],
    block: tuple[int, int],
) -> Floats:
    """Average over neighbouring pixels of the same set, in blocks of so many columns and rows."""
    planes = np.zeros((*shape, 2), np.float32)
    flat = planes.reshape(-1, 2)
    flat[pixels, 0] = values * weight
    flat[pixels, 1] = weight
    blurred = cv2.blur(planes, block).reshape(-1, 2)[pixels]
    return np.asarray(blurred[:, 0] / np.maximum(blurred[:, 1], 1e-6), np.float32)
