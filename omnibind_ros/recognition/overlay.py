"""The overlay: labels and sensor weights, drawn over the camera image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.region import Region

from .recogniser import Recognition

_FONT = cv2.FONT_HERSHEY_DUPLEX
_KNOWN, _UNKNOWN, _INK, _BAR = (64, 200, 120), (230, 170, 60), (245, 245, 245), (90, 150, 220)


def draw_overlay(
    image: npt.NDArray[np.uint8],
    recognition: Recognition,
    sensors: Sequence[str],
    weights: npt.NDArray[np.float32],
    region: Region | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw labels, probabilities, a category that is surer, and sensor weights over an image.

    Args:
        image: uint8 [H, W, 3], RGB; it is not changed.
        recognition: The labels.
        sensors: N names.
        weights: float32 [N], sum 1.
        region: The part of the image that was encoded, drawn as a rectangle; None for all of it.

    Returns:
        uint8 [H, W, 3], RGB, of the same size.
    """
    canvas = np.ascontiguousarray(image).copy()
    height, width = canvas.shape[:2]
    if region is not None:
        across, down = region.pixels(width, height)[::-1]
        corners = (across.start, down.start), (across.stop - 1, down.stop - 1)
        cv2.rectangle(canvas, *corners, _INK, max(min(height, width) // 240, 1))
    if height < 96 or width < 128:
        return canvas  # too small for readable text
    scale = min(height / 480, width / 640)
    line, pad, size = int(24 * scale), max(int(10 * scale), 2), 0.55 * scale
    rows = min(len(recognition.labels), 5)
    # The category tells something new where it is not the first label.
    wider = recognition.category if recognition.category not in recognition.labels[:1] else ""
    lines = rows + bool(wider)
    panel_w, panel_h = min(int(290 * scale), width), min(lines * line + 2 * pad, height)
    foot = min(line + pad, height)
    # Darken the image under the text, so that the text is readable on any image.
    for part in (canvas[:panel_h, :panel_w], canvas[-foot:]):
        part[:] = part // 4
    for row in range(rows):
        probability = float(recognition.probabilities[row])
        y = pad + row * line
        colour = _BAR if row else (_KNOWN if recognition.known else _UNKNOWN)
        bar = int((panel_w - 2 * pad) * probability)
        cv2.rectangle(canvas, (pad, y + 2), (pad + bar, y + line - 3), colour, -1)
        name = recognition.labels[row]
        if row == 0 and not recognition.known:
            name = f"unknown ({name}?)"
        baseline = y + int(line * 0.72)
        for ink, thick in (((0, 0, 0), 3), (_INK, 1)):
            label = f"{name[:20]} {probability:.0%}"
            _put_text(canvas, label, (pad + 4, baseline), size, ink, thick)
    if wider:
        label = f"= {wider[:18]} {recognition.category_probability:.0%}"
        baseline = pad + rows * line + int(line * 0.72)
        _put_text(canvas, label, (pad + 4, baseline), size, _INK, 1)
    text = "   ".join(f"{n} {float(w):.0%}" for n, w in zip(sensors, weights, strict=True))
    _put_text(canvas, text, (pad, height - foot // 3), size * 0.85, _INK, 1)
    return canvas


def _put_text(
    canvas: npt.NDArray[np.uint8],
    text: str,
    origin: tuple[int, int],
    scale: float,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    cv2.putText(canvas, text, origin, _FONT, scale, colour, thickness, cv2.LINE_AA)
