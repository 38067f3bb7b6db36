"""Thermal pictures in bags: sensor_msgs/Image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError

from .base import MessageSource

TYPES = ("sensor_msgs/msg/Image",)


def to_thermal(msg: Any, what: str, scale: float, offset: float) -> npt.NDArray[np.float32]:
    """Decode a thermal sensor_msgs/Image: mono16 and 16UC1 are counts, 32FC1 is degrees Celsius.

    Args:
        msg: The message.
        what: Where it comes from, for the error.
        scale: Degrees a count.
        offset: Degrees Celsius at count 0.

    Returns:
        float32 [H, W], degrees Celsius.

    Raises:
        SkipError: It has another encoding, or fewer bytes than announced.
    """
    types = {"mono16": "u2", "16uc1": "u2", "32fc1": "f4"}
    kind = types.get(str(msg.encoding).lower())
    if kind is None:
        raise SkipError(what, "a thermal picture is not in mono16, 16UC1 or 32FC1")
    dtype = np.dtype((">" if msg.is_bigendian else "<") + kind)
    height, width = int(msg.height), int(msg.width)
    step = int(msg.step) or width * dtype.itemsize
    data = np.frombuffer(np.asarray(msg.data, np.uint8).tobytes(), np.uint8)
    if min(height, width) < 1 or step < width * dtype.itemsize or data.size < step * height:
        raise SkipError(what, "a thermal picture has fewer bytes than announced")
    rows = data[: step * height].reshape(height, step)[:, : width * dtype.itemsize]
    values = np.ascontiguousarray(rows).view(dtype).astype(np.float32)
    return values if kind == "f4" else values * np.float32(scale) + np.float32(offset)


def load(messages: Sequence[Any], source: MessageSource) -> npt.NDArray[np.float32]:
    """Return the last picture, float32 [H, W], degrees Celsius; raises SkipError."""
    topic = source.topic
    return to_thermal(messages[-1], source.name, topic.scale, topic.offset)
