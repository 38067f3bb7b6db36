"""What the pixels of a thermal image stand for: set by hand, or guessed from the pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.units import ABSOLUTE_ZERO

from .base import Doubt, Issue, RejectedSampleError

SCENE = (-60.0, 200.0)
"""Range of the median of a scene, degrees Celsius, where the unit is guessed. As kelvins it is
213.15 .. 473.15, which is outside of it, so that the median tells the two units apart."""

TYPICAL = (-40.0, 150.0)
"""Range of typical medians, degrees Celsius; a unit is suggested if the median is in it."""


Pixels = npt.NDArray[Any]
Ends = tuple[float, float]


class Unit(NamedTuple):
    """From pixels to degrees Celsius.

    Attributes:
        name: A choice of the parameter unit.
        scale: Degrees Celsius per step of a pixel.
        offset: Degrees Celsius at 0.
        guess: The doubt of a unit that is guessed; empty if it was set.
    """

    name: str
    scale: float
    offset: float
    guess: tuple[Doubt, ...] = ()


UNITS = {
    unit.name: unit
    for unit in (
        Unit("centikelvin", 0.01, ABSOLUTE_ZERO),
        Unit("decikelvin", 0.1, ABSOLUTE_ZERO),
        Unit("kelvin", 1.0, ABSOLUTE_ZERO),
        Unit("celsius", 1.0, 0.0),
    )
}
"""The units that a user can name."""

COUNTS = Unit("counts", 0.2, 0.0)
"""Counts of 8 bits whose scale is not set. Pictures of 8 bits are mostly stretched to the scene's
contrast, so that the temperature is lost; 0 .. 51 deg C is the range of rooms and people."""


class Guess(NamedTuple):
    """A unit that is taken if the median of the pixels is between low and high."""

    unit: Unit
    low: float
    high: float


def _guess(unit: Unit, text: str) -> Guess:
    low, high = ((end - unit.offset) / unit.scale for end in SCENE)
    return Guess(unit._replace(guess=(Doubt(Issue.UNIT_GUESSED, text),)), low, high)


_GUESSES = {
    1: (
        _guess(
            COUNTS,
            "the pixels of 8 bits are read as counts of 0.2 deg C because the parameter unit is "
            "auto, but most cameras stretch their contrast; set scale and offset, or publish 16 "
            "bits",
        ),
    ),
    2: (
        _guess(
            UNITS["centikelvin"],
            "the pixels of 16 bits are read as centikelvin because most radiometric cameras give "
            "these and the parameter unit is auto; set unit, or scale and offset, as the camera's "
            "manual says",
        ),
    ),
    4: (
        _guess(
            UNITS["kelvin"],
            "the pixels are read as kelvin because their median is between 213 and 473 and the "
            "parameter unit is auto; set unit to kelvin if that is right",
        ),
        _guess(
            UNITS["celsius"],
            "the pixels are read as degrees Celsius because their median is between -60 and 200 "
            "and the parameter unit is auto; set unit to celsius if that is right",
        ),
    ),
}
"""The units that are guessed, by bytes per pixel."""


def choose_unit(pixels: Pixels, ends: Ends, unit: str, scale: float, offset: float) -> Unit:
    """Return what the pixels stand for.

    Args:
        pixels: float32, uint16 or uint8 [height, width].
        ends: The smallest and the largest pixel; NaN if one is.
        unit: The parameter unit.
        scale: The parameter scale.
        offset: The parameter offset.

    Raises:
        RejectedSampleError: The unit is guessed, and no guess gives the median of a scene; or it is
            counts without a scale.
    """
    if unit in UNITS:
        return UNITS[unit]
    if scale:
        return Unit("counts", scale, offset)
    size = pixels.dtype.itemsize
    if size == 1:
        return _GUESSES[1][0].unit
    if unit == "counts":
        raise RejectedSampleError(
            "unit is counts, but scale is 0, so that no temperature follows from the pixels; set "
            "scale and offset as the camera's manual says"
        )
    for within in (_all_within, _most_within, _median_within):  # the first are fast
        for guess in _GUESSES[size]:
            if within(pixels, ends, guess.low, guess.high):
                return guess.unit
    raise RejectedSampleError(_implausible(pixels))


def _all_within(_pixels: Pixels, ends: Ends, low: float, high: float) -> bool:
    return low <= ends[0] and ends[1] <= high and any(ends)  # 0 alone says nothing


def _most_within(pixels: Pixels, _ends: Ends, low: float, high: float) -> bool:
    seen = pixels >= low
    seen &= pixels <= high
    if low <= 0:
        seen &= pixels != 0
    return bool(2 * np.count_nonzero(seen) >= pixels.size)


def _median_within(pixels: Pixels, _ends: Ends, low: float, high: float) -> bool:
    """Return whether the median of the pixels that are finite and not 0 is within the range."""
    seen = pixels != 0
    seen &= np.isfinite(pixels)
    half = np.count_nonzero(seen) / 2
    below, above = (np.count_nonzero(seen & far) for far in (pixels < low, pixels > high))
    return bool(half > 0 and below <= half and above <= half)


def median(pixels: Pixels) -> float:
    """Return the median of the pixels that are finite and not 0; 0 if there are none."""
    seen = pixels[(pixels != 0) & np.isfinite(pixels)]
    every = max(seen.size // 10_000, 1)  # enough for a sentence, however large the image
    return float(np.median(seen[::every])) if seen.size else 0.0


def advice(middle: float) -> str:
    """Return which parameters to set.

    Args:
        middle: Median of the pixels.
    """
    for unit in UNITS.values():
        celsius = middle * unit.scale + unit.offset
        if TYPICAL[0] <= celsius <= TYPICAL[1]:
            return (
                f"set the parameter unit to {unit.name} (median {celsius:.1f} deg C) or to counts"
            )
    return "set the parameter unit to counts, with the camera's scale and offset"


def _implausible(pixels: Pixels) -> str:
    bad = 1 - np.count_nonzero(np.isfinite(pixels)) / pixels.size
    if bad > 0.5:
        return f"{bad:.0%} of the thermal image is NaN or infinite; check the camera's driver"
    middle = median(pixels)
    if not middle:
        return "every pixel of the thermal image is 0; check the camera, or set the parameter unit"
    read = " and ".join(
        f"{middle * unit.scale + unit.offset:.1f} deg C as {unit.name}"
        for unit, _, _ in _GUESSES[pixels.dtype.itemsize]
    )
    return (
        f"the median of the thermal image would be {read}, which is no scene within "
        f"{SCENE[0]:.0f} .. {SCENE[1]:.0f} deg C, and unit is auto; {advice(middle)}"
    )
