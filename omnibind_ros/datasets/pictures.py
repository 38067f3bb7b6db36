"""Pictures of data of every modality, for people to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.units import SAMPLE_RATE

from .features import log_mel

Picture = npt.NDArray[np.uint8]
"""uint8 [H, W, 3], RGB."""

PAPER, INK = 250, 40
"""Grey levels of the background and of what is written on it."""

BRIGHTER, DARKER = (0, 90, 220), (220, 40, 20)
"""Colours of events, RGB."""

AZIMUTH, ELEVATION = 0.6, 0.35
"""Where clouds of points are looked at from, turned from the sensor, radians."""


def fitted(picture: Picture, size: int) -> Picture:
    """Scale a picture into a square, the rest of which is background."""
    rows, columns = picture.shape[:2]
    scale = size / max(rows, columns)
    target = max(1, round(columns * scale)), max(1, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(picture, target, interpolation=method)
    square = np.full((size, size, 3), PAPER, np.uint8)
    top, left = (size - small.shape[0]) // 2, (size - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square


def coloured(values: npt.NDArray[Any], palette: int, low: float, high: float) -> Picture:
    """Colour values [H, W] by one of OpenCV's palettes, from low to high."""
    level = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    colours = cv2.applyColorMap((level * 255).astype(np.uint8), palette)
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), np.uint8)


def _image(data: Picture, size: int) -> Picture:
    return fitted(data, size)


def _thermal(data: npt.NDArray[np.float32], size: int) -> Picture:
    low, high = np.percentile(data, (0.5, 99.5))
    # At least 4 degrees, lest a wall's noise looks like a fire.
    middle, half = (low + high) / 2, max((high - low) / 2, 2.0)
    picture = fitted(coloured(data, cv2.COLORMAP_INFERNO, middle - half, middle + half), size)
    return _written(picture, f"{low:.0f}..{high:.0f} C")


def _touch(data: Picture, size: int) -> Picture:
    """Show the gel above, and its difference to the reference, fourfold, below."""
    gel, reference = data
    difference = 128 + 4 * (gel.astype(np.int16) - reference.astype(np.int16))
    pair = np.concatenate([gel, np.clip(difference, 0, 255).astype(np.uint8)])
    return fitted(pair, size)


def _event(data: Mapping[str, Any], size: int) -> Picture:
    balance = np.zeros((data["height"], data["width"]), np.int32)
    np.add.at(balance, (data["y"], data["x"]), np.where(data["p"] > 0, 1, -1))
    picture = np.full((*balance.shape, 3), PAPER, np.uint8)
    picture[balance > 0] = BRIGHTER
    picture[balance < 0] = DARKER
    return fitted(picture, size)


def _points(data: npt.NDArray[np.float32], size: int) -> Picture:
    """Project points (x forward, y left, z up) from beside the sensor; near ones are bright."""
    # Stray points, as between an edge and the wall behind it, must not shrink the thing.
    low, high = np.percentile(data, (1, 99), axis=0)
    centred = data - (low + high) / 2
    turn, lift = (np.cos(AZIMUTH), np.sin(AZIMUTH)), (np.cos(ELEVATION), np.sin(ELEVATION))
    forward = turn[0] * centred[:, 0] + turn[1] * centred[:, 1]
    left = -turn[1] * centred[:, 0] + turn[0] * centred[:, 1]
    depth = lift[0] * forward - lift[1] * centred[:, 2]
    up = lift[1] * forward + lift[0] * centred[:, 2]
    reach = max(float(np.percentile(np.abs(np.stack([left, up])), 99)), 1e-6) * 1.1
    column = ((1 - left / reach) * (size - 1) / 2).astype(int)
    row = ((1 - up / reach) * (size - 1) / 2).astype(int)
    near, far = np.percentile(depth, (3, 97))
    colours = coloured(-depth[:, None], cv2.COLORMAP_VIRIDIS, -far, -near)[:, 0]
    picture = np.full((size, size, 3), 20, np.uint8)
    for index in np.argsort(-depth):  # the near ones last, on top
        place = (int(column[index]), int(row[index]))
        cv2.circle(picture, place, 1, colours[index].tolist(), -1)
    return picture


def _audio(data: npt.NDArray[np.int16], size: int) -> Picture:
    mel = log_mel(data.astype(np.float32) / np.float32(32768))
    top = float(mel.max())
    picture = coloured(mel.T[::-1], cv2.COLORMAP_MAGMA, top - 10, top)
    stretched = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return _written(np.asarray(stretched, np.uint8), f"{len(data) / SAMPLE_RATE:.1f} s")


def _text(data: list[str], size: int) -> Picture:
    picture = np.full((size, size, 3), PAPER, np.uint8)
    # OpenCV's letters are ASCII only.
    words = " / ".join(data).encode("ascii", "replace").decode()
    for row, line in enumerate(textwrap.wrap(words, max(8, size // 6))):
        place = (3, 11 + 11 * row)
        cv2.putText(
            picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.31, (INK,) * 3, 1, cv2.LINE_AA
        )
    return picture


def _written(picture: Picture, text: str) -> Picture:
    """Write a few letters into the lower left corner."""
    font, bottom = cv2.FONT_HERSHEY_SIMPLEX, picture.shape[0]
    width = cv2.getTextSize(text, font, 0.31, 1)[0][0]
    cv2.rectangle(picture, (0, bottom - 12), (width + 5, bottom), (PAPER,) * 3, -1)
    cv2.putText(picture, text, (3, bottom - 3), font, 0.31, (INK,) * 3, 1, cv2.LINE_AA)
    return picture


PICTURES: dict[str, Callable[[Any, int], Picture]] = {
    "image": _image,
    "points": _points,
    "thermal": _thermal,
    "event": _event,
    "touch": _touch,
    "audio": _audio,
    "text": _text,
}
"""By modality: data, as its codec decodes it, and a length in pixels, to a square picture."""
