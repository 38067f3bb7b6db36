"""Colour images: sensor_msgs/Image and CompressedImage to RGB arrays."""

from __future__ import annotations

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError, SensorType
from .compressed_image import compressed_pixels
from .conversion import to_colour
from .raw_image import PixelFormat, raw_pixels

FORMATS: dict[str, PixelFormat] = {
    **dict.fromkeys(("rgb8", "bgr8"), PixelFormat("u1", 3)),
    **dict.fromkeys(("rgba8", "bgra8"), PixelFormat("u1", 4)),
    "mono8": PixelFormat("u1"),
    **dict.fromkeys(
        ("bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"), PixelFormat("u1")
    ),
    **dict.fromkeys(("yuv422", "yuv422_yuy2", "uyvy", "yuyv"), PixelFormat("u1", 2)),
}
"""Layout by supported encoding of sensor_msgs/image_encodings.hpp."""


def decode_image(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/Image.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data.
            Rows may be padded (step larger than a row of pixels).

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Unknown encoding, size out of range, or fewer bytes than announced.
    """
    pixels = raw_pixels(msg, FORMATS)
    height, width = pixels.shape[:2]
    encoding = str(msg.encoding).lower()
    if pixels.shape[2:] == (2,) and width % 2:
        raise RejectedSampleError(f"{encoding} needs an even width, not {width} pixels")
    if encoding.startswith("bayer") and (height < 2 or width < 2):
        raise RejectedSampleError(f"{encoding} needs at least 2 x 2 pixels")
    packed = SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,  # one byte a channel: there is no byte order
        step=width * FORMATS[encoding].channels,
        data=np.ascontiguousarray(pixels).reshape(-1),
    )
    return to_colour(packed)


def decode_compressed_image(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/CompressedImage (JPEG or PNG).

    Args:
        msg: Anything with format and data; the data's signature decides, not the format.

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Empty, not decodable, or larger than `MAX_PIXELS`.
    """
    image = compressed_pixels(msg, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


SENSOR_TYPES = (
    SensorType(
        "image",
        "sensor_msgs/msg/Image",
        decode_image,
        payload=attrgetter("data"),
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
    SensorType(
        "image",
        "sensor_msgs/msg/CompressedImage",
        decode_compressed_image,
        payload=attrgetter("data"),
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
)
