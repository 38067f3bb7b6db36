"""The picture of a gel pad's camera.

Following TACTO (Wang et al. 2022), the slopes of the gel are shaded from lamps beside it (there
Phong's model by a renderer, here Lambert's, with shadows marched over the height map) and not taken
from a calibrated table. Then come printed dots, vignette, mask and what the camera does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from omnibind_ros.arrays import Floats

from .markers import dots
from .settings import Heights, Lamp, Optics, Pixels, TouchSettings

_RIM = 0.05
"""Width of the soft rim of a round field of view, as a share of its radius."""


def photograph(
    gel: Heights, settings: TouchSettings, rng: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """Take the pictures of a contact, and of the same pad without one.

    Args:
        gel: Its deformation in metres, as `press` gives it.
        settings: The pad, its lamps and its camera.
        rng: Source of the camera's noise.

    Returns:
        The contact and the reference, RGB, uint8 [rows, columns, 3], `Optics.scale` times as large
        as the gel.
    """
    optics = settings.optics
    still = _light(np.zeros_like(gel), settings)
    rows, columns = gel.shape
    middle = still[rows // 4 : -rows // 4, columns // 4 : -columns // 4]
    gain = np.float32(optics.exposure / max(float(middle.mean()), 1e-6))
    moved = _light(gel, settings) * np.asarray(optics.drift, np.float32)
    return _camera(moved * gain, optics, rng), _camera(still * gain, optics, rng)


def _light(gel: Heights, settings: TouchSettings) -> Floats:
    """Return the light from the gel, float32 [rows, columns, 3], of any unit."""
    optics, (rows, columns) = settings.optics, gel.shape
    x = np.linspace(-1, 1, columns, dtype=np.float32)
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    slopes = list(np.gradient(gel, settings.pitch)) if gel.any() else []
    light = np.zeros((rows, columns, 3), np.float32)
    for lamp in optics.lamps:
        # Azimuths turn to the left, rows run downwards.
        right, below = math.cos(lamp.azimuth), -math.sin(lamp.azimuth)
        near = np.exp(np.float32(lamp.near) * (x * np.float32(right) + y * np.float32(below)))
        if slopes:
            near = near * _facing(gel, slopes, lamp, settings)
        light += near[..., None] * np.asarray(lamp.colour, np.float32)
    mean = float(np.sum([np.mean(lamp.colour) for lamp in optics.lamps]))
    light += np.float32(optics.ambient * mean / max(1 - optics.ambient, 1e-3))
    light *= np.asarray(optics.tint, np.float32)
    if optics.markers is not None:
        printed = dots(gel, settings)[..., None]
        light *= 1 + printed * np.float32(optics.markers.brightness - 1)
    light *= (1 - np.float32(optics.vignette / 2) * (np.square(x) + np.square(y)))[..., None]
    if optics.mask:
        half = np.float32(min(rows, columns) / 2 * optics.mask)
        far = np.hypot(x * np.float32(columns / 2), y * np.float32(rows / 2)) / half
        light *= np.clip((1 + _RIM - far) / _RIM, 0, 1)[..., None]
    if optics.grey:
        light[:] = light.mean(axis=2, keepdims=True)
    return light


def _facing(gel: Heights, slopes: Sequence[Heights], lamp: Lamp, settings: TouchSettings) -> Floats:
    """Return the light from a lamp that a sloped gel sends, relative to a flat one's."""
    down, across = slopes
    right, below = math.cos(lamp.azimuth), -math.sin(lamp.azimuth)
    height = math.tan(lamp.elevation)
    length = np.sqrt(1 + np.square(across) + np.square(down))
    lambert = (-across * right - down * below + height) / (length * height)
    change = np.maximum(1 + settings.optics.contrast * (lambert - 1), 0)
    if settings.optics.shadow:
        change *= 1 - settings.optics.shadow * _shadow(gel, settings.pitch, right, below, height)
    return change.astype(np.float32)


def _shadow(gel: Heights, pitch: float, right: float, down: float, height: float) -> Heights:
    """Return how far each point is in the shadow of a lamp, 0..1, marching towards it."""
    shadow = np.zeros_like(gel)
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
        shadow = np.maximum(shadow, np.clip(above / (0.5 * pitch), 0, 1))
    return np.asarray(cv2.GaussianBlur(shadow, (0, 0), 1.0))


def _camera(light: Floats, optics: Optics, rng: np.random.Generator) -> Pixels:
    """Turn light, in grey values, into a picture."""
    picture = light
    if optics.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), optics.blur)
    if optics.scale != 1:
        rows, columns = (round(side * optics.scale) for side in picture.shape[:2])
        picture = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    if optics.gamma != 1:  # middle grey stays
        middle = np.float32(optics.exposure)
        picture = middle * np.power(np.maximum(picture, 0) / middle, np.float32(optics.gamma))
    channels = 1 if optics.grey else 3
    grain = rng.standard_normal((*picture.shape[:2], channels), dtype=np.float32)
    pixels = np.clip(np.rint(picture + np.float32(optics.noise) * grain), 0, 255).astype(np.uint8)
    if not optics.quality:
        return pixels
    parameters = (cv2.IMWRITE_JPEG_QUALITY, optics.quality)
    stored = cv2.imencode(".jpg", pixels[..., ::-1], parameters)[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB), np.uint8)
