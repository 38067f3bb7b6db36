"""Kinds of gel pads, and draws of one unit of a kind.

The ranges cover the pads that are published or sold: flat ones with three coloured lamps
(GelSight, Yuan et al. 2017; GelSight Mini; with printed dots for shear), small upright ones (DIGIT,
Lambeta et al. 2020), ones with a round field of view and a coloured rim, ones of a workshop with
weak contrast, and domes with dots in grey light (TacTip, Ward-Cherrier et al. 2018). One of
seven units mixes the ranges of all kinds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .settings import Colour, Lamp, Markers, Optics, TouchSettings

Range = tuple[float, float]


_WIDE, _UPRIGHT, _SQUARE, _LONG = (120, 160), (160, 120), (140, 140), (104, 184)


class Kind(NamedTuple):
    """Ranges of a kind of pads; the defaults are those of all kinds together.

    Attributes:
        share: Of the units that are of this kind.
        shapes: Rows and columns of the height map.
        width: Metres.
        lights: Kinds of lamps, see `_colours`.
        elevation: Of the lamps, radians.
        near: `Lamp.near`.
        contrast: `Optics.contrast`.
        curvature: Of the gel, 1/m.
        blur: Of the surface by the gel, metres.
        markers: Share of the units with dots.
        mask: Share of the units with a round field of view.
        grey: Share of the units with a monochrome camera.
        exposure: `Optics.exposure`.
    """

    share: float
    shapes: tuple[tuple[int, int], ...] = (_WIDE, _UPRIGHT, _SQUARE, _LONG)
    width: Range = (0.012, 0.036)
    lights: tuple[str, ...] = ("primary", "pastel", "two", "white")
    elevation: Range = (0.25, 1.2)
    near: Range = (0.0, 1.4)
    contrast: Range = (0.7, 2.4)
    curvature: Range = (0.0, 25.0)
    blur: Range = (3e-5, 2.5e-4)
    markers: float = 0.25
    mask: float = 0.3
    grey: float = 0.2
    exposure: Range = (50, 170)


KINDS: dict[str, Kind] = {
    "flat": Kind(
        0.40,
        (_WIDE,),
        (0.017, 0.026),
        ("primary", "pastel"),
        elevation=(0.3, 0.8),
        near=(0.1, 0.6),
        contrast=(0.9, 2.2),
        curvature=(0.0, 6.0),
        blur=(3e-5, 8e-5),
        markers=0.25,
        mask=0.0,
        grey=0.0,
        exposure=(80, 150),
    ),
    "upright": Kind(
        0.15,
        (_UPRIGHT,),
        (0.012, 0.018),
        ("primary",),
        elevation=(0.3, 0.8),
        near=(0.4, 1.4),
        contrast=(0.8, 1.8),
        curvature=(2.0, 20.0),
        blur=(6e-5, 1.8e-4),
        markers=0.1,
        mask=0.0,
        grey=0.0,
        exposure=(60, 120),
    ),
    "round": Kind(
        0.12,
        (_SQUARE, _WIDE),
        (0.014, 0.026),
        ("primary", "pastel"),
        elevation=(0.3, 0.7),
        near=(0.2, 1.0),
        contrast=(1.0, 2.4),
        curvature=(0.0, 15.0),
        blur=(4e-5, 1.5e-4),
        markers=0.2,
        mask=0.5,
        grey=0.0,
        exposure=(90, 170),
    ),
    "workshop": Kind(
        0.12,
        (_LONG, _WIDE),
        (0.018, 0.034),
        ("pastel", "two"),
        elevation=(0.4, 1.1),
        near=(0.1, 0.7),
        contrast=(0.7, 1.6),
        curvature=(0.0, 20.0),
        blur=(6e-5, 2.5e-4),
        markers=0.1,
        mask=0.1,
        grey=0.1,
        exposure=(90, 160),
    ),
    "dome": Kind(
        0.06,
        (_WIDE, _SQUARE),
        (0.020, 0.036),
        ("white",),
        elevation=(0.5, 1.2),
        near=(0.0, 0.5),
        contrast=(0.6, 1.4),
        curvature=(10.0, 35.0),
        blur=(8e-5, 3e-4),
        markers=0.75,
        mask=0.7,
        grey=0.7,
        exposure=(40, 130),
    ),
    "mixed": Kind(0.15),
}

_PRIMARIES = np.eye(3)


def draw_pad(rng: np.random.Generator) -> TouchSettings:
    """Draw a unit of some kind, and a press of it.

    Args:
        rng: Random generator.
    """
    shares = [kind.share for kind in KINDS.values()]
    name = str(rng.choice(list(KINDS), p=np.divide(shares, sum(shares))))
    kind = KINDS[name]
    rows, columns = kind.shapes[int(rng.integers(len(kind.shapes)))]
    width = _between(kind.width, rng)
    direction, slip = float(rng.uniform(0, 2 * math.pi)), width * abs(float(rng.normal(0, 0.012)))
    return TouchSettings(
        kind=name,
        rows=rows,
        columns=columns,
        width=width,
        force=_between((1.5, 15.0), rng),
        stiffness=_between((2e7, 9e7), rng),
        tilt=float(abs(rng.normal(0, 0.05))),
        tilt_towards=float(rng.uniform(0, 2 * math.pi)),
        turn=float(rng.uniform(0, 2 * math.pi)),
        blur=_between(kind.blur, rng),
        curvature=float(rng.uniform(*kind.curvature)),
        top=(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5))),
        spread=float(rng.uniform(0, 0.4)),
        shear=(slip * math.cos(direction), slip * math.sin(direction)),
        twist=float(rng.normal(0, 0.04)),
        optics=_draw_optics(kind, width, rng),
    )


def _between(limits: Range, rng: np.random.Generator) -> float:
    """Draw evenly in the logarithm, as factors between units are as likely up as down."""
    return float(math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1]))))


def _draw_optics(kind: Kind, width: float, rng: np.random.Generator) -> Optics:
    tint = np.exp(rng.normal(0, 0.08, 3))
    drift = rng.normal(1, 0.012, 3) * rng.normal(1, 0.01)
    return Optics(
        lamps=_draw_lamps(kind, rng),
        contrast=_between(kind.contrast, rng),
        shadow=float(rng.uniform(0, 0.7)),
        ambient=float(rng.uniform(0.05, 0.6)),
        tint=_triple(tint),
        grey=bool(rng.random() < kind.grey),
        markers=_draw_markers(width, rng) if rng.random() < kind.markers else None,
        vignette=float(rng.uniform(0.0, 0.7)),
        mask=float(rng.uniform(0.85, 1.15)) if rng.random() < kind.mask else 0.0,
        exposure=float(rng.uniform(*kind.exposure)),
        gamma=float(rng.uniform(0.75, 1.25)),
        blur=float(rng.uniform(0.0, 1.0)),
        scale=float(rng.choice([1.0, 1.0, 1.0, 0.75, 0.6])),
        noise=_between((0.4, 2.0), rng),
        quality=int(rng.integers(55, 96)) if rng.random() < 0.35 else 0,
        drift=_triple(drift),
    )


def _draw_lamps(kind: Kind, rng: np.random.Generator) -> tuple[Lamp, ...]:
    light = kind.lights[int(rng.integers(len(kind.lights)))]
    colours = _colours(light, rng)
    first = rng.uniform(0, 2 * math.pi)
    turn = 2 * math.pi / len(colours) * (1 if rng.random() < 0.5 else -1)
    elevation, near = _between(kind.elevation, rng), float(rng.uniform(*kind.near))
    return tuple(
        Lamp(
            azimuth=float(first + turn * number + rng.normal(0, 0.15)),
            elevation=float(np.clip(elevation * math.exp(rng.normal(0, 0.12)), 0.2, 1.3)),
            colour=_triple(colour * rng.uniform(0.7, 1.3)),
            near=near * float(rng.uniform(0.7, 1.3)),
        )
        for number, colour in enumerate(colours)
    )


def _colours(light: str, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Draw the colours of lamps: primary, pastel, two or white ones."""
    if light == "white":
        warm = rng.uniform(-0.12, 0.12)
        return [np.array([1 + warm, 1.0, 1 - warm])] * int(rng.integers(1, 5))
    count = 2 if light == "two" else int(rng.choice([3, 3, 3, 3, 2, 4]))
    # What of a lamp's light the channels of the other colours receive.
    leak = rng.uniform(0.3, 0.7) if light == "pastel" else rng.uniform(0.03, 0.3)
    order = rng.permutation(3)
    colours = [_PRIMARIES[order[number % 3]] for number in range(count)]
    if count == 4:
        colours[3] = np.ones(3) * 0.6
    hue = rng.uniform(0, 0.15, (count, 3))
    return [
        (1 - leak) * colour + leak * 0.6 + each for colour, each in zip(colours, hue, strict=True)
    ]


def _draw_markers(width: float, rng: np.random.Generator) -> Markers:
    pitch = width / float(rng.uniform(7, 20))
    return Markers(
        pitch=pitch,
        radius=pitch * float(rng.uniform(0.12, 0.28)),
        stretch=float(rng.uniform(1.0, 1.6)),
        turn=float(rng.choice([0.0, rng.uniform(0, math.pi)])),
        brightness=float(rng.uniform(0.1, 0.6) if rng.random() < 0.8 else rng.uniform(1.4, 2.2)),
        staggered=bool(rng.random() < 0.3),
    )


def _triple(values: NDArray[np.float64]) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue
