"""Simple solids of which parametric models are made: boxes, cylinders, solids of revolution.

All lengths are in metres; z is up, and a solid stands on z = 0 where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import trimesh
from trimesh import creation, transformations

SECTIONS = 48
"""Sides of what is round."""

Mesh = Any
"""A trimesh.Trimesh; the library has no types."""


def moved(mesh: Mesh, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
    """Move a mesh, and return it."""
    mesh.apply_translation([x, y, z])
    return mesh


def turned(mesh: Mesh, axis: Sequence[float]) -> Mesh:
    """Turn a mesh by a quarter about an axis through the origin, and return it."""
    mesh.apply_transform(transformations.rotation_matrix(np.pi / 2, axis))
    return mesh


def block(deep: float, wide: float, high: float) -> Mesh:
    """Return a box; deep along x, wide along y."""
    return moved(creation.box((deep, wide, high)), z=high / 2)


def rod(radius: float, high: float) -> Mesh:
    """Return an upright cylinder."""
    return moved(creation.cylinder(radius, high, sections=SECTIONS), z=high / 2)


def globe(radius: float) -> Mesh:
    """Return a sphere."""
    return moved(creation.icosphere(3, radius), z=radius)


def revolved(*profile: tuple[float, float]) -> Mesh:
    """Return the solid of revolution of a profile of radius and height, from axis to axis."""
    return creation.revolve(np.array(profile, np.float64), sections=SECTIONS)


def vessel(foot: float, brim: float, high: float, wall: float) -> Mesh:
    """Return an open vessel with straight sides, its radii at foot and brim."""
    inside = max(foot - wall, 1e-3)
    return revolved((0, 0), (foot, 0), (brim, high), (brim - wall, high), (inside, wall), (0, wall))


def ring(radius: float, thickness: float, x: float, z: float) -> Mesh:
    """Return an upright ring in the plane of x and z, as a handle is, around (x, 0, z)."""
    torus = creation.torus(radius, thickness, major_sections=32, minor_sections=12)
    return moved(turned(torus, (1, 0, 0)), x=x, z=z)


def legs(deep: float, wide: float, high: float, thickness: float) -> list[Mesh]:
    """Return four legs in the corners of a rectangle."""
    return [
        moved(block(thickness, thickness, high), x=x * (deep - thickness), y=y * (wide - thickness))
        for x in (-0.5, 0.5)
        for y in (-0.5, 0.5)
    ]


def cushion(deep: float, wide: float, high: float, rng: np.random.Generator) -> Mesh:
    """Return a filled bag, thin at its upper and lower edge, with small dents."""
    mesh = creation.icosphere(4, 1.0)
    corners = np.asarray(mesh.vertices)
    corners = corners / np.sum(corners**4, axis=1, keepdims=True) ** 0.25
    corners[:, 0] *= 1 - 0.75 * np.abs(corners[:, 2]) ** 3
    corners = corners * np.array([deep, wide, high]) / 2 + rng.normal(0, 0.002, corners.shape)
    mesh.vertices = corners
    return moved(mesh, z=high / 2)


def bent_rod(radius: float, thickness: float, angle: float) -> Mesh:
    """Return a curved rod, thinner at its ends, that lies on z = 0; angle in radians."""
    parts = []
    for turn in np.linspace(-angle / 2, angle / 2, 24):
        thick = thickness * float(np.sqrt(max(1 - (2 * turn / angle) ** 4, 0.08)))
        ball = creation.icosphere(2, thick)
        x, y = radius * (np.cos(turn) - 1), radius * np.sin(turn)
        parts.append(moved(ball, x=float(x), y=float(y), z=thickness))
    return trimesh.util.concatenate(parts)
