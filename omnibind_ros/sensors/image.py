"""Colour images: sensor_msgs/Image and CompressedImage to RGB arrays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError, SensorType
from .conversion import to_colour

MAX_PIXELS = 64 * 2**20
"""Beyond 64 megapixels a header is taken for a lie."""

BYTES_PER_PIXEL: dict[str, int] = {
    **dict.fromkeys(("rgb8", "bgr8"), 3),
    **dict.fromkeys(("rgba8", "bgra8"), 4),
    "mono8": 1,
    **dict.fromkeys(("bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"), 1),
    **dict.fromkeys(("yuv422", "yuv422_yuy2", "uyvy", "yuyv"), 2),
}
"""Encodings of sensor_msgs/image_encodings.hpp that are understood, and their bytes per pixel."""


def decode_image(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/Image.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data.
            Rows may be padded (step larger than a row of pixels).

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Unknown encoding, zero or absurd size, or fewer bytes than announced.
    """
    height, width, encoding = int(msg.height), int(msg.width), str(msg.encoding).lower()
    pixel = BYTES_PER_PIXEL.get(encoding)
    if pixel is None:
        raise RejectedSampleError(
            f"encoding '{msg.encoding[:40]}' is not supported; publish one of: "
            + ", ".join(BYTES_PER_PIXEL)
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
    row = width * pixel
    step = int(msg.step) or row
    if step < row:
        raise RejectedSampleError(
            f"step is {step} bytes but {width} pixels of {encoding} need {row}; "
            "check the driver's step"
        )
    data = np.frombuffer(msg.data, np.uint8)
    # The last row's padding is often left out.
    if data.size < step * (height - 1) + row:
        raise RejectedSampleError(
            f"the image has {data.size} bytes but height x step is {height * step}; "
            "check the driver's height and step"
        )
    if pixel == 2 and width % 2:
        raise RejectedSampleError(f"{encoding} needs an even width, not {width} pixels")
    if encoding.startswith("bayer") and (height < 2 or width < 2):
        raise RejectedSampleError(f"{encoding} needs at least 2 x 2 pixels")
    if step == row:
        rows = data[: height * row]
    else:
        rows = np.lib.stride_tricks.as_strided(data, (height, row), (step, 1))
    packed = SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,  # one byte a channel: nothing to swap, whatever the header says
        step=row,
        data=np.ascontiguousarray(rows).reshape(-1),
    )
    return to_colour(packed)


def decode_compressed_image(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/CompressedImage (JPEG or PNG).

    Args:
        msg: Anything with format and data; the data's own signature decides, not the format.

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Empty, not decodable, or larger than `MAX_PIXELS`.
    """
    data = np.frombuffer(msg.data, np.uint8)
    head = data[:8].tobytes()
    if not (head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))):
        raise RejectedSampleError(
            f"{data.size} bytes of format '{str(msg.format)[:40]}' are neither JPEG nor PNG; "
            "set the image_transport plugin to jpeg or png"
        )
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:  # e.g. more pixels than OpenCV allows
        image = None
    if image is None or image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise RejectedSampleError(
            f"{data.size} bytes of format '{str(msg.format)[:40]}' do not decode to an image; "
            "they are damaged or larger than 64 megapixels"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


SENSOR_TYPES = (
    SensorType(
        "image",
        "sensor_msgs/msg/Image",
        decode_image,
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
    SensorType(
        "image",
        "sensor_msgs/msg/CompressedImage",
        decode_compressed_image,
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
)
