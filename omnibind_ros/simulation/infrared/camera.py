"""The optics, the detector and the electronics of a thermal camera.

Radiometric cameras give temperatures. Others give grey values of 8 bits, the scene's temperatures
stretched to a contrast that people see well (automatic gain control); these are linear between two
percentiles, equalised with a limit (plateau equalisation, Vickers 1996) or by tiles (CLAHE,
Zuiderveld 1994), and sharpened. The node reads such grey values as counts of 0.2 degrees, white
hot, so that is what datasets hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from omnibind_ros.arrays import Floats

COUNT = 0.2
"""Degrees Celsius per grey value, as `sensors.thermal_unit.COUNTS` has it."""

STRETCHES = ("linear", "plateau", "tiles")


@dataclass(frozen=True)
class Stretch:
    """How temperatures become grey values of 8 bits.

    Attributes:
        kind: One of `STRETCHES`.
        below: How far the whole picture's temperatures reach below those of this part of it, as a
            share of their span.
        above: Likewise above.
        least: Smallest span that is stretched, K.
        dark: Grey value of the coldest point.
        bright: Grey value of the hottest point.
        strength: Share of the equalisation, 0 linear .. 1.
        sharpening: Share of the detail that is added.
        quality: Of the JPEG compression, 0 for none.
    """

    kind: str = "linear"
    below: float = 0.0
    above: float = 0.0
    least: float = 2.0
    dark: float = 0.0
    bright: float = 255.0
    strength: float = 0.0
    sharpening: float = 0.0
    quality: int = 0


@dataclass(frozen=True)
class ThermalCamera:
    """A thermal camera.

    Attributes:
        rows: Of its picture, or of the part of it that is cut out around a thing.
        blur: Standard deviation of the optics' blur, in pixels of 120 rows.
        netd: Temporal noise, standard deviation, K.
        pixels: Fixed pattern of the pixels, standard deviation, K.
        lines: Fixed pattern of columns and of rows, standard deviation, K.
        vignette: Temperature of the corners less that of the middle, K.
        offset: Calibration error, K.
        stretch: How it makes 8 bits; None if it gives temperatures.
    """

    rows: int = 120
    blur: float = 0.7
    netd: float = 0.05
    pixels: float = 0.0
    lines: float = 0.02
    vignette: float = 0.0
    offset: float = 0.0
    stretch: Stretch | None = None

    @staticmethod
    def draw(rng: np.random.Generator, *, outdoors: bool, moving: bool = False) -> ThermalCamera:
        """Draw a camera.

        Args:
            rng: Random generator.
            outdoors: Whether it looks outdoors, where 8 bits and distant things are more frequent.
            moving: Whether it is a robot's own, radiometric and of 120 rows.
        """
        stretched = rng.random() < (0.65 if outdoors else 0.35) and not moving
        small = rng.random() < (0.5 if outdoors else 0.25) and not moving
        return ThermalCamera(
            rows=round(_between(24, 90, rng)) if small else 120,
            blur=_between(0.5, 1.4, rng),
            netd=_between(0.02, 0.06, rng) if stretched else _between(0.03, 0.12, rng),
            pixels=float(rng.uniform(0, 0.06)),
            lines=float(rng.uniform(0, 0.06)),
            vignette=float(rng.normal(0, 0.4)),
            offset=float(rng.normal(0, 0.8)),
            stretch=_draw_stretch(rng) if stretched else None,
        )


def _between(low: float, high: float, rng: np.random.Generator) -> float:
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def _draw_stretch(rng: np.random.Generator) -> Stretch:
    return Stretch(
        kind=str(rng.choice(STRETCHES, p=(0.4, 0.4, 0.2))),
        below=float(max(rng.normal(0.1, 0.4), 0)),
        above=float(max(rng.normal(0.0, 0.3), 0)),
        least=_between(2.0, 8.0, rng),
        dark=float(rng.uniform(0, 40)),
        bright=float(rng.uniform(200, 275)),
        strength=float(rng.uniform(0.3, 1.0)),
        sharpening=float(max(rng.normal(0.4, 0.6), 0)),
        quality=int(rng.integers(45, 96)) if rng.random() < 0.75 else 0,
    )


def sense(apparent: Floats, camera: ThermalCamera, rng: np.random.Generator) -> Floats:
    """Take the picture of apparent temperatures.

    Args:
        apparent: float32 [H, W], C.
        camera: The camera.
        rng: Random generator of the noise.

    Returns:
        float32, `camera.rows` rows of H/W as many columns, C; with a stretch counts times `COUNT`.
    """
    picture = apparent
    if camera.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), camera.blur * apparent.shape[0] / 120)
    if camera.rows != apparent.shape[0]:
        columns = round(apparent.shape[1] * camera.rows / apparent.shape[0])
        picture = cv2.resize(picture, (columns, camera.rows), interpolation=cv2.INTER_AREA)
    height, width = picture.shape

    def grain(deviation: float, *shape: int) -> Floats:
        return np.float32(deviation) * rng.standard_normal(shape, dtype=np.float32)

    noise = grain(math.hypot(camera.netd, camera.pixels), height, width)
    noise += grain(camera.lines, 1, width) + grain(camera.lines / 2, height, 1)
    if camera.vignette:
        x = np.linspace(-1, 1, width, dtype=np.float32)
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        noise += np.float32(camera.vignette / 2) * (np.square(x) + np.square(y))
    celsius = np.asarray(picture + noise + np.float32(camera.offset), np.float32)
    return celsius if camera.stretch is None else _stretch(celsius, camera.stretch)


def _stretch(celsius: Floats, stretch: Stretch) -> Floats:
    """Make grey values of 8 bits, in counts of `COUNT`."""
    low, high = (float(value) for value in np.percentile(celsius, (0.5, 99.5)))
    span = high - low
    low, high = low - stretch.below * span, high + stretch.above * span
    lacking = max(stretch.least - (high - low), 0.0)
    low, high = low - lacking / 2, high + lacking / 2
    share = np.clip((celsius - low) / (high - low), 0, 1)
    if stretch.sharpening:
        share = share + stretch.sharpening * (share - cv2.GaussianBlur(share, (0, 0), 2.0))
    if stretch.kind != "linear":
        share = share + stretch.strength * (_equalised(share, stretch.kind) - share)
    grey = stretch.dark + share * (stretch.bright - stretch.dark)
    pixels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if stretch.quality:
        stored = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, stretch.quality))[1]
        pixels = np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)
    return pixels.astype(np.float32) * np.float32(COUNT)


def _equalised(share: Floats, kind: str) -> Floats:
    """Equalise values of 0 to 1: with a limit on what frequent values get, or by tiles."""
    levels = np.clip(np.rint(share * 255), 0, 255).astype(np.uint8)
    if kind == "tiles":
        tiles = cv2.createCLAHE(3.0, (4, 4)).apply(levels)
        return np.asarray(tiles, np.float32) / np.float32(255)
    count = np.bincount(levels.ravel(), minlength=256)
    count = np.minimum(count, max(4 * levels.size // 256, 1))
    table = np.cumsum(count) / count.sum()
    return table.astype(np.float32)[levels]
