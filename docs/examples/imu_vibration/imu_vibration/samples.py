"""Vibrations in datasets: NumPy's npy."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.samples.base import CodecError, check_array

from . import RATE

SUFFIX = "imu.npy"
CONTENT = f"float32 [n, 3], m/s2, {RATE} Hz"

_COLOURS = ((200, 40, 40), (30, 140, 60), (40, 70, 200))


def encode(data: Any) -> bytes:
    """Return a vibration, float32 [n, 3], m/s2, as an npy file.

    Raises:
        CodecError: It is other data.
    """
    buffer = io.BytesIO()
    values = check_array("vibration", data, np.float32, (None, 3))
    np.lib.format.write_array(buffer, np.ascontiguousarray(values), allow_pickle=False)
    return buffer.getvalue()


def decode(stored: bytes | memoryview) -> npt.NDArray[np.float32]:
    """Return the vibration, float32 [n, 3], m/s2.

    Raises:
        CodecError: The bytes are damaged.
    """
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(stored), allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise CodecError(f"a stored vibration cannot be decoded ({error})") from error


def to_observation(
    data: npt.NDArray[np.float32],
    rng: np.random.Generator,  # noqa: ARG001 - there is nothing to choose
) -> npt.NDArray[np.float32]:
    """Return the vibration as it is: the sensor gives the same."""
    return data


def picture(data: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.uint8]:
    """Draw the accelerations of x (red), y (green) and z (blue) over time."""
    drawn = np.full((size, size, 3), 250, np.uint8)
    centred = data - data.mean(axis=0)
    scale = max(float(np.abs(centred).max()), 1e-6)
    columns = np.linspace(0, size - 1, len(data))
    for axis, colour in enumerate(_COLOURS):
        rows = (size - 1) * (0.5 - 0.45 * centred[:, axis] / scale)
        curve = np.stack([columns, rows], axis=1).round().astype(np.int32)
        cv2.polylines(drawn, [curve], False, colour, 1, cv2.LINE_AA)
    return drawn


def noise(
    observation: npt.NDArray[np.float32], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return white noise of standard deviation 1 m/s2."""
    return rng.normal(0, 1, observation.shape).astype(np.float32)


def dead(
    observation: npt.NDArray[np.float32],
    rng: np.random.Generator,  # noqa: ARG001 - nothing is random
) -> npt.NDArray[np.float32]:
    """Return no acceleration."""
    return np.zeros_like(observation)
