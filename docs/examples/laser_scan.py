"""A sensor type of one's own: sensor_msgs/LaserScan, a planar LiDAR, as modality points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter
from omnibind_ros.sensors import RejectedSampleError, SensorType


@dataclass
class LaserScanOptions:
    """Parameters under sensor.NAME. that only this sensor type has."""

    height: float = parameter(
        0.0, "Height of the scan's plane above the sensor's frame, m.", low=-10.0, high=10.0
    )


def decode_scan(msg: Any, options: LaserScanOptions) -> npt.NDArray[np.float32]:
    """Return the points of a scan.

    Args:
        msg: Anything with ranges, range_min, range_max [m], angle_min and angle_increment [rad].
        options: The sensor's parameters.

    Returns:
        float32 [N, 3], m: x forward, y left, z up, in the sensor's frame.

    Raises:
        RejectedSampleError: No range is between range_min and range_max.
    """
    ranges = np.asarray(msg.ranges, np.float32)
    good = np.isfinite(ranges) & (ranges >= msg.range_min) & (ranges <= msg.range_max)
    if not good.any():
        raise RejectedSampleError(
            f"none of the scan's {ranges.size} ranges is in {msg.range_min:g} .. "
            f"{msg.range_max:g} m; check the scanner's view and its limits"
        )
    angles = msg.angle_min + np.flatnonzero(good) * msg.angle_increment
    x, y = ranges[good] * np.cos(angles), ranges[good] * np.sin(angles)
    return np.stack([x, y, np.full(len(x), options.height)], axis=1).astype(np.float32)


SENSOR_TYPES = (
    SensorType(
        "points",
        "sensor_msgs/msg/LaserScan",
        decode_scan,
        options=LaserScanOptions,
        discover=("scan", "laser"),
    ),
)
