"""Point clouds: sensor_msgs/PointCloud2 of any layout to arrays of x, y and z."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError, SensorType
from .point_filters import (
    PointsOptions,
    forward,
    plausible,
    thinned,
    without_ground,
    without_outliers,
)

MAX_POINTS = 1_000_000
"""About how many points of a message are read at most, evenly spaced, since more take too long."""

DATATYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
"""NumPy type by datatype of a sensor_msgs/PointField."""


def _axes(msg: Any) -> dict[str, tuple[int, np.dtype[Any]]]:
    """Return offset and type of x, y and z; other fields are ignored."""
    fields = {str(field.name): field for field in reversed(msg.fields)}
    missing = [axis for axis in "xyz" if axis not in fields]
    if missing:
        there = ", ".join(list(fields)[::-1][:20]) or "none"
        raise RejectedSampleError(
            f"the cloud has no field {' or '.join(missing)} (there are: {there[:200]}); publish "
            "x, y and z in metres"
        )
    axes = {}
    for axis in "xyz":
        field = fields[axis]
        kind = DATATYPES.get(int(field.datatype))
        if kind is None:
            raise RejectedSampleError(
                f"field {axis} has datatype {int(field.datatype)}, which sensor_msgs/PointField "
                "does not define; publish FLOAT32 (7)"
            )
        dtype = np.dtype(kind).newbyteorder(">" if msg.is_bigendian else "<")
        offset = int(field.offset)
        if offset + dtype.itemsize > int(msg.point_step):
            raise RejectedSampleError(
                f"field {axis} ends at byte {offset + dtype.itemsize} but point_step is "
                f"{int(msg.point_step)}; check the driver's fields and point_step"
            )
        axes[axis] = (offset, dtype)
    return axes


def _columns(msg: Any) -> list[npt.NDArray[np.float32]]:
    """Return x, y and z, float32 [N] each, of at most about `MAX_POINTS` points."""
    height, width = int(msg.height), int(msg.width)
    if height < 1 or width < 1:
        raise RejectedSampleError(
            f"the cloud is empty ({width} x {height} points); check that the sensor sees anything"
        )
    axes = _axes(msg)
    point = int(msg.point_step)
    step = int(msg.row_step) or width * point
    if step < width * point:
        raise RejectedSampleError(
            f"row_step is {step} bytes but {width} points of {point} bytes need {width * point}; "
            "check the driver's row_step"
        )
    data = np.frombuffer(msg.data, np.uint8)
    # The padding of the last row is often missing.
    if data.size < step * (height - 1) + width * point:
        raise RejectedSampleError(
            f"the cloud has {data.size} bytes but height x row_step is {height * step}; "
            "check the driver's height, width and row_step"
        )
    every = -(-height * width // MAX_POINTS)
    across = min(every, width)
    down = -(-every // across)
    columns = []
    with np.errstate(over="ignore", invalid="ignore"):  # float64 may not fit: infinite, left out
        for offset, dtype in axes.values():
            view = np.ndarray((height, width), dtype, data, offset, (step, point))
            columns.append(view[::down, ::across].astype(np.float32).reshape(-1))
    return columns


def decode_points(msg: Any, options: PointsOptions | None = None) -> npt.NDArray[np.float32]:
    """Return the points of a sensor_msgs/PointCloud2.

    Args:
        msg: Anything with header.frame_id, height, width, fields (name, offset, datatype),
            is_bigendian, point_step, row_step and data. x, y and z may be of any type and at any
            offset, points and rows may be padded.
        options: The filters.

    Returns:
        float32 [N, 3], metres, x forward, y left and z up, with the sensor at the origin; N is at
        least 1. Points that are not finite or not plausible are left out, and those that the
        options remove.

    Raises:
        RejectedSampleError: No x, y or z, sizes that contradict each other, no points, or an option
            that needs Open3D where it is not installed.
    """
    options = options or PointsOptions()
    x, y, z = _columns(msg)
    keep = plausible(x, y, z, options)
    count = np.count_nonzero(keep)
    points = np.empty((count, 3), np.float32)
    for axis, column in enumerate((x, y, z)):
        points[:, axis] = column if count == column.size else column[keep]
    if count and options.voxel > 0:
        points = thinned(points, options.voxel)
    if count and options.ground == "plane":
        points = without_ground(points, options.ground_distance)
    if count and options.outliers != "none":
        points = without_outliers(points, options.outliers, options.outlier_radius)
    if not len(points):
        raise RejectedSampleError(
            f"none of the cloud's {x.size} points is left ({x.size - count} are not finite, too "
            "far or outside the limits); check the sensor, and the options of this one"
        )
    return forward(points, str(msg.header.frame_id), options)


SENSOR_TYPES = (
    SensorType(
        "points",
        "sensor_msgs/msg/PointCloud2",
        decode_points,
        options=PointsOptions,
        discover=("points", "cloud", "pointcloud", "lidar", "velodyne", "ouster", "livox"),
    ),
)
