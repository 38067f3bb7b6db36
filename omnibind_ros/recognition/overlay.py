"""The overlay: what is recognised, drawn over the camera picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .recogniser import Recognition

_FONT = cv2.FONT_HERSHEY_DUPLEX
_KNOWN, _UNKNOWN, _INK, _BAR = (64, 200, 120), (230, 170, 60), (245, 245, 245), (90, 150, 220)


def draw_overlay(
    image: npt.NDArray[np.uint8],
    recognition: Recognition,
    sensors: Sequence[str],
    weights: npt.NDArray[np.float32],
) -> npt.NDArray[np.uint8]:
    """Draw labels, probabilities and sensor weights over a picture.

    Args:
        image: uint8 [H, W, 3], RGB; it is not changed.
        recognition: What was recognised.
        sensors: N names.
        weights: float32 [N], sum 1.

    Returns:
        uint8 [H, W, 3], RGB, of the same size.
    """
    canvas = np.ascontiguousarray(image).copy()
    height, width = canvas.shape[:2]
    if height < 96 or width < 128:
        return canvas  # no text is readable in there
    scale = min(height / 480, width / 640)
    line, pad, size = int(24 * scale), max(int(10 * scale), 2), 0.55 * scale
    rows = min(len(recognition.labels), 5)
    panel_w, panel_h = min(int(290 * scale), width), min(rows * line + 2 * pad, height)
    foot = min(line + pad, height)
    # Darken what lies under the text, so that it is readable on any picture.
    for region in (canvas[:panel_h, :panel_w], canvas[-foot:]):
        region[:] = region // 4
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
            cv2.putText(
                canvas, f"{name[:20]} {probability:.0%}", (pad + 4, baseline),
                _FONT, size, ink, thick, cv2.LINE_AA,
            )  # fmt: skip
    text = "   ".join(f"{n} {float(w):.0%}" for n, w in zip(sensors, weights, strict=True))
    cv2.putText(
        canvas, text, (pad, height - foot // 3), _FONT, size * 0.85, _INK, 1, cv2.LINE_AA
    )  # fmt: skip
    return canvas
