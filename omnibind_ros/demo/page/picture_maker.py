"""What a picture of a sensor's data is, and its compression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Drawn = tuple[bytes, dict[str, Any]]

QUALITY = 82
WIDEST = 480
"""Pixels; larger pictures are reduced."""

DARK = (18, 14, 11)
"""Background of drawn pictures, BGR: that of the page's tiles."""


def to_jpeg(bgr: Pixels) -> bytes:
    """Return a picture uint8 [H, W, 3], BGR, as JPEG, at most `WIDEST` wide."""
    height, width = bgr.shape[:2]
    if width > WIDEST:
        size = (WIDEST, max(round(height * WIDEST / width), 1))
        bgr = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError("the picture cannot be compressed")
    return bytes(data)


class PictureMaker:
    """Draws one sensor's data; it may keep what it needs for the next picture."""

    def draw(self, new: Sequence[Any]) -> Drawn:
        """Return a JPEG and what is written beside it.

        Args:
            new: The data decoded since the last call, oldest first, at least one.
        """
        raise NotImplementedError
