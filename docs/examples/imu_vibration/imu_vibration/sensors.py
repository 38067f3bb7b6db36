"""sensor_msgs/Imu to vibrations: float32 [n, 3], m/s2, x, y and z, `RATE` values per second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter
from omnibind_ros.sensors import Chunk, NotReadyError, RejectedSampleError, SensorType

from . import RATE

HIGHEST = 1000.0
"""Largest plausible acceleration, m/s2: 100 times that of gravity."""

LONGEST_GAP = 0.1
"""Seconds between two messages from which the vibration starts again with the later one."""


@dataclass
class VibrationOptions:
    """Parameters under sensor.NAME. that only this sensor type has."""

    window: float = parameter(2.0, "Seconds of vibration in a sample.", low=0.5, high=10.0)


def decode_imu(msg: Any, _options: VibrationOptions) -> npt.NDArray[np.float64]:
    """Return the acceleration of one message.

    Args:
        msg: Anything with linear_acceleration (x, y, z in m/s2) and linear_acceleration_covariance.

    Returns:
        float64 [3], m/s2.

    Raises:
        RejectedSampleError: The IMU measures no acceleration, or an impossible one.
    """
    if msg.linear_acceleration_covariance[0] == -1:  # as sensor_msgs/Imu defines it
        raise RejectedSampleError(
            "the IMU gives no accelerations (linear_acceleration_covariance[0] is -1); use another "
            "topic or enable them in the driver"
        )
    value = msg.linear_acceleration
    acceleration = np.array([value.x, value.y, value.z])
    if not np.abs(acceleration).max() <= HIGHEST:  # false for NaN too
        raise RejectedSampleError(
            f"the acceleration ({value.x:g}, {value.y:g}, {value.z:g}) is not within {HIGHEST:g} "
            "m/s2; check the driver's units"
        )
    return acceleration


def resample(chunks: Sequence[Chunk], window: float) -> npt.NDArray[np.float32]:
    """Return the newest vibration at the rate `RATE`.

    Each value is the mean of the acceleration over its interval, from the integral of the straight
    lines between the messages, so that an IMU may be faster or slower than `RATE`.

    Args:
        chunks: Accelerations with their stamps, in any order.
        window: Longest vibration, seconds.

    Raises:
        NotReadyError: There are less than two messages since the last gap.
    """
    stamps, first = np.unique([chunk.stamp_ns for chunk in chunks], return_index=True)
    seconds = (stamps - stamps[-1]) * 1e-9  # up to 0
    gaps = np.flatnonzero(np.diff(seconds) > LONGEST_GAP)
    start = int(gaps[-1]) + 1 if gaps.size else 0
    seconds, first = seconds[start:], first[start:]
    count = min(int(-seconds[0] * RATE), round(window * RATE))
    if count < 1:
        raise NotReadyError("there is one message of the IMU so far; more will follow")
    values = np.stack([chunks[i].data for i in first])
    areas = (values[1:] + values[:-1]) / 2 * np.diff(seconds)[:, None]
    integral = np.concatenate([np.zeros((1, 3)), np.cumsum(areas, axis=0)])
    edges = np.arange(-count, 1) / RATE
    at_edges = np.stack([np.interp(edges, seconds, axis) for axis in integral.T], axis=1)
    return (np.diff(at_edges, axis=0) * RATE).astype(np.float32)


def _make_combiner(options: VibrationOptions) -> Callable[[Sequence[Chunk]], Any]:
    return lambda chunks: resample(chunks, options.window)


def _window(options: VibrationOptions) -> float:
    return options.window


SENSOR_TYPES = (
    SensorType(
        "vibration",
        "sensor_msgs/msg/Imu",
        decode_imu,
        options=VibrationOptions,
        make_combiner=_make_combiner,
        window=_window,
        depth=200,
        discover=("gripper", "vibration"),
    ),
)
