"""Point clouds: NumPy's npy."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import Array, CodecError, Features, check_array
from .drawing import Picture, apply_palette

SUFFIX = "points.npy"
CONTENT = "float32 [N, 3], metres"

AZIMUTH, ELEVATION = 0.6, 0.35
"""From where clouds are drawn, turned from the sensor's own direction, radians."""


def encode(data: Any) -> bytes:
    """Return points, float32 [N, 3], metres, as an npy file.

    Raises:
        CodecError: It is other data.
    """
    points = check_array("points", data, np.float32, (None, 3))
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(points), allow_pickle=False)
    return buffer.getvalue()


def decode(stored: bytes | memoryview) -> Array:
    """Return the points, float32 [N, 3], metres; raises CodecError."""
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(stored), allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise CodecError(f"stored points cannot be decoded ({error})") from error


def to_observation(data: Array, rng: np.random.Generator) -> Array:
    """Return the points as they are."""
    return data


def picture(data: npt.NDArray[np.float32], size: int) -> Picture:
    """Project points (x forward, y left, z up) from beside the sensor; near ones are bright."""
    # Percentiles: stray points, as between an edge and the wall behind it, must not shrink it all.
    low, high = np.percentile(data, (1, 99), axis=0)
    centred = data - (low + high) / 2
    turn, lift = (np.cos(AZIMUTH), np.sin(AZIMUTH)), (np.cos(ELEVATION), np.sin(ELEVATION))
    forward = turn[0] * centred[:, 0] + turn[1] * centred[:, 1]
    left = -turn[1] * centred[:, 0] + turn[0] * centred[:, 1]
    depth = lift[0] * forward - lift[1] * centred[:, 2]
    up = lift[1] * forward + lift[0] * centred[:, 2]
    reach = max(float(np.percentile(np.abs(np.stack([left, up])), 99)), 1e-6) * 1.1
    column = ((1 - left / reach) * (size - 1) / 2).astype(int)
    row = ((1 - up / reach) * (size - 1) / 2).astype(int)
    near, far = np.percentile(depth, (3, 97))
    colours = apply_palette(-depth[:, None], cv2.COLORMAP_VIRIDIS, -far, -near)[:, 0]
    result = np.full((size, size, 3), 20, np.uint8)
    for index in np.argsort(-depth):  # the near ones last, on top
        centre = (int(column[index]), int(row[index]))
        cv2.circle(result, centre, 1, colours[index].tolist(), -1)
    return result


def noise(observation: Array, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a Gaussian cloud of the same mean and deviation."""
    spread = observation.std(0) + 0.01
    return (observation.mean(0) + rng.normal(0, spread, observation.shape)).astype(np.float32)


def dead(observation: Array, rng: np.random.Generator) -> Array:
    """Return one point at the sensor itself."""
    return np.zeros_like(observation[:1])


def features(data: npt.NDArray[np.float32]) -> Features:
    """Return extents, deviations along the principal axes, histograms of radius and height."""
    centred = data - data.mean(0)
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(centred.T)), 1e-12))
    radius = np.linalg.norm(centred, axis=1)
    shape = np.histogram(radius / max(float(radius.max()), 1e-6), bins=8, range=(0, 1))[0]
    height = np.histogram(
        (data[:, 2] - data[:, 2].min()) / max(float(np.ptp(data[:, 2])), 1e-6), 8, (0, 1)
    )[0]
    parts = [np.log(np.ptp(data, axis=0) + 1e-4), np.log(spread), shape / len(data)]
    return np.concatenate([*parts, height / len(data)]).astype(np.float32)
