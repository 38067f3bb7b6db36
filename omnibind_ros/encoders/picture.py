"""What the encoders of images, thermal images and gel images share: resizing and structure."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

STRUCTURE = (0.25, 0.5)
"""Values of `structure` between which the quality of a picture rises from 0 to 1.

Uniform noise of any size stays below the first; scikit-image's photographs and textures, and 203
thermal pictures, lie above the second (lowest: grass, 0.60), even dark or with a camera's noise.
"""


def resize(picture: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[Any]:
    """Resize a picture, [H, W] or [H, W, C], by area means where it shrinks."""
    how = cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how))


def crop_to_aspect(picture: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[Any]:
    """Return the largest centre crop of a picture with the aspect ratio height : width."""
    rows, columns = picture.shape[:2]
    kept_rows = min(rows, max(round(columns * height / width), 1))
    kept_columns = min(columns, max(round(rows * width / height), 1))
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return picture[top : top + kept_rows, left : left + kept_columns]


def structure(grey: npt.NDArray[Any]) -> float:
    """Measure how alike neighbouring pixels are, which tells pictures from noise.

    Args:
        grey: uint8 or float32 [H, W], finite, of any unit.

    Returns:
        Correlation of neighbouring pixels: near 1 in pictures, near 0 in white noise; 0 where
        there is no contrast.
    """
    if min(grey.shape) < 2:
        return 0.0
    deviation = float(cv2.meanStdDev(grey)[1][0, 0])
    steps = _mean_square_step(grey[1:], grey[:-1]) + _mean_square_step(grey[:, 1:], grey[:, :-1])
    return 1 - steps / (4 * deviation**2) if deviation > 0 and steps > 0 else 0.0


def _mean_square_step(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    return float(cv2.norm(one, other, cv2.NORM_L2SQR)) / one.size


def ramp(value: float, limits: tuple[float, float]) -> float:
    """Return 0 up to the first limit, 1 from the second on, and a straight line between."""
    low, high = limits
    return min(max((value - low) / (high - low), 0.0), 1.0)
