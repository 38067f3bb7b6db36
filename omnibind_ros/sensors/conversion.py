"""Conversion of image messages to RGB, by cv_bridge where it is installed, else rosbags-image."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError

# image_encodings.hpp: yuv422 is UYVY and yuv422_yuy2 is YUYV; neither library knows every name.
_SYNONYMS = {"uyvy": "yuv422", "yuyv": "yuv422_yuy2"}


def _rosbags(msg: Any) -> npt.NDArray[np.uint8]:
    from rosbags.image import image_to_cvimage  # noqa: PLC0415 - needed without cv_bridge only

    return np.asarray(image_to_cvimage(msg, "rgb8"), np.uint8)


def _cv_bridge(msg: Any) -> npt.NDArray[np.uint8]:
    from cv_bridge import CvBridge  # noqa: PLC0415 - may be missing
    from sensor_msgs.msg import Image  # noqa: PLC0415 - may be missing

    full = Image(height=msg.height, width=msg.width, encoding=msg.encoding, step=msg.step)
    full.data = msg.data.tobytes()
    return np.asarray(CvBridge().imgmsg_to_cv2(full, "rgb8"), np.uint8)


def _has_cv_bridge() -> bool:
    # PyPI's cv-bridge is another build, which fails to import with NumPy >= 2.3.
    try:
        import cv_bridge  # noqa: F401, PLC0415 - may be missing
        import sensor_msgs.msg  # noqa: F401, PLC0415 - may be missing
    except (ImportError, AttributeError, ValueError):
        return False
    return True


_convert = _cv_bridge if _has_cv_bridge() else _rosbags


def to_colour(msg: Any) -> npt.NDArray[np.uint8]:
    """Convert a message without row padding to RGB.

    Args:
        msg: Anything with height, width, encoding (8 bits a channel), is_bigendian, step and data.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        RejectedSampleError: The library cannot convert it.
    """
    if msg.encoding == "rgb8":
        return np.asarray(msg.data, np.uint8).reshape(msg.height, msg.width, 3)
    msg.encoding = _SYNONYMS.get(msg.encoding, msg.encoding)
    try:
        return _convert(msg)
    except (cv2.error, RuntimeError, ValueError, TypeError) as error:
        raise RejectedSampleError(
            f"an image of {msg.width} x {msg.height} pixels in {msg.encoding} does not convert to "
            f"RGB ({type(error).__name__}); publish rgb8 or bgr8"
        ) from error
