"""The overlay: what is recognised and the state of every sensor, drawn over the camera image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.region import Region

from .recogniser import Recognition

Colour = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_DUPLEX
_KNOWN, _UNKNOWN, _INK = (64, 200, 120), (240, 180, 70), (245, 245, 245)
_BAR, _GREY, _RED = (50, 110, 180), (150, 150, 150), (190, 25, 25)

LEGIBLE = 0.75
"""Size of the text, relative to that of a picture of 640 x 480, for which pictures are enlarged."""

SMALLEST = 0.35
"""The same, below which there is no text."""

LONGEST = 1920
"""Pixels to which the longer side of a picture is enlarged at most."""

MOST_ROWS = 12
"""Sensors that have a row; of others, the last row tells the number."""


SHOWN = 0.005
"""Probability from which a label is shown beside a known one: what is rounded to 1%."""


class SensorRow(NamedTuple):
    """What the overlay shows of a sensor.

    Attributes:
        name: Its name.
        state: ABSENT, STALE, FRESH or FAULT.
        weight: What it contributes to the result, 0 .. 1.
        age: Seconds since its newest sample was taken; None if there was none.
        contradicting: Whether it contradicts the others.
    """

    name: str
    state: str
    weight: float = 0.0
    age: float | None = None
    contradicting: bool = False


def draw_overlay(
    image: npt.NDArray[np.uint8],
    recognition: Recognition,
    sensors: Sequence[SensorRow] = (),
    region: Region | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw the label, its probability, the category and all sensors over an image.

    The label is in a band at the upper edge, the sensors in one at the lower edge, two in a line.

    Where no label is known, the probability of that is in the place of the label's.

    Args:
        image: uint8 [H, W, 3], RGB; it is not changed.
        recognition: The labels.
        sensors: The sensors, in the order in which they are shown.
        region: The part of the image that was encoded, drawn as a rectangle; None for all of it.

    Returns:
        uint8 [F H, F W, 3], RGB. F is 1, or for a small image the whole number with which text is
        legible.
    """
    canvas = _enlarged(image)
    height, width = canvas.shape[:2]
    if region is not None:
        across, down = region.pixels(width, height)[::-1]
        corners = (across.start, down.start), (across.stop - 1, down.stop - 1)
        cv2.rectangle(canvas, *corners, _INK, max(min(height, width) // 240, 1))
    scale = _text_scale(height, width)
    if scale >= SMALLEST:
        _draw_labels(canvas, recognition, scale)
        _draw_sensors(canvas, sensors, scale)
    return canvas


def _text_scale(height: int, width: int) -> float:
    return min(height / 480, width / 640)


def _enlarged(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a copy that is enlarged by a whole factor if text would not be legible."""
    height, width = image.shape[:2]
    factor = min(math.ceil(LEGIBLE / _text_scale(height, width)), LONGEST // max(height, width))
    if factor <= 1:
        return np.ascontiguousarray(image).copy()
    size = (width * factor, height * factor)
    made = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(made, np.uint8)


def _draw_labels(canvas: npt.NDArray[np.uint8], recognition: Recognition, scale: float) -> None:
    if not recognition.labels:
        return
    width = canvas.shape[1]
    pad, line, second = round(10 * scale), round(38 * scale), round(26 * scale)
    bar = max(round(5 * scale), 2)
    _darken(canvas[: pad + line + bar + second])
    colour = _KNOWN if recognition.known else _UNKNOWN
    best, probability, first_other = recognition.labels[0], float(recognition.probabilities[0]), 1
    if not recognition.known:
        best, probability, first_other = "unknown", recognition.unknown, 0
    shown = f"{probability:.0%}"
    size, thick = 1.15 * scale, max(round(2 * scale), 1)
    baseline = pad + round(28 * scale)
    used = _put_right(canvas, shown, width - pad, baseline, size, colour, thick)
    room = width - 3 * pad - used
    _put(canvas, best, pad, baseline, room, size, colour, thick)
    cv2.rectangle(
        canvas,
        (pad, pad + line - bar),
        (pad + round((width - 2 * pad) * probability), pad + line),
        colour,
        -1,
    )
    baseline, size = pad + line + bar + round(16 * scale), 0.6 * scale
    used = 0
    if recognition.category and recognition.category not in recognition.labels[:1]:
        text = f"category: {recognition.category} {recognition.category_probability:.0%}"
        used = _put(canvas, text, pad, baseline, width // 2, size, _INK, 1)
    others = "   ".join(
        f"{name} {share:.0%}"
        for name, share in zip(
            recognition.labels[first_other:3],
            recognition.probabilities[first_other:3].tolist(),
            strict=True,
        )
        if share >= SHOWN or not recognition.known
    )
    room = width - 3 * pad - used
    _put_right(canvas, _clipped(others, room, size), width - pad, baseline, size, _GREY, 1)


def _draw_sensors(
    canvas: npt.NDArray[np.uint8], sensors: Sequence[SensorRow], scale: float
) -> None:
    if not sensors:
        return
    height, width = canvas.shape[:2]
    shown = list(sensors)
    if len(shown) > MOST_ROWS:
        rest = len(shown) - MOST_ROWS + 1
        shown = [*shown[: MOST_ROWS - 1], SensorRow(f"and {rest} more", "")]
    lines = (len(shown) + 1) // 2
    pad, line = round(8 * scale), round(23 * scale)
    top = height - lines * line - pad
    _darken(canvas[top:])
    column = (width - pad) // 2
    for number, row in enumerate(shown):
        left = pad + (number // lines) * column
        _draw_row(canvas, row, left, top + pad // 2 + (number % lines) * line, column - pad, scale)


def _draw_row(
    canvas: npt.NDArray[np.uint8], row: SensorRow, left: int, top: int, width: int, scale: float
) -> None:
    """Draw a line: name, state, weight and age; the weight is the length of the bar behind it."""
    size, line, gap = 0.52 * scale, round(23 * scale), round(4 * scale)
    baseline = top + round(16 * scale)
    ink, bar = (_INK, _BAR) if row.state == "FRESH" else (_GREY, None)
    if row.state == "FAULT":
        ink = _UNKNOWN
    state = row.state
    if row.contradicting:
        ink, state = _INK, "CONTRADICTS"
        cv2.rectangle(canvas, (left, top), (left + width, top + line - 3), _RED, -1)
    elif bar is not None and row.weight > 0:
        end = left + round(width * min(row.weight, 1.0))
        cv2.rectangle(canvas, (left, top), (end, top + line - 3), bar, -1)
    at = [left + round(width * share) for share in (0.36, 0.68, 0.81, 1.0)]
    _put(canvas, row.name, left + gap, baseline, at[0] - left - 2 * gap, size, ink, 1)
    _put(canvas, state, at[0], baseline, at[1] - at[0] - gap, size, ink, 1)
    if row.state:
        _put_right(canvas, f"{row.weight:.0%}", at[2], baseline, size, ink, 1)
        _put_right(canvas, _age(row.age), at[3] - gap, baseline, size, ink, 1)


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.995 else f"{seconds:.2f} s"
    return f"{seconds:.0f} s" if seconds < 99.5 else ">99 s"


def _darken(part: npt.NDArray[np.uint8]) -> None:
    """Darken the image under text, so that the text is legible on any image."""
    part[:] = part // 5


def _width(text: str, size: float, thick: int = 1) -> int:
    return int(cv2.getTextSize(text, _FONT, size, thick)[0][0])


def _clipped(text: str, room: int, size: float, thick: int = 1) -> str:
    """Return as much of a text as is no wider than `room` pixels."""
    if _width(text, size, thick) <= room:
        return text
    while text and _width(f"{text}...", size, thick) > room:
        text = text[:-1]
    return f"{text.rstrip()}..." if text else ""


def _put(
    canvas: npt.NDArray[np.uint8],
    text: str,
    left: int,
    baseline: int,
    room: int,
    size: float,
    colour: Colour,
    thick: int,
) -> int:
    """Draw a text that is made smaller, and then clipped, to `room` pixels; return its width."""
    wanted = _width(text, size, thick)
    if wanted > room:
        size *= max(room / wanted, 0.75)
        text = _clipped(text, room, size, thick)
    cv2.putText(canvas, text, (left, baseline), _FONT, size, colour, thick, cv2.LINE_AA)
    return _width(text, size, thick)


def _put_right(
    canvas: npt.NDArray[np.uint8],
    text: str,
    right: int,
    baseline: int,
    size: float,
    colour: Colour,
    thick: int,
) -> int:
    """Draw a text that ends at `right`; return its width."""
    width = _width(text, size, thick)
    cv2.putText(canvas, text, (right - width, baseline), _FONT, size, colour, thick, cv2.LINE_AA)
    return width
