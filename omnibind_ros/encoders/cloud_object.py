"""The object in a cloud: without its support, without what is far from it, seen from the sensor.

A range sensor sees the floor or table that an object stands on, and what is behind it. The encoder
knows single objects, so the others are cut out first. All lengths are relative to the cloud's size.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats

Cloud = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FEWEST = 32
"""Points below which nothing is cut."""

TRIED = 400
"""Triples of points that are tried as planes; those that are too steep are left out at once."""

LOOKED_AT = 256
"""Points that a plane is tested with."""

STEEPEST = 0.45
"""Least vertical component of a support's normal: the sensor is pitched by 60 degrees at most.

Doors, screens and fronts of cupboards are steeper: what sticks out of them stands on nothing.
"""

LEVEL = 0.9
"""Vertical component of a normal from which a plane counts as level, whatever the frame's origin.

The sensor, which is at the origin of a tilted frame, is above a support; the front of a box that it
looks down at is not, since the sensor and the rest of the box are on different sides of it.
"""

TOLERANCE = 0.015
"""Distance up to which points belong to a plane at first, as a share of the cloud's size."""

TOLERANCES = (0.004, 0.025)
"""Limits of three standard deviations of a plane's noise, as shares of the cloud's size."""

SHARE = 0.12
"""Least share of the points that a support has."""

ABOVE = 0.03
"""Least share of the points that stands on a support."""

BELOW = 0.05
"""Largest share of the points below a support: a support hides what is below it."""

SECTORS = 8
AROUND = 5
"""In this many of `SECTORS` directions a support must reach farther than what stands on it.

The seat of a sofa and the keyboard of a computer do not.
"""

BEYOND = 0.1
"""How much farther, as a share of the radius of what stands on it."""

CELLS = (4, 20)
"""Fewest and most cells along the longest side of a cloud, by which neighbours are found."""

NEAR = 0.2
"""Gap up to which a cluster belongs to the main one, as a share of the main one's size."""

MOST_CLUSTERS = 12

INSIDE = 0.5
"""A cloud whose centroid is nearer to the origin than this share of its radius lies around it."""


class Plane(NamedTuple):
    """A plane normal . x = offset.

    Attributes:
        normal: float64 [3], unit, z not negative.
        offset: In metres.
        tolerance: Distance up to which points belong to it, metres.
    """

    normal: npt.NDArray[np.float64]
    offset: float
    tolerance: float

    def heights(self, points: Cloud) -> Floats:
        """Return the signed distances of points [N, 3] from the plane, metres, float32 [N]."""
        return points @ self.normal.astype(np.float32) - np.float32(self.offset)


def cut_out(points: Cloud) -> Cloud:
    """Return the object of a cloud.

    Far clusters are removed; then the support, if there is one; then what was connected by it.

    Args:
        points: float32 [N, 3], m, z up or upwards (a sensor pitched by at most 60 degrees).

    Returns:
        float32 [M, 3], M <= N, in the same order; all points of a cloud of few.
    """
    points = _those(points, main_cluster(points))
    plane = find_support(points)
    if plane is None:
        return points
    above = _those(points, plane.heights(points) > plane.tolerance)
    return _those(above, main_cluster(above))


def _those(points: Cloud, mask: Mask) -> Cloud:
    """Return points[mask], five times as fast."""
    return points if mask.all() else points.take(np.flatnonzero(mask), axis=0)


