"""The deformation of a gel pad by what it is pressed on.

Following Taxim (Si and Yuan 2022), the height map of the surface under the pad becomes the gel's
deformation. The depth of the indentation follows from the force, the gel being a bed of springs
(elastic foundation, Johnson 1985, Contact Mechanics, section 4.3).
"""

from __future__ import annotations

import cv2
import numpy as np

from .settings import Heights, TouchSettings

_DEEPEST = 2e-3
"""Largest depth of an indentation, in metres."""

_WIDE = 14.0
"""Reach of the hollow around a contact, in pixels."""


def press(heights: Heights, settings: TouchSettings) -> tuple[Heights, float, float]:
    """Press a pad on a height map with a force.

    Args:
        heights: Of the surface, towards the pad, in metres.
        settings: The pad and the press.

    Returns:
        The gel's deformation in metres, as heights towards the camera; the depth of the indentation
        at the highest point; and the share of the pad that touches.
    """
    pitch = settings.pitch
    if settings.curvature:
        heights = heights - _dome(settings)
    depth = _sink(heights, settings)
    pushed = heights - (heights.max() - depth)
    contact = pushed > 0
    # The gel bridges gaps and rises towards the contact: coarse to fine (Taxim's pyramid).
    surface = np.maximum(pushed, 0)
    gel = surface
    for reach in (12, 6, 3):
        gel = np.where(contact, surface, cv2.GaussianBlur(gel, (0, 0), reach))
    gel = cv2.GaussianBlur(gel, (0, 0), max(settings.blur / pitch, 0.2))
    if settings.spread:
        gel = gel - settings.spread * cv2.GaussianBlur(gel, (0, 0), _WIDE)
    return np.asarray(gel), depth, float(contact.mean())


def _dome(settings: TouchSettings) -> Heights:
    """Return how far a domed gel lies behind its top, in metres, [rows, columns]."""
    rows, columns, pitch = settings.rows, settings.columns, settings.pitch
    x = (np.arange(columns) - (columns - 1) / 2 * (1 + settings.top[0])) * pitch
    y = (np.arange(rows) - (rows - 1) / 2 * (1 + settings.top[1])) * pitch
    return np.asarray((np.square(x) + np.square(y)[:, None]) * settings.curvature / 2)


def _sink(heights: Heights, settings: TouchSettings) -> float:
    """Return the depth at which a bed of springs carries the force.

    With the k highest points in contact, the force is stiffness * pitch^2 * (k depth - sum of their
    distances below the highest). The right k is that for which the next point does not touch.
    """
    below = heights.max() - np.sort(heights, axis=None)[::-1]
    number = np.arange(1, below.size + 1)
    carried = settings.force / (settings.stiffness * settings.pitch**2)
    depth = (carried + np.cumsum(below)) / number
    touching = int(np.argmax(depth <= np.append(below[1:], np.inf)))
    return float(min(depth[touching], _DEEPEST))
