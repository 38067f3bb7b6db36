"""Point clouds: PCD, PLY and NumPy arrays as sensor_msgs/PointCloud2."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import Recording, Timed

from .pcd import read_pcd
from .ply import read_ply

CLOUD = "sensor_msgs/msg/PointCloud2"

_DATATYPES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}
"""Datatype of a sensor_msgs/PointField by NumPy's type."""


class Table(NamedTuple):
    """The points of a file.

    Attributes:
        points: Structured [N] with the fields x, y and z and perhaps more, scalars each.
        height: Rows, for a cloud with the order of a picture; 1 for others.
    """

    points: npt.NDArray[Any]
    height: int = 1


def open_cloud_file(path: Path, modality: str) -> Recording:
    """Open a PCD or PLY file.

    Raises:
        FileError: It cannot be read, or has no x, y and z.
    """
    try:
        points, height = (read_ply if path.read_bytes()[:3] == b"ply" else read_pcd)(path)
    except ValueError as error:
        raise error if isinstance(error, FileError) else FileError(path, str(error)) from error
    return cloud(path, Table(points, height), modality)


def array_table(path: Path, array: npt.NDArray[Any]) -> Table:
    """Return an array of points as a table.

    Args:
        path: The file, for errors.
        array: [N, 3 or more] or [H, W, 3 or more], x, y and z first; or structured.

    Raises:
        FileError: It holds no points.
    """
    if array.dtype.names is not None:
        return Table(array.reshape(-1), array.shape[0] if array.ndim == 2 else 1)
    shape = "x".join(map(str, array.shape))
    if array.ndim not in (2, 3) or array.shape[-1] < 3 or array.shape[-1] > 64:
        raise FileError(
            path,
            f"an array of {shape} holds no points; save x, y and z in metres, one row a point "
            "([N, 3] or [H, W, 3])",
        )
    if array.dtype.kind not in "fi":
        raise FileError(
            path,
            f"an array of {array.dtype} holds colours or counts, not coordinates; save x, y and z "
            "in metres as float32",
        )
    values = np.ascontiguousarray(array[..., :3], np.float64 if array.dtype.itemsize > 4 else "f4")
    kind = np.dtype([(name, values.dtype.newbyteorder("<")) for name in "xyz"])
    flat = values.reshape(-1, 3).astype(kind["x"])
    return Table(flat.view(kind).reshape(-1), array.shape[0] if array.ndim == 3 else 1)


def cloud(path: Path, table: Table, modality: str) -> Recording:
    """Return points as a recording of one message.

    Args:
        path: The file, for errors.
        table: The points.
        modality: The modality.

    Raises:
        FileError: x, y or z is missing, or there is no point.
    """
    points = table.points
    names = points.dtype.names or ()
    missing = [name for name in "xyz" if name not in names]
    if missing:
        raise FileError(
            path, f"it has no {', '.join(missing)} but only {', '.join(names)[:80]}; add x, y and z"
        )
    if not len(points):
        raise FileError(path, "it holds no points; record it anew")
    fields = []
    for name in names:
        kind, offset = points.dtype.fields[name][:2]  # type: ignore[index]
        datatype = _DATATYPES.get(kind.str[1:])
        if datatype is not None:
            fields.append(SimpleNamespace(name=name, offset=offset, datatype=datatype, count=1))
    big = points.dtype.fields["x"][0].str.startswith(">")  # type: ignore[index]
    width = len(points) // table.height
    step = points.dtype.itemsize
    message = SimpleNamespace(
        header=SimpleNamespace(frame_id=""),
        height=table.height,
        width=width,
        fields=fields,
        is_bigendian=big,
        point_step=step,
        row_step=step * width,
        data=np.ascontiguousarray(points).tobytes(),
    )
    return Recording(modality, CLOUD, [Timed(message)])