def find_support(points: Cloud) -> Plane | None:
    """Find the floor or table that the object of a cloud stands on, by RANSAC.

    Fischler and Bolles, Random Sample Consensus (1981). A support is a plane that is not steep,
    with a share of the points at least, on which something stands, below which there is nothing
    and which reaches beyond what stands on it on most sides. A table top or a book alone is none:
    nothing stands on it.

    Args:
        points: float32 [N, 3], m.

    Returns:
        The plane; None if there is none. The same points give the same plane.
    """
    if len(points) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(points), LOOKED_AT)
    some = np.asarray(points[chosen] if len(points) > LOOKED_AT else points, np.float64)
    size = _size(some)
    if not size > 0:
        return None
    first, second, third = some[rng.integers(0, len(some), (3, TRIED))]
    normals = np.cross(second - first, third - first)
    lengths = np.sqrt(np.einsum("ij,ij->i", normals, normals))
    level = np.abs(normals[:, 2]) >= STEEPEST * np.maximum(lengths, 1e-12 * size * size)
    level &= lengths > 1e-4 * size * size
    if not level.any():
        return None
    normals = normals[level] / np.copysign(lengths, normals[:, 2])[level, None]
    offsets = np.einsum("ij,ij->i", normals, first[level])
    tolerance = TOLERANCE * size
    tilted = normals[:, 2] < LEVEL
    possible = ~tilted | (offsets < 0)
    if not possible.any():
        return None
    normals, offsets = normals[possible], offsets[possible]
    heights = normals.astype(np.float32) @ some.T.astype(np.float32)
    heights -= offsets[:, None].astype(np.float32)
    below = np.count_nonzero(heights < -2 * tolerance, axis=1)
    inside = np.count_nonzero(np.abs(heights) <= tolerance, axis=1)
    best = int(np.argmax(inside - 3 * below))
    plane = _refined(some, normals[best], float(offsets[best]), size)
    return plane if plane is not None and _supports(some, plane) else None


def _refined(
    points: npt.NDArray[np.float64], normal: npt.NDArray[np.float64], offset: float, size: float
) -> Plane | None:
    """Fit a plane to its points by least squares, twice, and measure its noise."""
    tolerance = TOLERANCE * size
    for _ in range(2):
        near = points[np.abs(points @ normal - offset) <= tolerance]
        if len(near) < max(3, SHARE * len(points)):
            return None
        middle = near.mean(axis=0)
        normal = np.linalg.eigh((near - middle).T @ (near - middle))[1][:, 0]
        normal = normal if normal[2] >= 0 else -normal
        offset = float(middle @ normal)
        spread = 1.4826 * float(np.median(np.abs(near @ normal - offset)))
        tolerance = float(np.clip(3 * spread, TOLERANCES[0] * size, TOLERANCES[1] * size))
    return Plane(normal, offset, tolerance) if normal[2] >= STEEPEST else None


def _supports(points: npt.NDArray[np.float64], plane: Plane) -> bool:
    """Return whether something stands on a plane, and the plane reaches beyond it."""
    heights = points @ plane.normal - plane.offset
    inside = np.abs(heights) <= plane.tolerance
    above, below = heights > 2 * plane.tolerance, heights < -2 * plane.tolerance
    count = len(points)
    if np.count_nonzero(inside) < SHARE * count or np.count_nonzero(below) > BELOW * count:
        return False
    if np.count_nonzero(above) < max(8, ABOVE * count):
        return False
    across = np.linalg.svd(plane.normal[None])[2][1:]
    flat, standing = points[inside] @ across.T, points[above] @ across.T
    middle = np.median(standing, axis=0)
    reach, radius = _reach(flat - middle), _reach(standing - middle)
    beyond = reach > radius + BEYOND * max(float(radius.mean()), 1e-9)
    return int(np.count_nonzero(beyond)) >= AROUND


