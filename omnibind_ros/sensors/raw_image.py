"""The pixels of a sensor_msgs/Image with any row padding and byte order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError

MAX_PIXELS = 64 * 2**20
"""64 megapixels; a header that announces more is rejected."""


class PixelFormat(NamedTuple):
    """How an encoding lays out a pixel.

    Attributes:
        dtype: Type of a channel, such as "u2", without byte order.
        channels: Values per pixel.
    """

    dtype: str
    channels: int = 1


def raw_pixels(msg: Any, formats: Mapping[str, PixelFormat]) -> npt.NDArray[Any]:
    """Return the pixels of an image message without copying them.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data. Rows may be padded
            (step larger than a row of pixels); the last row's padding may be missing.
        formats: The supported encodings; upper and lower case are the same.

    Returns:
        A read-only view of the message, [height, width] or, where a pixel has several channels,
        [height, width, channels], in the message's byte order.

    Raises:
        RejectedSampleError: Unknown encoding, size out of range, or fewer bytes than announced.
    """
    height, width, encoding = int(msg.height), int(msg.width), str(msg.encoding).strip().lower()
    pixel = {name.lower(): layout for name, layout in formats.items()}.get(encoding)
    if pixel is None:
        raise RejectedSampleError(
            f"encoding '{msg.encoding[:40]}' is not supported; publish one of: "
            + ", ".join(formats)
        )
    if height < 1 or width < 1:
        raise RejectedSampleError(
            f"the image is {width} x {height} pixels; check the driver's resolution"
        )
    if height * width > MAX_PIXELS:
        raise RejectedSampleError(
            f"the header announces {width} x {height} pixels, more than {MAX_PIXELS}; "
            "check the driver's width and height"
        )
    dtype = np.dtype(pixel.dtype).newbyteorder(">" if msg.is_bigendian else "<")
    size = dtype.itemsize * pixel.channels
    row = width * size
    step = int(msg.step) or row
    if step < row:
        raise RejectedSampleError(
            f"step is {step} bytes but {width} pixels of {encoding} need {row}; "
            "check the driver's step"
        )
    data = memoryview(msg.data).cast("B").toreadonly()
    if len(data) < step * (height - 1) + row:
        raise RejectedSampleError(
            f"the image has {len(data)} bytes but height x step is {height * step}; "
            "check the driver's height and step"
        )
    pixels: npt.NDArray[Any] = np.ndarray(
        (height, width, pixel.channels), dtype, data, strides=(step, size, dtype.itemsize)
    )
    return pixels if pixel.channels > 1 else pixels[..., 0]
