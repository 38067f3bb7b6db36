"""Point clouds in bags: sensor_msgs/PointCloud2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError

from .base import MessageSource

TYPES = ("sensor_msgs/msg/PointCloud2",)

POINT_TYPES: dict[int, str] = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    8: "f8",
}
"""By sensor_msgs/PointField's datatype."""


def to_points(msg: Any, what: str) -> npt.NDArray[np.float32]:
    """Decode a sensor_msgs/PointCloud2.

    Args:
        msg: The message.
        what: Where it comes from, for the error.

    Returns:
        float32 [N, 3], metres, in the message's frame; points without a return are left out.

    Raises:
        SkipError: It has no x, y and z, fewer bytes than announced, or no point.
    """
    order = ">" if msg.is_bigendian else "<"
    fields = {field.name: field for field in msg.fields}
    if not {"x", "y", "z"} <= fields.keys():
        raise SkipError(what, "a point cloud has no fields x, y and z")
    dtype = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": [order + POINT_TYPES.get(fields[n].datatype, "f4") for n in "xyz"],
            "offsets": [int(fields[n].offset) for n in "xyz"],
            "itemsize": int(msg.point_step),
        }
    )
    data = np.asarray(msg.data, np.uint8)
    height, width, row = int(msg.height), int(msg.width), int(msg.row_step)
    row = row or width * dtype.itemsize
    if data.size < row * height or row < width * dtype.itemsize or not width * height:
        raise SkipError(what, "a point cloud has no points or fewer bytes than announced")
    rows = data[: row * height].reshape(height, row)[:, : width * dtype.itemsize]
    table = np.ascontiguousarray(rows).reshape(-1).view(dtype)
    points = np.stack([table[name].astype(np.float32) for name in "xyz"], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise SkipError(what, "a point cloud has no points or fewer bytes than announced")
    return points


def load(messages: Sequence[Any], source: MessageSource) -> npt.NDArray[np.float32]:
    """Return the last cloud, float32 [N, 3], metres; raises SkipError."""
    return to_points(messages[-1], source.name)
