"""Point clouds: sensor_msgs/PointCloud2 of any layout to arrays of x, y and z."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Doubt, Doubtful, Issue, NoEvidenceError, RejectedSampleError, SensorType
from .point_axes import FEW, guess_axes
from .point_filters import (
    MAX_COORDINATE,
    Cloud,
    Column,
    Mask,
    PointsOptions,
    contradiction,
    nearest_cluster,
    thinned,
    within,
    without_ground,
    without_outliers,
)

MAX_POINTS = 1_000_000
"""About how many points of a message are read at most, evenly spaced, since more take too long."""

NO_RETURN = 0.1
"""Distance from the origin within which a point whose field `range` is 0 is no return, metres.

Some LiDARs add the position of the laser, a few centimetres, to each point.
"""

FAR = 100.0
"""Metres; a cloud with no point nearer, and wider than twice as much, is hardly in metres."""

NEGATED = {"z_forward": (False, True, True), "z_backward": (True, True, False)}
"""Which of z, x and y change their sign where they become x forward, y left and z up."""

DATATYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
"""NumPy type by datatype of a sensor_msgs/PointField."""


def _axes(msg: Any) -> dict[str, tuple[int, np.dtype[Any]]]:
    """Return offset and type of x, y and z, and of `range` where it can be used."""
    fields = {str(field.name): field for field in reversed(msg.fields)}
    missing = [axis for axis in "xyz" if axis not in fields]
    if missing:
        there = ", ".join(list(fields)[::-1][:20]) or "none"
        raise RejectedSampleError(
            f"the cloud has no field {' or '.join(missing)} (there are: {there[:200]}); publish "
            "x, y and z in metres"
        )
    axes = {}
    order = ">" if msg.is_bigendian else "<"
    for axis in "xyz":
        field = fields[axis]
        kind = DATATYPES.get(int(field.datatype))
        if kind is None:
            raise RejectedSampleError(
                f"field {axis} has datatype {int(field.datatype)}, which sensor_msgs/PointField "
                "does not define; publish FLOAT32 (7)"
            )
        dtype = np.dtype(order + kind)
        offset = int(field.offset)
        if offset + dtype.itemsize > int(msg.point_step):
            raise RejectedSampleError(
                f"field {axis} ends at byte {offset + dtype.itemsize} but point_step is "
                f"{int(msg.point_step)}; check the driver's fields and point_step"
            )
        axes[axis] = (offset, dtype)
    ranges = fields.get("range")
    kind = DATATYPES.get(int(ranges.datatype)) if ranges is not None else None
    if ranges is not None and kind is not None:
        dtype = np.dtype(order + kind)
        if int(ranges.offset) + dtype.itemsize <= int(msg.point_step):
            axes["range"] = (int(ranges.offset), dtype)
    return axes


def _row_step(msg: Any, size: int) -> int:
    """Return the bytes from row to row.

    Drivers give row_step as 0, in points, or for the whole cloud. These are taken where the rows
    follow each other without padding and fill the data.
    """
    height, width, step = int(msg.height), int(msg.width), int(msg.row_step)
    row = width * int(msg.point_step)
    if step >= row and size >= step * (height - 1) + row:  # the last row often has no padding
        return step
    filled = size == row * height or (height == 1 and size >= row)
    if filled and step in (0, width, width * height, row * height):
        return row
    if 0 < step < row:
        raise RejectedSampleError(
            f"row_step is {step} bytes but {width} points of {int(msg.point_step)} bytes need "
            f"{row}; check the driver's row_step"
        )
    raise RejectedSampleError(
        f"the cloud has {size} bytes but height x row_step is {height * (step or row)}; check the "
        "driver's height, width and row_step"
    )


def _columns(msg: Any) -> Cloud:
    """Return x, y, z and, where there is one, range, float32 [3 or 4, N], N about `MAX_POINTS`."""
    height, width, size = int(msg.height), int(msg.width), len(msg.data)
    if height < 1 or width < 1:
        raise NoEvidenceError(f"the sensor sees nothing: the cloud has {width} x {height} points")
    axes = _axes(msg)
    step = _row_step(msg, size)
    data = np.frombuffer(msg.data, np.uint8)
    every = -(-height * width // MAX_POINTS)
    across = min(every, width)
    down = -(-every // across)
    shape = len(axes), -(-height // down), -(-width // across)
    columns = np.empty(shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # float64 may not fit: infinite, left out
        for column, (offset, dtype) in zip(columns, axes.values(), strict=True):
            view = np.ndarray((height, width), dtype, data, offset, (step, int(msg.point_step)))
            column[...] = view[::down, ::across]
    return columns.reshape(len(axes), -1)


def _largest(columns: Cloud) -> Column:
    """Return the largest absolute coordinate of each point, 0 for no return; float32 [N]."""
    far, size = np.abs(columns[0]), np.empty_like(columns[0])
    for column in columns[1:3]:
        np.maximum(far, np.abs(column, out=size), out=far)  # NaN stays
    for ranges in columns[3:]:
        far[(ranges == 0) & (far < NO_RETURN)] = 0
    return far


def _returns(columns: Cloud) -> Mask | None:
    """Return which points are plausible and returns, bool [N]; None if all are.

    Raises:
        RejectedSampleError: All returns are beyond `MAX_COORDINATE`.
        NoEvidenceError: There is no return.
    """
    if (
        len(columns) == 3
        and np.minimum.reduce(columns, axis=None) >= -MAX_COORDINATE  # not so if NaN
        and np.maximum.reduce(columns, axis=None) <= MAX_COORDINATE
    ):
        origin = columns[0] == 0
        for column in columns[1:]:
            if not origin.any():
                return None
            origin &= column == 0
        if not origin.any():
            return None
    far = _largest(columns)
    returns = (far > 0) & (far <= MAX_COORDINATE)
    if not returns.any():
        raise _nothing(far)
    return None if returns.all() else returns


def _nothing(far: Column) -> Exception:
    """Return the error for a cloud without a plausible point."""
    finite = far[np.isfinite(far)]
    distant = finite[finite > 0]
    if distant.size:
        return RejectedSampleError(
            f"each of the cloud's {distant.size} returns has a coordinate beyond "
            f"{MAX_COORDINATE:g} m, the nearest {distant.min():.4g} m; check the driver's unit and "
            "set the sensor's scale, which is 0.001 for millimetres"
        )
    return NoEvidenceError(
        f"the sensor sees nothing: {far.size - finite.size} of the cloud's {far.size} points are "
        f"not finite and {finite.size} lie at the origin, which means no return"
    )


def _doubtful_unit(columns: Cloud) -> tuple[Doubt, ...]:
    """Return the doubt whether a cloud is in metres."""
    x, y, z = map(abs, columns[:3, columns.shape[1] // 2].tolist())
    if 0 < max(x, y, z) <= FAR:  # mostly one point is enough
        return ()
    far = _largest(columns)
    there = np.isfinite(far) & (far > 0)
    if np.count_nonzero(there) < FEW:
        return ()
    near = float(np.percentile(far[there], 0.5))  # a few points fly
    if near <= FAR or np.ptp(columns[:3, there], axis=1).max() <= 2 * FAR:
        return ()
    return (
        Doubt(
            Issue.UNIT_GUESSED,
            f"metres were taken, although hardly a point is nearer than {near:.0f} m and some are "
            f"at {float(far[there].max()):.0f} m; set the sensor's scale, which is 0.001 for "
            "millimetres",
        ),
    )


def decode_points(msg: Any, options: PointsOptions | None = None) -> Cloud | Doubtful:
    """Return the points of a sensor_msgs/PointCloud2.

    Args:
        msg: Anything with header.frame_id, height, width, fields (name, offset, datatype),
            is_bigendian, point_step, row_step and data. x, y and z may be of any type and at any
            offset, points and rows may be padded.
        options: The unit, the axes and the filters.

    Returns:
        float32 [N, 3], metres, x forward, y left and z up, with the sensor at the origin; N is at
        least 1. Points that are not finite, not plausible or no return, at (0, 0, 0), are left out,
        and those that the options remove. `Doubtful` where the axes or the unit are guessed; see
        `guess_axes`.

    Raises:
        RejectedSampleError: No x, y or z, sizes that contradict each other, all points beyond
            `MAX_COORDINATE`, limits that contradict each other, or an option that needs Open3D
            where it is not installed.
        NoEvidenceError: No points, no returns, or none that the options leave.
    """
    options = options or PointsOptions()
    columns = _columns(msg)
    if options.scale != 1.0:
        with np.errstate(over="ignore", invalid="ignore"):
            columns[:3] *= np.float32(options.scale)
    returns = _returns(columns)
    doubts = _doubtful_unit(columns) if options.scale == 1.0 else ()
    x, y, z = columns[:3] if returns is None else (column[returns] for column in columns[:3])
    kind = options.axes
    if kind == "auto":
        frame = str(msg.header.frame_id)
        axes = guess_axes(x, y, z, frame, returns, organised=int(msg.height) > 1)
        kind = axes.kind
        doubts += (axes.doubt,) if axes.doubt is not None else ()

    keep = within(x, y, z, options)
    points = np.empty((x.size if keep is None else np.count_nonzero(keep), 3), np.float32)
    filters = options.voxel > 0 or {options.ground, options.outliers, options.cluster} != {"none"}
    at_once = kind != "x_forward" and not filters  # a copy less
    for axis, column in enumerate((z, x, y) if at_once else (x, y, z)):
        values = column if keep is None else column[keep]
        if at_once and NEGATED[kind][axis]:
            np.negative(values, out=points[:, axis])
        else:
            points[:, axis] = values
    if filters and len(points):
        points = _filtered(points, options)
    if not len(points):
        raise _nothing_left(options, x.size, float(np.abs((x, y, z)).max(axis=0).min()))
    if kind != "x_forward" and not at_once:
        points = points.take([2, 0, 1], axis=1)
        np.negative(points, out=points, where=NEGATED[kind])
    return Doubtful(points, doubts) if doubts else points


def _filtered(points: Cloud, options: PointsOptions) -> Cloud:
    if options.voxel > 0:
        points = thinned(points, options.voxel)
    if options.ground == "plane":
        points = without_ground(points, options.ground_distance)
    if options.outliers != "none":
        points = without_outliers(points, options.outliers, options.outlier_radius)
    if options.cluster == "nearest":
        points = nearest_cluster(points, options.cluster_distance)
    return points


def _nothing_left(options: PointsOptions, count: int, nearest: float) -> Exception:
    """Return the error for a cloud of which the options leave nothing."""
    limits = contradiction(options)
    if limits:
        return RejectedSampleError(
            f"no point can be left, since {limits} of the sensor's options exclude each other; set "
            "them so that the smaller is below the larger"
        )
    return NoEvidenceError(
        f"the sensor sees nothing that its options leave: its limits or filters removed all "
        f"{count} returns, the nearest of which has {nearest:.3g} m as its largest coordinate"
    )


SENSOR_TYPES = (
    SensorType(
        "points",
        "sensor_msgs/msg/PointCloud2",
        decode_points,
        options=PointsOptions,
        discover=("points", "cloud", "pointcloud", "lidar", "velodyne", "ouster", "livox"),
    ),
)
