"""A gel pad: its deformation by what it is pressed on, and the picture of its camera.

Following Taxim (Si and Yuan 2022), the height map of the surface under the pad becomes the gel's
deformation, and its slopes the picture; following TACTO (Wang et al. 2022), the picture is shaded
from three coloured lights (there Phong's model by a renderer, here Lambert's, with shadows marched
over the height map) and not taken from a calibrated table. The depth of the indentation follows
from the force, the gel being a bed of springs (elastic foundation, Johnson 1985, Contact
Mechanics, section 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_DEEPEST = 1.5e-3
"""Largest depth of an indentation, in metres."""

Pixels = NDArray[np.uint8]
Heights = NDArray[np.float64]


@dataclass(frozen=True)
class TouchSettings:
    """A gel pad and how it is pressed; its fields are stored with each sample.

    Attributes:
        width: Of the pad's picture, in metres; its height is three quarters of it.
        force: In newtons.
        stiffness: Pressure per depth of the gel, in N/m^3 (0.2 MPa over 4 mm: 5e7).
        tilt: Angle between the pad's axis and the surface's normal, in radians.
        tilt_towards: Direction in which it is tilted, in radians.
        turn: Turn of the pad about its axis, in radians.
        blur: Smoothing of the surface by the gel, standard deviation in metres.
        azimuths: Directions of the red, green and blue light, in radians.
        elevation: Of the lights above the gel, in radians.
        gains: Brightness of the three lights.
        ambient: Ambient light, of 1.
        noise: Standard deviation of the camera's noise, in grey values.
    """

    width: float = 0.020
    force: float = 5.0
    stiffness: float = 5e7
    tilt: float = 0.0
    tilt_towards: float = 0.0
    turn: float = 0.0
    blur: float = 5e-5
    azimuths: tuple[float, float, float] = (math.pi / 2, math.pi * 7 / 6, math.pi * 11 / 6)
    elevation: float = 0.4
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ambient: float = 0.12
    noise: float = 1.5

    @staticmethod
    def draw(rng: np.random.Generator) -> TouchSettings:
        """Draw a sensor, as sensors of one kind differ a little, and a press."""
        thirds = np.array(TouchSettings.azimuths) + rng.uniform(-0.15, 0.15, 3)
        gains = rng.uniform(0.85, 1.15, 3)
        return TouchSettings(
            width=float(rng.uniform(0.018, 0.022)),
            force=float(rng.uniform(1.5, 12)),
            stiffness=float(rng.uniform(3e7, 8e7)),
            tilt=float(abs(rng.normal(0, 0.03))),
            tilt_towards=float(rng.uniform(0, 2 * math.pi)),
            turn=float(rng.uniform(0, 2 * math.pi)),
            blur=float(rng.uniform(3e-5, 7e-5)),
            azimuths=(float(thirds[0]), float(thirds[1]), float(thirds[2])),
            elevation=float(rng.uniform(0.3, 0.5)),
            gains=(float(gains[0]), float(gains[1]), float(gains[2])),
            ambient=float(rng.uniform(0.08, 0.16)),
            noise=float(rng.uniform(0.8, 2.0)),
        )


def press(heights: Heights, pitch: float, settings: TouchSettings) -> tuple[Heights, float, float]:
    """Press a pad on a height map with a force.

    Args:
        heights: Of the surface, towards the pad, in metres.
        pitch: Distance of two pixels in metres.
        settings: Force, stiffness and blur.

    Returns:
        The gel's deformation in metres, at least 0, as heights towards the camera; the depth of
        the indentation at the highest point; and the share of the pad that touches.
    """
    depth = _sink(heights, pitch, settings)
    pushed = heights - (heights.max() - depth)
    contact = pushed > 0
    # The gel bridges gaps and rises towards the contact: coarse to fine (Taxim's pyramid).
    surface = np.maximum(pushed, 0)
    gel = surface
    for reach in (12, 6, 3):
        gel = np.where(contact, surface, cv2.GaussianBlur(gel, (0, 0), reach))
    gel = cv2.GaussianBlur(gel, (0, 0), max(settings.blur / pitch, 0.2))
    return np.asarray(gel), depth, float(contact.mean())


def _sink(heights: Heights, pitch: float, settings: TouchSettings) -> float:
    """Return the depth at which a bed of springs carries the force.

    With the k highest points in contact, the force is stiffness * pitch^2 * (k depth - sum of their
    distances below the highest). The right k is that for which the next point does not touch.
    """
    below = heights.max() - np.sort(heights, axis=None)[::-1]
    number = np.arange(1, below.size + 1)
    depth = (settings.force / (settings.stiffness * pitch**2) + np.cumsum(below)) / number
    touching = int(np.argmax(depth <= np.append(below[1:], np.inf)))
    return float(min(depth[touching], _DEEPEST))


def shade(gel: Heights, pitch: float, settings: TouchSettings, rng: np.random.Generator) -> Pixels:
    """Draw a gel under three coloured lights.

    Args:
        gel: Its deformation in metres, as `press` gives it.
        pitch: Distance of two pixels in metres.
        settings: Lights and noise.
        rng: Source of the camera's noise.

    Returns:
        RGB, uint8 of the gel's shape.
    """
    slope_down, slope_across = np.gradient(gel, pitch)
    length = np.sqrt(1 + np.square(slope_across) + np.square(slope_down))
    rows, columns = gel.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    lights = np.empty((rows, columns, 3))
    height = math.tan(settings.elevation)
    for index, azimuth in enumerate(settings.azimuths):
        # Azimuths turn to the left, rows run downwards.
        right, down = math.cos(azimuth), -math.sin(azimuth)
        facing = (-slope_across * right - slope_down * down + height) / (
            length * math.hypot(1, height)
        )
        # A row of LEDs at the rim gives more light to its own side.
        near = 1 + 0.35 * (x * right + y * down)
        shadow = _shadow(gel, pitch, right, down, height)
        lights[..., index] = settings.gains[index] * near * np.maximum(facing, 0) * shadow
    # Each colour channel receives a little of the other two lights.
    seen = lights @ np.array([[0.86, 0.09, 0.05], [0.08, 0.82, 0.10], [0.04, 0.12, 0.84]])
    vignette = 1 - 0.12 * (np.square(x) + np.square(y))[..., None]
    picture = 255 * vignette * (settings.ambient + 0.85 * seen)
    picture += rng.normal(0, settings.noise, picture.shape)
    return np.asarray(np.clip(np.round(picture), 0, 255), np.uint8)


def _shadow(gel: Heights, pitch: float, right: float, down: float, height: float) -> Heights:
    """Return the share of a light that reaches each point, marching towards it over the gel."""
    if not gel.any():
        return np.ones_like(gel)
    shadow = np.ones_like(gel)
    for step in (1, 2, 4, 7, 11):
        shift = np.array([[1, 0, step * right], [0, 1, step * down]])
        ahead = cv2.warpAffine(
            gel,
            shift,
            gel.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        above = ahead - gel - step * pitch * height
        # Half a pixel's height makes the difference between grazing light and shadow.
        shadow = np.minimum(shadow, 1 - 0.65 * np.clip(above / (0.5 * pitch), 0, 1))
    return np.asarray(cv2.GaussianBlur(shadow, (0, 0), 1.0))
