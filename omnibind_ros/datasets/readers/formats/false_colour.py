"""Thermal pictures whose temperatures are not published: from colours to nominal degrees.

A thermal camera shows the coldest and the hottest point of a scene as the two ends of a palette,
and a picture file has the colours only. The position of a pixel along the palette can be recovered;
the temperatures of the ends cannot. They are therefore set to a nominal range, which items note in
meta['thermal'] = {palette, low, high, nominal}. The result is right about shapes and about which of
two points of a picture is warmer; degrees, and comparisons of two pictures, are not.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError

from .files import Pixels, load_image, shown

NOMINAL = (15.0, 38.0)
"""The ends of a palette in degrees Celsius: a mild day, and warm skin."""

COUNTS = (0.0, 51.0)
"""The ends as the node reads grey values of 8 bits whose unit is not set: 0.2 degrees each."""

PALETTES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "white-hot": ((0, 0, 0), (255, 255, 255)),
    # Seek Thermal's 'Spectra', read off the colour bars at the edges of the pictures of 'Thermal
    # Dogs and People': the median of 205 bars at 17 places, from cold to hot.
    "spectra": (
        (2, 1, 4),
        (3, 3, 53),
        (3, 11, 92),
        (2, 44, 156),
        (1, 88, 222),
        (1, 117, 222),
        (2, 136, 130),
        (0, 156, 15),
        (86, 187, 4),
        (169, 216, 4),
        (245, 246, 6),
        (250, 187, 5),
        (250, 114, 4),
        (249, 38, 2),
        (249, 108, 103),
        (253, 185, 184),
        (253, 253, 250),
    ),
}
"""Colours from cold to hot, evenly spaced, RGB."""

GREY_SPREAD = 12
"""Colour channels closer than this on average are grey: a white-hot picture."""

LEVELS = 256
BITS = 5


def describe(palette: str, low: float = NOMINAL[0], high: float = NOMINAL[1]) -> dict[str, Any]:
    """Return the entry about a thermal picture in an item's meta.

    Args:
        palette: One of `PALETTES`, or 'auto'.
        low: Temperature of the palette's cold end, in degrees Celsius.
        high: Temperature of its hot end.
    """
    return {"thermal": {"palette": palette, "low": low, "high": high, "nominal": True}}


@lru_cache(maxsize=8)
def _table(palette: str) -> npt.NDArray[np.float32]:
    """Return the position along the palette, 0..1, of each colour of 5 bits a channel."""
    anchors = np.array(PALETTES[palette], np.float32)
    along = np.linspace(0, 1, LEVELS, dtype=np.float32)
    places = np.linspace(0, 1, len(anchors))
    colours = np.stack([np.interp(along, places, anchors[:, c]) for c in range(3)], axis=1)
    step = 256 >> BITS
    grid = np.arange(1 << BITS, dtype=np.float32) * step + step / 2
    cells = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    nearest = np.concatenate(
        [((part - colours) ** 2).sum(axis=2).argmin(axis=1) for part in np.split(cells, 32)]
    )
    return np.asarray(along[nearest])


def to_temperature(
    pixels: Pixels, palette: str = "auto", low: float = NOMINAL[0], high: float = NOMINAL[1]
) -> npt.NDArray[np.float32]:
    """Turn the colours of a thermal picture into nominal temperatures.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        palette: One of `PALETTES`; 'auto': white-hot if the picture is grey, else spectra.
        low: Temperature of the palette's cold end, in degrees Celsius.
        high: Temperature of its hot end.

    Returns:
        float32 [H, W], nominal degrees Celsius.

    Raises:
        KeyError: There is no such palette.
    """
    if palette == "auto":
        values = pixels.astype(np.int16)
        grey = float((values.max(axis=2) - values.min(axis=2)).mean()) < GREY_SPREAD
        palette = "white-hot" if grey else "spectra"
    if palette == "white-hot":
        place = pixels.mean(axis=2, dtype=np.float32) / 255
    else:
        red, green, blue = (pixels[..., c].astype(np.int32) >> (8 - BITS) for c in range(3))
        place = _table(palette)[(red << 2 * BITS) | (green << BITS) | blue]
    return np.asarray(low + place * (high - low), np.float32)


def load_false_colour(
    path: Path,
    box: tuple[float, float, float, float] | None = None,
    palette: str = "auto",
    low: float = NOMINAL[0],
    high: float = NOMINAL[1],
) -> npt.NDArray[np.float32]:
    """Read a thermal picture, or a part of it, in nominal degrees Celsius.

    Args:
        path: The file.
        box: What to cut out, as `load_image` takes it.
        palette: As `to_temperature` takes it.
        low: Temperature of the palette's cold end, in degrees Celsius.
        high: Temperature of its hot end.

    Returns:
        float32 [H, W].

    Raises:
        SkipError: The picture cannot be used, or is of one colour.
    """
    degrees = to_temperature(load_image(path, box), palette, low, high)
    if degrees.min() == degrees.max():
        raise SkipError(shown(path), "the thermal picture is of one colour")
    return degrees
