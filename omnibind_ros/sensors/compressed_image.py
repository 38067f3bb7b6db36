"""The pixels of a sensor_msgs/CompressedImage: JPEG or PNG."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError
from .raw_image import MAX_PIXELS

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_NO_FRAME = frozenset((0xC4, 0xC8, 0xCC))
"""JPEG markers among C0..CF that do not begin a frame header (ITU-T T.81, table B.1)."""


def compressed_pixels(msg: Any, flags: int) -> npt.NDArray[Any]:
    """Return the pixels of a compressed image.

    Args:
        msg: Anything with format and data; the data's signature decides, not the format.
        flags: How OpenCV decodes, such as `cv2.IMREAD_COLOR`.

    Returns:
        The array that OpenCV decodes: [H, W], or [H, W, C] with channels in the order BGR.

    Raises:
        RejectedSampleError: Empty, not decodable, or larger than `MAX_PIXELS`.
    """
    data = np.frombuffer(msg.data, np.uint8)
    head = data[:8].tobytes()
    if not head.startswith((_JPEG, _PNG)):
        raise RejectedSampleError(
            f"{data.size} bytes of format '{str(msg.format)[:40]}' are neither JPEG nor PNG; "
            "set the image_transport plugin to jpeg or png"
        )
    image = None
    # A few kilobytes can announce gigabytes, so the size is checked before memory is allocated.
    if _announced_pixels(data) <= MAX_PIXELS:
        try:
            image = cv2.imdecode(data, flags)
        except cv2.error:  # e.g. a header that contradicts itself
            image = None
    if image is None:
        raise RejectedSampleError(
            f"{data.size} bytes of format '{str(msg.format)[:40]}' do not decode to an image; "
            "they are damaged or larger than 64 megapixels"
        )
    return np.asarray(image)


def _announced_pixels(data: npt.NDArray[np.uint8]) -> int:
    """Return width x height from the picture's header; 0 if it has none."""
    if data[:8].tobytes() == _PNG:  # IHDR comes first
        size = data[16:24].view(">u4") if data.size >= 24 else np.zeros(2)
        return int(size[0]) * int(size[1])
    at = 2
    while at + 9 <= data.size and data[at] == 0xFF:
        marker = int(data[at + 1])
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = data[at + 5 : at + 9].view(">u2")
            return int(height) * int(width)
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4].tobytes(), "big"), 2)
    return 0
