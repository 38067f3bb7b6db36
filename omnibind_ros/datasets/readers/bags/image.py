"""Pictures in bags: sensor_msgs/Image and CompressedImage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.sensors.base import RejectedSampleError
from omnibind_ros.sensors.image import decode_compressed_image, decode_image

from .base import MessageSource

TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


def to_image(msg: Any, what: str) -> npt.NDArray[np.uint8]:
    """Decode a sensor_msgs/Image or CompressedImage.

    Args:
        msg: The message.
        what: Where it comes from, for the error.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        SkipError: It cannot be decoded.
    """
    try:
        return decode_image(msg) if hasattr(msg, "encoding") else decode_compressed_image(msg)
    except RejectedSampleError as error:
        raise SkipError(what, f"a picture cannot be used: {error}") from error


def load(messages: Sequence[Any], source: MessageSource) -> npt.NDArray[np.uint8]:
    """Return the last picture, uint8 [H, W, 3], RGB; raises SkipError."""
    return to_image(messages[-1], source.name)
