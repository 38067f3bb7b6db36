"""What describes a gel pad with its lamps and its camera, and one press of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Heights = NDArray[np.float64]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Lamp:
    """A lamp beside the gel.

    Attributes:
        azimuth: Its direction, to the left of the picture's right side, radians.
        elevation: Above the gel, radians.
        colour: Of its light as the camera sees it, RGB.
        near: How much brighter its own side of the gel is; 0: as bright as the other side.
    """

    azimuth: float
    elevation: float
    colour: Colour
    near: float


@dataclass(frozen=True)
class Markers:
    """Dots that are printed on the gel and move with it.

    Attributes:
        pitch: Distance of two dots, metres.
        radius: Of a dot, metres.
        stretch: Length of a dot divided by its width.
        turn: Of the grid, radians.
        brightness: Of a dot, as a share of that of the gel: 0.2 is a black dot, 2 a white one.
        staggered: Whether every second row is shifted by half the pitch, as in TacTip.
    """

    pitch: float
    radius: float
    stretch: float = 1.0
    turn: float = 0.0
    brightness: float = 0.2
    staggered: bool = False


LAMPS = tuple(
    Lamp(math.radians(degrees), 0.4, colour, 0.35)
    for degrees, colour in (
        (90, (0.86, 0.09, 0.05)),
        (210, (0.08, 0.82, 0.10)),
        (330, (0.04, 0.12, 0.84)),
    )
)
"""A red, a green and a blue one. Each channel receives a little of the other two lights."""


@dataclass(frozen=True)
class Optics:
    """The lamps and the camera of a gel pad.

    Attributes:
        lamps: One to four.
        contrast: Change of the light by a slope, as a multiple of Lambert's law: above 1 for
            elastomers that shine, below 1 where much light is scattered.
        shadow: Share of a lamp's light that is lost in its shadow.
        ambient: Light without direction, as a share of all.
        tint: Colour of the elastomer, RGB.
        grey: Whether the camera is monochrome.
        markers: Dots on the gel; None for none.
        vignette: Loss of light in the corners, as a share.
        mask: Radius of a round field of view, as a share of half the shorter side; 0 for none.
        exposure: Mean grey value in the middle of the picture without contact.
        gamma: Exponent of the camera's response.
        blur: Standard deviation of the optics' blur, pixels.
        scale: Rows of the picture divided by those that are computed.
        noise: Standard deviation of the camera's noise, in grey values.
        quality: Of the JPEG compression, 0 for none.
        drift: Gain of each channel between the picture without contact and the contact.
    """

    lamps: tuple[Lamp, ...] = LAMPS
    contrast: float = 1.0
    shadow: float = 0.65
    ambient: float = 0.3
    tint: Colour = (1.0, 1.0, 1.0)
    grey: bool = False
    markers: Markers | None = None
    vignette: float = 0.2
    mask: float = 0.0
    exposure: float = 110.0
    gamma: float = 1.0
    blur: float = 0.0
    scale: float = 1.0
    noise: float = 1.5
    quality: int = 0
    drift: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class TouchSettings:
    """A gel pad and how it is pressed; its fields are stored with each sample.

    Attributes:
        kind: Which of `units.KINDS` it was drawn from.
        rows: Of the height map.
        columns: Of the height map.
        width: Of the height map, in metres.
        force: In newtons.
        stiffness: Pressure per depth of the gel, in N/m^3 (0.2 MPa over 4 mm: 5e7).
        tilt: Angle between the pad's axis and the surface's normal, in radians.
        tilt_towards: Direction in which it is tilted, in radians.
        turn: Turn of the pad about its axis, in radians.
        blur: Smoothing of the surface by the gel, standard deviation in metres.
        curvature: Of a domed gel, 1/m; 0 for a flat one.
        top: Where the dome's top is, as shares of half the width and half the height.
        spread: Height of the wide hollow around a contact, as a share of the wide mean of the
            indentation: the gel is displaced, not compressed.
        shear: Shift of the gel in the middle of the contact, across and down, in metres.
        twist: Turn of the gel in the middle of the contact, in radians.
        optics: Its lamps and its camera.
    """

    kind: str = "standard"
    rows: int = 120
    columns: int = 160
    width: float = 0.020
    force: float = 5.0
    stiffness: float = 5e7
    tilt: float = 0.0
    tilt_towards: float = 0.0
    turn: float = 0.0
    blur: float = 5e-5
    curvature: float = 0.0
    top: tuple[float, float] = (0.0, 0.0)
    spread: float = 0.0
    shear: tuple[float, float] = (0.0, 0.0)
    twist: float = 0.0
    optics: Optics = field(default_factory=Optics)

    @property
    def pitch(self) -> float:
        """Distance of two pixels of the height map, in metres."""
        return self.width / self.columns