def _reach(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far places [N, 2] reach in each sector, float64 [SECTORS]; 0 in an empty one."""
    sector = ((np.arctan2(places[:, 1], places[:, 0]) / (2 * np.pi) + 1) * SECTORS).astype(int)
    reach = np.zeros(SECTORS)
    np.maximum.at(reach, sector % SECTORS, np.linalg.norm(places, axis=1))
    return reach


def main_cluster(points: Cloud) -> Mask:
    """Find the main cluster of a cloud, and those that are near it.

    Points in cells that touch belong to one cluster. The main one has the most points for its
    distance: what is behind an object may be larger, as a wall is.

    Args:
        points: float32 [N, 3], m.

    Returns:
        bool [N]; all points of a cloud of few.
    """
    count = len(points)
    everything = np.ones(count, bool)
    if count < FEWEST:
        return everything
    columns = np.ascontiguousarray(points.T)
    low = [column.min() for column in columns]
    side = max(float(column.max() - least) for column, least in zip(columns, low, strict=True))
    if not side > 0:
        return everything
    fit = int(np.clip(math.sqrt(count) / 1.5, *CELLS))
    width = fit + 2  # an empty border all around
    place = np.zeros(count, np.int64)
    for column, least in zip(columns, low, strict=True):
        cell = np.minimum((column - least) * np.float32(fit / side), np.float32(fit - 0.5))
        place = place * width + (cell.astype(np.int64) + 1)
    filled = np.bincount(place, minlength=width**3)
    clusters = _clusters(filled, width)
    if len(clusters) == 1:
        return everything
    return _with_neighbours(points, [cluster[place] for cluster in clusters])


def _clusters(filled: npt.NDArray[np.int64], width: int) -> list[Mask]:
    """Return the connected parts of a grid, that of the fullest cell first.

    Sets of cells are the bits of an integer, so that a shift moves all of them at once.

    Args:
        filled: int64 [width ** 3], points in each cell; those of the border are empty.
        width: Cells along a side.

    Returns:
        bool [width ** 3] each; at most `MOST_CLUSTERS`.
    """
    left = int.from_bytes(np.packbits(filled > 0, bitorder="little").tobytes(), "little")
    occupied = np.flatnonzero(filled)
    size = -(-len(filled) // 8)
    clusters = []
    for seed in occupied[np.argsort(-filled[occupied], kind="stable")].tolist():
        if not left >> seed & 1:
            continue
        part, before = 1 << seed, 0
        while part != before:
            before = part
            for step in (1, width, width * width):
                part |= part << step | part >> step
            part &= left
        left &= ~part
        bits = np.frombuffer(part.to_bytes(size, "little"), np.uint8)
        clusters.append(np.unpackbits(bits, count=len(filled), bitorder="little").astype(bool))
        if not left or len(clusters) == MOST_CLUSTERS:
            break
    return clusters


def _with_neighbours(points: Cloud, masks: list[Mask]) -> Mask:
    """Return the mask of the main cluster and of those whose boxes are near its box."""
    parts = [_those(points, mask) for mask in masks]
    boxes = [(part.min(axis=0), part.max(axis=0)) for part in parts]
    centres = np.array([(low + high) / 2 for low, high in boxes], np.float64)
    away = np.linalg.norm(centres, axis=1)
    counts = np.array([len(part) for part in parts], np.float64)
    away = np.maximum(away, 0.5 * float(np.average(away, weights=counts)))
    main = int(np.argmax(counts / np.maximum(away, 1e-9) ** 2))
    low, high = boxes[main]
    reach = NEAR * float(np.linalg.norm(high - low))
    chosen = masks[main].copy()
    for mask, (least, most) in zip(masks, boxes, strict=True):
        gap = np.maximum(np.maximum(least - high, low - most), 0)
        if float(np.linalg.norm(gap)) <= reach:
            chosen |= mask
    return chosen


def face_sensor(points: Cloud) -> Cloud:
    """Turn a cloud about the origin so that its centroid lies on the x axis.

    So the cloud of a level sensor, that of a pitched one and that of a LiDAR with the object at its
    side are the same: what is seen along the line of sight. First z is turned, then y.

    Args:
        points: float32 [N, 3], m, in a frame whose origin is at the sensor, or near it.

    Returns:
        float32 [N, 3]; unchanged where the cloud lies around the origin, so that there is no line
        of sight.
    """
    middle = points.mean(axis=0, dtype=np.float64)
    away = float(np.linalg.norm(middle))
    radius = float(np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))
    if not away > INSIDE * radius:
        return points
    level = math.hypot(middle[0], middle[1])
    yaw = math.atan2(middle[1], middle[0]) if level > 1e-3 * away else 0.0
    pitch = math.atan2(middle[2], level)
    cos_yaw, sin_yaw, cos, sin = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    about_z = np.array([[cos_yaw, sin_yaw, 0], [-sin_yaw, cos_yaw, 0], [0, 0, 1]])
    about_y = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.asarray(points @ (about_y @ about_z).T.astype(np.float32), np.float32)


def _size(points: npt.NDArray[np.float64]) -> float:
    """Return the diagonal of the box around all points but the outermost."""
    low, high = np.percentile(points, (2, 98), axis=0)
    return float(np.linalg.norm(high - low))
