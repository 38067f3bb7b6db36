"""Dots that are printed on a gel: where they are seen when the gel is pressed and sheared."""

from __future__ import annotations

import math

import cv2
import numpy as np

from omnibind_ros.arrays import Floats

from .settings import Heights, TouchSettings

_REACH = 8.0
"""Reach of the gel's sideways motion beyond the contact, in pixels."""

_ASIDE = 0.5
"""Sideways motion of the gel's face, as a multiple of slope times `_REACH`."""


def dots(gel: Heights, settings: TouchSettings) -> Floats:
    """Return the share of each pixel that dots cover, float32 [rows, columns], 0..1.

    A dot moves away from an indentation, as the gel is displaced, and with the shear and the twist
    of the contact, which fade with the distance from it.

    Args:
        gel: Its deformation in metres.
        settings: The pad, which has markers, and the press.
    """
    marks = settings.optics.markers
    if marks is None:
        raise ValueError("the pad has no markers: give its optics some")
    rows, columns, pitch = settings.rows, settings.columns, settings.pitch
    x = np.broadcast_to((np.arange(columns) - (columns - 1) / 2) * pitch, (rows, columns))
    y = np.broadcast_to(((np.arange(rows) - (rows - 1) / 2) * pitch)[:, None], (rows, columns))
    if gel.any():
        x, y = _moved(x, y, gel, settings)
    cosine, sine = math.cos(marks.turn), math.sin(marks.turn)
    u = (cosine * x + sine * y) / marks.pitch
    v = (cosine * y - sine * x) / marks.pitch
    line = np.rint(v)
    if marks.staggered:
        u = u + 0.5 * (line % 2)
    away = np.hypot((u - np.rint(u)) / marks.stretch, v - line) * marks.pitch
    # A pixel at the rim is covered in part.
    return np.clip((marks.radius - away) / pitch + 0.5, 0, 1).astype(np.float32)


def _moved(
    x: Heights, y: Heights, gel: Heights, settings: TouchSettings
) -> tuple[Heights, Heights]:
    """Return where the gel that is seen at each place lies when nothing touches it."""
    wide = cv2.GaussianBlur(np.maximum(gel, 0), (0, 0), _REACH)
    down, across = np.gradient(wide)
    share = wide / max(float(wide.max()), 1e-9)
    total = float(share.sum())
    middle = float((share * x).sum() / total), float((share * y).sum() / total)
    right = settings.shear[0] - settings.twist * (y - middle[1])
    below = settings.shear[1] + settings.twist * (x - middle[0])
    # Slopes are per pixel, the reach is in pixels: both give metres.
    return (
        x - share * right + _ASIDE * _REACH * across,
        y - share * below + _ASIDE * _REACH * down,
    )
