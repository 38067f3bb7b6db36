"""The micro-relief of surfaces: grain, brush marks, weaves, bumps, pits, networks of creases.

Each pattern is band-limited noise shaped in the Fourier domain, a weave of crossing threads, or a
Voronoi network (Worley 1996). Height, period and stretch come from the substance
(substances.py names the sources).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from omnibind_ros.simulation.objects.substances import MicroTexture

Heights = NDArray[np.float64]

_FINEST = 2.5
"""Shortest period in pixels; a finer one would alias, and the gel cannot follow it."""


def micro_relief(
    texture: MicroTexture, shape: tuple[int, int], pitch: float, rng: np.random.Generator
) -> Heights:
    """Draw a patch of a surface's micro-relief.

    Args:
        texture: Its pattern and figures; they are scattered by about a quarter.
        shape: Rows and columns.
        pitch: Distance of two pixels in metres.
        rng: Random generator of direction, phase and scatter.

    Returns:
        Heights in metres, float64 [rows, columns], outward positive, mean 0, of the texture's root
        mean square.
    """
    height, period = np.exp(0.25 * rng.standard_normal(2)) * (texture.height, texture.period)
    pixels = max(period / pitch, _FINEST)
    pattern = _PATTERNS[texture.pattern](shape, pixels, texture.stretch, rng)
    pattern = pattern - pattern.mean()
    spread = float(pattern.std())
    return pattern * (height / spread) if spread > 0 else pattern


def _band_noise(
    shape: tuple[int, int],
    period: float,
    stretch: float,
    rng: np.random.Generator,
    angle: float | None = None,
    width: float = 0.5,
) -> Heights:
    """Make noise of about one period, stretched along a direction; standard deviation 1."""
    turn = rng.uniform(0, np.pi) if angle is None else angle
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    along = (np.cos(turn) * across + np.sin(turn) * down) * stretch
    side = -np.sin(turn) * across + np.cos(turn) * down
    radius = np.hypot(along, side) * period
    # A log-normal band; periods longer than the patch are left out.
    weight = np.exp(-0.5 * np.square(np.log(np.maximum(radius, 1e-3)) / width))
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * weight, shape)
    return noise / max(float(noise.std()), 1e-12)


def _smooth(shape: tuple[int, int], period: float, _: float, rng: np.random.Generator) -> Heights:
    return _band_noise(shape, period, 1.0, rng)


def _bumps(
    shape: tuple[int, int], period: float, stretch: float, rng: np.random.Generator
) -> Heights:
    return _band_noise(shape, period, stretch, rng)


def _grain(
    shape: tuple[int, int], period: float, stretch: float, rng: np.random.Generator
) -> Heights:
    """Fibres, open pores between them, and the wide waves of the year rings, along one way."""
    angle = rng.uniform(0, np.pi)
    fibres = _band_noise(shape, period, stretch, rng, angle)
    pores = -np.maximum(_band_noise(shape, period * 1.5, stretch, rng, angle) - 1.2, 0)
    rings = _band_noise(shape, period * 6, stretch / 2, rng, angle, width=0.3)
    return 0.7 * fibres + 2.5 * pores + 0.8 * rings


def _brushed(
    shape: tuple[int, int], period: float, stretch: float, rng: np.random.Generator
) -> Heights:
    """Scratches of many widths side by side."""
    return _band_noise(shape, period * 1.5, stretch, rng, width=0.9)


def _weave(shape: tuple[int, int], period: float, _: float, rng: np.random.Generator) -> Heights:
    """A plain weave: at every crossing one of the two threads lies above."""
    turn = rng.uniform(0, np.pi)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    wobble = [_band_noise(shape, period * 6, 1.0, rng) * 0.08 * period for _ in range(2)]
    u = (np.cos(turn) * columns + np.sin(turn) * rows + wobble[0]) * np.pi / period
    v = (-np.sin(turn) * columns + np.cos(turn) * rows + wobble[1]) * np.pi / period
    over = np.clip(4 * np.cos(u) * np.cos(v), -1, 1)
    threads = np.square(np.sin(u)) * (1 + 0.6 * over), np.square(np.sin(v)) * (1 - 0.6 * over)
    return np.maximum(*threads) + 0.08 * _band_noise(shape, _FINEST, 1.0, rng)


def _pores(shape: tuple[int, int], period: float, _: float, rng: np.random.Generator) -> Heights:
    """Pits of two sizes in a rough face."""
    coarse, fine = (_band_noise(shape, period * size, 1.0, rng) for size in (1.5, 0.7))
    return -2 * np.maximum(coarse - 0.8, 0) - np.maximum(fine - 1, 0) + 0.3 * fine


def _veins(
    shape: tuple[int, int], period: float, stretch: float, rng: np.random.Generator
) -> Heights:
    """A network between cells: creases of skin and leather, or, stretched, a leaf's raised ribs."""
    cells = max(int(shape[0] * shape[1] / (period**2 * stretch)), 2)
    wide = (round(shape[0] * stretch), shape[1])
    seeds = np.ones(wide, np.uint8)
    seeds[rng.integers(0, wide[0], cells), rng.integers(0, wide[1], cells)] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    edge = np.zeros(wide, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    distance = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5)
    network = np.exp(-np.square(distance[: shape[0]] / max(0.18 * period, 1.0)))
    fine = 0.1 * _band_noise(shape, max(period / 4, _FINEST), 1.0, rng)
    if stretch <= 1:
        return fine - network
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    turn, middle = rng.uniform(0, np.pi), rng.uniform(0.3, 0.7, 2) * shape
    side = np.cos(turn) * (rows - middle[0]) - np.sin(turn) * (columns - middle[1])
    along = np.sin(turn) * (rows - middle[0]) + np.cos(turn) * (columns - middle[1])
    # Side ribs leave the midrib at half a right angle.
    ribs = np.abs((along - np.abs(side)) % (3 * period) - 1.5 * period)
    midrib = 2.5 * np.exp(-np.square(side / (0.4 * period)))
    return fine + 0.5 * network + midrib + 1.2 * np.exp(-np.square(ribs / (0.2 * period)))


_Pattern = Callable[[tuple[int, int], float, float, np.random.Generator], Heights]

_PATTERNS: dict[str, _Pattern] = {
    "smooth": _smooth,
    "grain": _grain,
    "brushed": _brushed,
    "weave": _weave,
    "noise": _bumps,
    "pores": _pores,
    "veins": _veins,
}
