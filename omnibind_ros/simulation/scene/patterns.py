"""Patterns of floors, walls, table tops and open ground, made by formula."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Pixels along a pattern's side; it repeats without a seam."""

Pattern = NDArray[np.float32]


@cache
def noise(seed: int, scales: tuple[float, ...], side: int = SIDE) -> Pattern:
    """Make smooth noise that repeats, 0 +- 1: white noise blurred to each of some scales.

    Args:
        seed: Of the noise.
        scales: Standard deviations of the blur in pixels; the coarsest weighs most.
        side: Pixels along a side.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((side, side), np.float32)
    spectrum_rows = np.fft.fftfreq(side)[:, None]
    spectrum_columns = np.fft.rfftfreq(side)[None]
    for scale in scales:
        white = np.fft.rfft2(rng.standard_normal((side, side)))
        blur = np.exp(-2 * (np.pi * scale) ** 2 * (spectrum_rows**2 + spectrum_columns**2))
        layer = np.fft.irfft2(white * blur, s=(side, side))
        total += np.sqrt(scale) * (layer / max(layer.std(), 1e-9)).astype(np.float32)
    return np.asarray(total / max(float(total.std()), 1e-9), np.float32)


def _plain(seed: int) -> Pattern:
    return 1 + 0.012 * noise(seed, (1.0, 8.0))


def _plaster(seed: int) -> Pattern:
    return 1 + 0.03 * noise(seed, (0.7, 2.0, 12.0))


def _carpet(seed: int) -> Pattern:
    return 1 + 0.08 * noise(seed, (0.6, 1.0))


def _concrete(seed: int) -> Pattern:
    return 1 + 0.06 * noise(seed, (0.7, 3.0, 20.0))


def _grass(seed: int) -> Pattern:
    return 1 + 0.30 * noise(seed, (0.7, 1.5, 12.0))


def _planks(seed: int) -> Pattern:
    """Boards along the rows: a shade and a grain each, dark joints, butts staggered."""
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(
        np.tile(noise(seed, (1.0, 3.0)), (1, 3)), (0, 0), sigmaX=14, sigmaY=0.1
    )[:, SIDE : 2 * SIDE]
    pattern = 1 + 0.07 * grain / max(float(grain.std()), 1e-9)
    width = SIDE // 8
    for row in range(0, SIDE, width):
        for start in (0, SIDE // 2):
            shift = int(rng.integers(SIDE))
            columns = (np.arange(start, start + SIDE // 2) + shift) % SIDE
            pattern[row : row + width, columns] *= 1 + 0.07 * rng.standard_normal()
            pattern[row : row + width, columns[0]] *= 0.7
        pattern[row] *= 0.7
    return pattern.astype(np.float32)


def _tiles(seed: int) -> Pattern:
    rng = np.random.default_rng(seed)
    pattern = 1 + 0.03 * noise(seed, (1.0, 8.0))
    size = SIDE // 4
    for row in range(0, SIDE, size):
        for column in range(0, SIDE, size):
            tile = (slice(row, row + size), slice(column, column + size))
            pattern[tile] *= 1 + 0.04 * rng.standard_normal()
            pattern[row : row + 2, column : column + size] = 0.72
            pattern[row : row + size, column : column + 2] = 0.72
    return pattern


def _bricks(seed: int) -> Pattern:
    rng = np.random.default_rng(seed)
    pattern = 1 + 0.08 * noise(seed, (0.8, 3.0))
    height, length = SIDE // 16, SIDE // 4
    for number, row in enumerate(range(0, SIDE, height)):
        for start in range(0, SIDE, length):
            columns = (np.arange(start, start + length) + (number % 2) * length // 2) % SIDE
            pattern[row : row + height, columns] *= 1 + 0.12 * rng.standard_normal()
            pattern[row : row + height, columns[:2]] = 1.25
        pattern[row : row + 2] = 1.25
    return pattern


def _stripes(seed: int) -> Pattern:
    rng = np.random.default_rng(seed)
    count = int(rng.choice([8, 16, 32]))
    wave = np.sign(np.sin(2 * np.pi * count * (np.arange(SIDE) + 0.5) / SIDE))
    return (1 + 0.05 * wave[None] + 0.02 * noise(seed, (1.0,))).astype(np.float32)


MAKERS: dict[str, Callable[[int], Pattern]] = {
    "plain": _plain,
    "plaster": _plaster,
    "carpet": _carpet,
    "concrete": _concrete,
    "grass": _grass,
    "planks": _planks,
    "tiles": _tiles,
    "bricks": _bricks,
    "stripes": _stripes,
}
"""By kind, the function that makes a pattern from a seed."""

VARIANTS = 4
"""Number of patterns of each kind; scale, position and colour vary in addition."""


@cache
def pattern(kind: str, variant: int) -> Pattern:
    """Return a pattern of brightness around 1, float32 [SIDE, SIDE]; made once a process."""
    return np.clip(MAKERS[kind](1000 * variant + len(kind)), 0.2, 2.0).astype(np.float32)
