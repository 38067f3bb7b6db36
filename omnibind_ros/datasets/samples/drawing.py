"""Drawing helpers for the pictures of data that people look at."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""uint8 [H, W, 3], RGB."""

BACKGROUND, INK = 250, 40
"""Grey levels of the background and of letters on it."""

SMALL = 0.31
"""Scale of OpenCV's font for small letters."""


def fit(picture: Picture, size: int) -> Picture:
    """Scale a picture into a square, uint8 [size, size, 3]; the rest is background."""
    rows, columns = picture.shape[:2]
    scale = size / max(rows, columns)
    target = max(1, round(columns * scale)), max(1, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(picture, target, interpolation=method)
    square = np.full((size, size, 3), BACKGROUND, np.uint8)
    top, left = (size - small.shape[0]) // 2, (size - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square


def apply_palette(values: npt.NDArray[Any], palette: int, low: float, high: float) -> Picture:
    """Return values [H, W] in the colours of one of OpenCV's palettes, from low to high."""
    level = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    colours = cv2.applyColorMap((level * 255).astype(np.uint8), palette)
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), np.uint8)


def write(picture: Picture, text: str, left: int, bottom: int, scale: float = SMALL) -> None:
    """Write a line into a picture, in place; letters beyond ASCII, which OpenCV lacks, become '?'.

    Args:
        picture: Where to write.
        text: The line.
        left: Column of the first letter.
        bottom: Row of the baseline.
        scale: Of OpenCV's font.
    """
    plain, font = text.encode("ascii", "replace").decode(), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, plain, (left, bottom), font, scale, (INK,) * 3, 1, cv2.LINE_AA)


def write_caption(picture: Picture, text: str) -> Picture:
    """Write a few letters on background into the lower left corner; return the picture."""
    bottom = picture.shape[0]
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, SMALL, 1)[0][0]
    cv2.rectangle(picture, (0, bottom - 12), (width + 5, bottom), (BACKGROUND,) * 3, -1)
    write(picture, text, 3, bottom - 3)
    return picture
