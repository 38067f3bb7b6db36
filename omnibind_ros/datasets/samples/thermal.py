"""Thermal pictures: temperatures, stored as hundredths of a kelvin in PNG files of 16 bits."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.units import ABSOLUTE_ZERO

from .base import Array, CodecError, Features, check_array, decode_pixels, encode_pixels, shrink
from .drawing import Picture, apply_palette, fit, write_caption

SUFFIX = "thermal.png"
CONTENT = "float32 [H, W], degrees Celsius; stored in hundredths of a kelvin"

ROOM = 22.0
"""Temperature that a broken camera shows everywhere, degrees Celsius."""


def encode(data: Any) -> bytes:
    """Return temperatures, float32 [H, W], degrees Celsius, as a PNG file.

    Raises:
        CodecError: It is other data, or outside of what 16 bits hold.
    """
    celsius = check_array("thermal", data, np.float32, (None, None))
    centikelvin = np.rint((celsius.astype(np.float64) - ABSOLUTE_ZERO) * 100)
    if centikelvin.min() < 0 or centikelvin.max() > np.iinfo(np.uint16).max:
        raise CodecError("thermal data leaves the range of -273.15 to 382.2 degrees Celsius")
    return encode_pixels(centikelvin.astype(np.uint16), ".png", (cv2.IMWRITE_PNG_COMPRESSION, 1))


def decode(stored: bytes | memoryview) -> Array:
    """Return the temperatures, float32 [H, W], degrees Celsius; raises CodecError."""
    centikelvin = decode_pixels(stored, cv2.IMREAD_UNCHANGED)
    return (centikelvin.astype(np.float32) - np.float32(-ABSOLUTE_ZERO * 100)) / np.float32(100)


def to_observation(data: Array, rng: np.random.Generator) -> Array:
    """Return the temperatures as they are."""
    return data


def picture(data: npt.NDArray[np.float32], size: int) -> Picture:
    """Draw the temperatures in colours, with their range below."""
    low, high = np.percentile(data, (0.5, 99.5))
    # At least 4 degrees: the noise of an even wall must not fill the palette.
    middle, half = (low + high) / 2, max((high - low) / 2, 2.0)
    colours = apply_palette(data, cv2.COLORMAP_INFERNO, middle - half, middle + half)
    return write_caption(fit(colours, size), f"{low:.0f}..{high:.0f} C")


def noise(observation: Array, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return temperatures of standard deviation 5 degrees."""
    return rng.normal(ROOM, 5, observation.shape).astype(np.float32)


def dead(observation: Array, rng: np.random.Generator) -> Array:
    """Return one temperature everywhere."""
    return np.full_like(observation, ROOM)


def features(data: npt.NDArray[np.float32]) -> Features:
    """Return the median, quantiles about it, and a grid of averages about it."""
    median = np.median(data)
    quantiles = np.quantile(data - median, (0.01, 0.1, 0.25, 0.75, 0.9, 0.99))
    return np.concatenate([shrink(data - median, 6, 8), quantiles, [median]]).astype(np.float32)
