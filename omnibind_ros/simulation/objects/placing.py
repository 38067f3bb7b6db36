"""Object models that are moved, and put together into one mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats

from .materials import Material
from .meshes import ObjectModel

QUARTERS = tuple(
    np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))
)
"""Turns to the left by 0, 90, 180 and 270 degrees, [3, 3]."""

WOOD = Material("wood", (0.62, 0.47, 0.33), 0.2, 1.0, None, "wood")
"""What tables are made of."""


def moved(model: ObjectModel, quarter: int, shift: Sequence[float]) -> ObjectModel:
    """Return a model that is turned to the left, and then moved; its bulbs are left out.

    Args:
        model: The model.
        quarter: Quarters of a turn.
        shift: Along x, y and z, metres.
    """
    turn = QUARTERS[quarter % 4]
    vertices = model.vertices @ turn.T + np.asarray(shift, np.float32)
    return replace(
        model,
        vertices=np.asarray(vertices, np.float32),
        normals=np.asarray(model.normals @ turn.T, np.float32),
        lights=(),
    )


def merged(model: ObjectModel, others: Sequence[ObjectModel]) -> ObjectModel:
    """Return one model of several; all but its mesh and materials is that of the first.

    Its triangles and materials are those of the first, then those of the others in their order.
    """
    parts = [model, *others]
    vertices = np.cumsum([0, *(len(each.vertices) for each in parts)])
    materials = np.cumsum([0, *(len(each.materials) for each in parts)])
    return replace(
        model,
        vertices=np.concatenate([each.vertices for each in parts]),
        triangles=np.concatenate(
            [
                each.triangles + np.uint32(first)
                for each, first in zip(parts, vertices, strict=False)
            ]
        ),
        normals=np.concatenate([each.normals for each in parts]),
        uv=np.concatenate([each.uv for each in parts]),
        material_ids=np.concatenate(
            [
                each.material_ids + np.int32(first)
                for each, first in zip(parts, materials, strict=False)
            ]
        ),
        materials=tuple(material for each in parts for material in each.materials),
    )


def table(depth: float, width: float, height: float) -> ObjectModel:
    """Return a table of a top and four legs.

    Args:
        depth: Along x, metres.
        width: Along y, metres.
        height: Of its top above the floor, metres.
    """
    top, leg = 0.03, 0.05
    boxes = [_box((-depth / 2, -width / 2, height - top), (depth / 2, width / 2, height))]
    boxes += [
        _box((x, y, 0.0), (x + leg, y + leg, height - top))
        for x in (-depth / 2, depth / 2 - leg)
        for y in (-width / 2, width / 2 - leg)
    ]
    corners = np.concatenate(boxes).reshape(-1, 3, 3)
    sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    count = len(corners)
    return ObjectModel(
        object_id="table",
        name="table",
        category="",
        vertices=np.asarray(corners.reshape(-1, 3), np.float32),
        triangles=np.arange(3 * count, dtype=np.uint32).reshape(-1, 3),
        normals=np.repeat(sides[:, None], 3, axis=1).astype(np.float32),
        uv=np.zeros((3 * count, 2), np.float32),
        material_ids=np.zeros(count, np.int32),
        materials=(WOOD,),
        licence="Apache-2.0",
        author="omnibind_ros",
    )


def _box(low: Sequence[float], high: Sequence[float]) -> Floats:
    """Return the corners of a box's twelve triangles, wound outwards, float32 [36, 3]."""
    ends: NDArray[np.float64] = np.array([low, high], np.float64)
    faces = []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for side in (0, 1):
            corners = np.empty((4, 3))
            corners[:, axis] = ends[side, axis]
            corners[:, first] = ends[[0, 1, 1, 0], first]
            corners[:, second] = ends[[0, 0, 1, 1], second]
            order = (0, 1, 2, 0, 2, 3) if side else (0, 2, 1, 0, 3, 2)
            faces.append(corners[list(order)])
    return np.asarray(np.concatenate(faces), np.float32)
