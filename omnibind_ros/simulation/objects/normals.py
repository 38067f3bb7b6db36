"""Normals of meshes, smooth but for sharp edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CREASE = 45.0
"""Angle between two faces, degrees, from which the edge between them is sharp."""

MAX_VALENCE = 48
"""Where more faces meet, as at the pole of a sphere, each keeps its own normal."""


def corner_normals(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Compute the normal at each triangle's corners.

    It is the mean, weighted by area, over the faces that meet at that place and lie within
    `CREASE` of the triangle's own.

    Args:
        vertices: float64 [V, 3]; vertices at one place count as one.
        triangles: int64 [T, 3], none without an area.

    Returns:
        float32 [T, 3, 3].
    """
    corners = vertices[triangles]
    weighted = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    unit = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)

    # Corners at one place, one after the other.
    place = _places(vertices)[triangles].reshape(-1)
    order = np.argsort(place, kind="stable")
    counts = np.bincount(place)
    counts = counts[counts > 0]
    starts = np.cumsum(counts) - counts

    normals = np.repeat(unit, 3, axis=0)
    meets = (counts > 1) & (counts <= MAX_VALENCE)
    for valence in np.unique(counts[meets]):
        # All places where that many faces meet, at once.
        group = order[starts[counts == valence][:, None] + np.arange(valence)]
        faces = group // 3
        near = np.einsum("pik,pjk->pij", unit[faces], unit[faces]) > np.cos(np.radians(CREASE))
        mean = np.einsum("pij,pjk->pik", near.astype(np.float64), weighted[faces])
        length = np.linalg.norm(mean, axis=2, keepdims=True)
        normals[group] = np.where(length > 0, mean / np.maximum(length, 1e-300), unit[faces])
    return normals.reshape(-1, 3, 3).astype(np.float32)


def _places(vertices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the places that vertices lie at: those within a millionth of the size are one."""
    step = max(float(np.ptp(vertices, axis=0).max()), 1e-9) * 1e-6
    cells = np.round((vertices - vertices.min(axis=0)) / step).astype(np.int64)
    key = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    return np.unique(key, return_inverse=True)[1].reshape(-1)
