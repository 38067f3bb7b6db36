"""Pictures of a gel pad, each with its reference, the same pad without contact: lossless PNG."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import Array, Features, check_array, decode_pixels, encode_pixels, shrink
from .drawing import Picture, fit

SUFFIX = "touch.png"
CONTENT = "uint8 [2, H, W, 3], RGB: the gel, and the same gel without contact"


def encode(data: Any) -> bytes:
    """Return gel and reference, uint8 [2, H, W, 3], RGB, as one PNG file, one below the other.

    It is lossless, as a light touch differs from the reference by a few grey levels only.

    Raises:
        CodecError: It is other data.
    """
    pair = check_array("touch", data, np.uint8, (2, None, None, 3))
    stacked = cv2.cvtColor(pair.reshape(-1, *pair.shape[2:]), cv2.COLOR_RGB2BGR)
    return encode_pixels(stacked, ".png", (cv2.IMWRITE_PNG_COMPRESSION, 1))


def decode(stored: bytes | memoryview) -> Array:
    """Return gel and reference, uint8 [2, H, W, 3], RGB; raises CodecError."""
    stacked = decode_pixels(stored, cv2.IMREAD_COLOR_RGB)
    return stacked.reshape(2, -1, *stacked.shape[1:])


def to_observation(
    data: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Return the difference to the reference, (gel - reference) / 255, float32 [H, W, 3], -1..1."""
    return (data[0].astype(np.float32) - data[1].astype(np.float32)) / np.float32(255)


def from_observation(
    observation: npt.NDArray[np.float32], reading: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Return gel and reference, from a sensor's difference and its last picture.

    A reference that the sensor has averaged is rounded to whole counts.
    """
    reference = np.rint(reading - observation * np.float32(255)).clip(0, 255)
    return np.stack([reading, reference.astype(np.uint8)])


def picture(data: Picture, size: int) -> Picture:
    """Draw the gel above, and its difference to the reference, fourfold, below."""
    gel, reference = data
    difference = 128 + 4 * (gel.astype(np.int16) - reference.astype(np.int16))
    pair = np.concatenate([gel, np.clip(difference, 0, 255).astype(np.uint8)])
    return fit(pair, size)


def noise(observation: Array, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return differences of standard deviation 0.1."""
    return rng.normal(0, 0.1, observation.shape).clip(-1, 1).astype(np.float32)


def dead(observation: Array, rng: np.random.Generator) -> Array:
    """Return no difference to the reference."""
    return np.zeros_like(observation)


def features(data: npt.NDArray[np.uint8]) -> Features:
    """Return the difference averaged over a grid, and the energy of its texture at four scales."""
    difference = (data[0].astype(np.float32) - data[1].astype(np.float32)) / 255
    small = [shrink(difference[..., channel], 4, 5) for channel in range(3)]
    energies = []
    grey = difference.mean(-1)
    for _ in range(4):
        blurred = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)
        energies.append(np.log(np.std(grey - blurred) + 1e-5))
        grey = blurred[::2, ::2]
    return np.concatenate([*small, energies]).astype(np.float32)
