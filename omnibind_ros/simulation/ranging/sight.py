"""What of an object a range sensor sees: edges, patches without returns, and boxes beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.scene.ray_casting import Scene

Mask = NDArray[np.bool_]


def find_edges(
    on_object: Mask, distance: Floats, shape: tuple[int, int], step: float
) -> tuple[Mask, Floats]:
    """Find the rays beside which there is something farther.

    Args:
        on_object: Which rays hit the object, bool [H * W].
        distance: Of what each ray hits, metres, inf for nothing, float32 [H * W].
        shape: H and W of the grid of rays.
        step: Difference of distance that is an edge, metres.

    Returns:
        Which rays hit an edge of the object, bool [H * W]; and the distance of what is behind it,
        metres, float32 [H * W].
    """
    grid = np.where(np.isfinite(distance), distance, 1e4).astype(np.float32).reshape(shape)
    behind = grid.copy()
    for axis in range(2):
        ahead, after = np.moveaxis(behind, axis, 0), np.moveaxis(grid, axis, 0)
        ahead[1:] = np.maximum(ahead[1:], after[:-1])
        ahead[:-1] = np.maximum(ahead[:-1], after[1:])
    return on_object & (behind > grid + step).reshape(-1), behind.reshape(-1)


def in_sight(
    local: Floats, on_object: Mask, patches: Sequence[float], cut: float, rng: np.random.Generator
) -> Mask:
    """Draw which rays are in the picture and not in a patch without returns.

    Args:
        local: Directions right, down and forward, float32 [N, 3].
        on_object: Which rays hit the object, bool [N].
        patches: Radii of the patches, as shares of the object's angle.
        cut: Share of the object's rays that are out of the picture, at one side.
        rng: Random generator.

    Returns:
        bool [N].
    """
    seen = np.ones(len(local), bool)
    there = np.flatnonzero(on_object)
    if not there.size or not (patches or cut):
        return seen
    places = local[:, :2] / np.maximum(local[:, 2:], 1e-3)
    extent = float(np.ptp(places[there], axis=0).max())
    for radius in patches:
        middle = places[rng.choice(there)]
        seen &= np.linalg.norm(places - middle, axis=1) > radius * extent
    if cut:
        angle = rng.uniform(0, 2 * np.pi)
        along = places @ np.array([np.cos(angle), np.sin(angle)], np.float32)
        seen &= along <= np.quantile(along[there], 1 - cut)
    return seen


def neighbour_distances(
    scene: Scene,
    sizes: Sequence[float],
    origin: Floats,
    directions: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return the distances of boxes that stand beside the object, by the slab method.

    Kay and Kajiya, Ray Tracing Complex Scenes (1986).

    Args:
        scene: The object, which stands at z = 0.
        sizes: Longest sides of the boxes, as shares of the object's diagonal.
        origin: Of the rays, float32 [3].
        directions: float32 [N, 3].
        rng: Random generator.

    Returns:
        float32 [N], metres, inf where there is no box.
    """
    nearest = np.full(len(directions), np.inf, np.float32)
    diagonal = float(np.linalg.norm(scene.model.size))
    half = float(np.linalg.norm(scene.model.size[:2])) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / directions
    for size in sizes:
        extents = size * diagonal * rng.uniform(0.4, 1.0, 3)
        away = half + float(np.linalg.norm(extents[:2])) / 2 + diagonal * rng.uniform(0.02, 0.6)
        angle = rng.uniform(0, 2 * np.pi)
        middle = np.array([away * np.cos(angle), away * np.sin(angle), extents[2] / 2])
        with np.errstate(invalid="ignore"):
            low = (middle - extents / 2 - origin).astype(np.float32) * inverse
            high = (middle + extents / 2 - origin).astype(np.float32) * inverse
        enter = np.nan_to_num(np.minimum(low, high), nan=-np.inf).max(axis=1)
        leave = np.nan_to_num(np.maximum(low, high), nan=np.inf).min(axis=1)
        hit = (enter > 0) & (enter < leave)
        nearest[hit] = np.minimum(nearest[hit], enter[hit])
    return nearest
