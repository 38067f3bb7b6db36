"""Files of shapes: meshes become points on their surface.

Shapes of ModelNet40 and ShapeNet have no unit. They are moved to the origin and scaled so that the
bounding box's diagonal is `DIAGONAL` metres, which items note as meta['scale'] = 'nominal'. For
real sizes, or views from one side only, the simulator can load the mesh; its path below the set's
folder is meta['mesh'].
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npy
from omnibind_ros.datasets.errors import SkipError

from .files import shown

POINTS = 2048
DIAGONAL = 1.0

Points = npt.NDArray[np.float32]

Y_UP = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
"""Turns a shape whose y points up so that z does."""


def normalise(points: npt.NDArray[np.floating], what: str, *, y_up: bool = False) -> Points:
    """Bring points to the middle of the frame and to the nominal size.

    Args:
        points: [N, 3 or more]; further columns, such as normals, are ignored.
        what: The file, for the error.
        y_up: Whether y points up; in the result z does.

    Returns:
        float32 [N, 3], nominal metres; the bounding box's middle is the origin, its diagonal 1.

    Raises:
        SkipError: These are no points of a shape.
    """
    if points.ndim != 2 or points.shape[1] < 3 or not len(points):
        raise SkipError(what, "the file holds no list of points")
    xyz = np.asarray(points[:, :3], np.float64)
    if not np.isfinite(xyz).all():
        raise SkipError(what, "the points hold values that are no numbers")
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    diagonal = float(np.linalg.norm(high - low))
    if diagonal <= 0:
        raise SkipError(what, "all points are one")
    xyz = (xyz - (low + high) / 2) * (DIAGONAL / diagonal)
    if y_up:
        xyz = xyz @ np.array(Y_UP).T
    return xyz.astype(np.float32)


def load_mesh_points(path: Path, count: int = POINTS, *, y_up: bool = False) -> Points:
    """Sample points on the surface of a mesh, evenly by area.

    The random numbers follow from the file's name, so that the same file gives the same points.

    Args:
        path: OFF, OBJ, STL or PLY. Headers such as 'OFF490 518 0', which ModelNet40 has in many
            files, are understood.
        count: How many.
        y_up: Whether the mesh's y points up; in the result z does.

    Returns:
        float32 [count, 3], nominal metres.

    Raises:
        SkipError: The file is missing, no mesh, or has no surface.
    """
    import trimesh  # noqa: PLC0415 - takes longer than all else of the readers

    if not path.is_file():
        raise SkipError(shown(path), "the mesh is missing")
    try:
        mesh = trimesh.load(path, force="mesh", skip_materials=True, process=False)
        area = float(mesh.area)
    # trimesh's parsers raise many types of errors; only this file is left out.
    except Exception as error:
        raise SkipError(shown(path), "the mesh cannot be read") from error
    if not np.isfinite(area) or area <= 0:
        raise SkipError(shown(path), "the mesh has no surface")
    seed = zlib.crc32("/".join(path.parts[-4:]).encode())
    points, _ = trimesh.sample.sample_surface(mesh, count, seed=np.random.default_rng(seed))
    return normalise(np.asarray(points), shown(path), y_up=y_up)


def load_npy_points(path: Path) -> Points:
    """Read points from a .npy file [N, 3 or more].

    Raises:
        SkipError: The file is missing or holds no points.
    """
    try:
        points = read_npy(path.read_bytes())
    except DAMAGED_ARCHIVE as error:
        raise SkipError(shown(path), "the file is no array of points") from error
    return normalise(np.asarray(points), shown(path))


def load_h5_points(path: Path, index: int) -> Points:
    """Read one shape of an HDF5 file's 'data' [M, N, 3].

    Raises:
        SkipError: The file is missing, or holds no such shape.
    """
    import h5py  # noqa: PLC0415 - optional: only this layout needs it

    what = f"{shown(path)}#{index}"
    try:
        with h5py.File(path, "r") as file:
            points = file["data"][index]
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise SkipError(what, "the file holds no such shape") from error
    # In this edition of ModelNet40, y points up.
    return normalise(np.asarray(points), what, y_up=True)
