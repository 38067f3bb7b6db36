"""Pictures: JPEG of high quality, whose error lies below the noise of a camera."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from .base import Array, check_array, decode_pixels, encode_pixels
from .drawing import Picture, fit

SUFFIX = "image.jpg"
CONTENT = "uint8 [H, W, 3], RGB"

JPEG_QUALITY = 95


def encode(data: Any) -> bytes:
    """Return a picture, uint8 [H, W, 3], RGB, as a JPEG file without chroma subsampling.

    Raises:
        CodecError: It is other data.
    """
    image = check_array("image", data, np.uint8, (None, None, 3))
    parameters = (
        *(cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    )
    return encode_pixels(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), ".jpg", parameters)


def decode(stored: bytes | memoryview) -> Array:
    """Return the picture, uint8 [H, W, 3], RGB; raises CodecError."""
    return decode_pixels(stored, cv2.IMREAD_COLOR_RGB)


def to_observation(data: Array, rng: np.random.Generator) -> Array:
    """Return the picture as it is."""
    return data


def picture(data: Picture, size: int) -> Picture:
    """Draw the picture, uint8 [size, size, 3]."""
    return fit(data, size)


def noise(observation: Array, rng: np.random.Generator) -> Array:
    """Return a picture of independent random values."""
    return rng.integers(0, 256, observation.shape, np.uint8)


def dead(observation: Array, rng: np.random.Generator) -> Array:
    """Return a black picture."""
    return np.zeros_like(observation)
