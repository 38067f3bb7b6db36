"""The sound of a tap: modal synthesis from size, shape and material.

A struck body sounds as a sum of decaying modes (van den Doel and Pai 1998, "The sounds of physical
shapes"). Sizes and elastic constants give the frequencies, with the closed formulas for ideal
bodies; internal friction gives the damping (Wildes and Richards 1988); where and how hard it is hit
gives the amplitudes. ObjectFolder (Gao et al. 2021) takes the modes from finite elements of the
mesh instead; that needs a watertight mesh, and the furniture models are not watertight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.units import SAMPLE_RATE

from .synthesis import Rng, Wave, ring

SHAPES = ("plate", "bar", "shell", "solid", "soft")
"""The shape classes, each with its own formula for the modes."""

POISSON = 0.3
_MAX_MODES = 128
_LOWEST, _HIGHEST = 30.0, 7600.0
_SPEED_OF_SOUND = 343.0

# Wavenumbers of a free bar, (beta L / pi) * 2: Fletcher and Rossing 1998, section 2.15.
_BAR = np.array([3.011, *range(5, 41, 2)], float)


@dataclass(frozen=True)
class Body:
    """A body that can be struck, with the figures that the formulas need.

    Attributes:
        shape: One of `SHAPES`.
        size: Its extents in metres, in any order.
        thickness: Of its wall, panel or profile, in metres.
        young: Young's modulus in Pa.
        density: In kg/m^3.
        loss: Loss factor (the tangent of the angle of internal friction).
    """

    shape: str
    size: tuple[float, float, float]
    thickness: float
    young: float
    density: float
    loss: float


@dataclass(frozen=True)
class Strike:
    """How a body is hit.

    Attributes:
        place: Where, as shares of the body's extents, [3] in 0..1.
        speed: Of the striker on contact, in m/s.
        mass: Of the striker, in kg.
        radius: Of its tip, in metres.
        young: Of its tip, in Pa: rubber about 1e7, a knuckle 1e8, steel 2e11.
    """

    place: tuple[float, float, float]
    speed: float = 0.3
    mass: float = 0.02
    radius: float = 0.008
    young: float = 1e9

    @staticmethod
    def draw(rng: Rng) -> Strike:
        """Draw a tap of a robot's finger, stick or mallet."""
        x, y, z = rng.uniform(0.05, 0.95, 3)
        return Strike(
            (x, y, z),
            speed=float(rng.uniform(0.1, 0.8)),
            mass=float(rng.uniform(0.01, 0.06)),
            radius=float(rng.uniform(0.004, 0.012)),
            young=float(10 ** rng.uniform(8.0, 10.5)),
        )


class Modes(NamedTuple):
    """What rings: frequencies in Hz, decay rates in 1/s and gains at the struck place, each [K]."""

    frequency: NDArray[np.float64]
    decay: NDArray[np.float64]
    gain: NDArray[np.float64]


def modes(body: Body, place: tuple[float, float, float], support: float = 6.0) -> Modes:
    """Compute the modes of a body and how much a hit at a place excites each.

    Args:
        body: What is hit.
        place: Where, as shares of the extents, in 0..1.
        support: Decay rate in 1/s due to what holds the body and to the air.

    Returns:
        At most 128 modes between 30 and 7600 Hz, ascending; if there are more, evenly chosen.

    Raises:
        ValueError: The body's shape is unknown, or one of its figures is not positive.
    """
    if body.shape not in SHAPES:
        raise ValueError(f"a body's shape is '{body.shape}': use one of {', '.join(SHAPES)}.")
    figures = (*body.size, body.thickness, body.young, body.density, body.loss)
    if not all(math.isfinite(figure) and figure > 0 for figure in figures):
        raise ValueError(f"the figures of a body are {figures}: all must be positive numbers.")
    formula = {"plate": _plate, "bar": _bar, "shell": _shell, "solid": _solid, "soft": _solid}
    frequency, shape = formula[body.shape](body, place)
    audible = (frequency > _LOWEST) & (frequency < _HIGHEST)
    if not audible.any():
        # Too small or too stiff for a mode below the limit: the nearest mode gives the click.
        nearest = int(np.argmin(np.abs(np.log(frequency / _HIGHEST))))
        frequency, shape = np.array([min(float(frequency[nearest]), _HIGHEST)]), shape[:1]
        audible = np.ones(1, bool)
    frequency, shape = frequency[audible], shape[audible]
    order = np.argsort(frequency)
    if order.size > _MAX_MODES:
        # The modes that stay get the energy of those that are left out.
        shape = shape * math.sqrt(order.size / _MAX_MODES)
        order = order[np.linspace(0, order.size - 1, _MAX_MODES).astype(int)]
    frequency, shape = frequency[order], shape[order]
    # A loss factor eta damps a mode at pi eta f (half the angular frequency times eta).
    decay = support + np.pi * body.loss * frequency
    return Modes(frequency, decay, shape * _radiation(frequency, body))


def contact_time(body: Body, strike: Strike) -> float:
    """Return how long a striker touches the body, in seconds.

    Hertz's impact of a sphere on a half-space: 2.87 (m^2 / (R E*^2 v))^(1/5) (Johnson 1985,
    Contact Mechanics, section 11.4), limited to what a finger or stick can do.
    """
    share = 1 - POISSON**2
    stiffness = 1 / (share / body.young + share / strike.young)
    time = (strike.mass**2 / (strike.radius * stiffness**2 * strike.speed)) ** 0.2 * 2.87
    return float(np.clip(time, 5e-5, 2e-2))


def tap(body: Body, strike: Strike, rng: Rng, count: int) -> Wave:
    """Synthesise one tap.

    Args:
        body: What is hit.
        strike: How and where.
        rng: Random generator of the sign of each mode at the microphone and of irregularities.
        count: Length in samples.

    Returns:
        float64 [count]; the level follows force and mass, its scale is arbitrary.
    """
    frequency, decay, gain = modes(body, strike.place, support=float(rng.uniform(3, 12)))
    time = contact_time(body, strike)
    force = strike.mass * strike.speed * _half_sine(frequency, time)
    # A mode's velocity after an impulse is the impulse over the modal mass.
    side = rng.choice((-1.0, 1.0), frequency.size)
    side = side * np.exp(0.4 * rng.standard_normal(frequency.size))
    jitter = 1 + 0.01 * rng.standard_normal(frequency.size)
    wave = ring(frequency * jitter, decay, gain * side * force / _mass(body), count)
    return wave + _thud(body, strike, time, count)


def _thud(body: Body, strike: Strike, time: float, count: int) -> Wave:
    """Return the pulse of the rigid body (acceleration noise, Chadwick et al. 2012)."""
    length = min(max(round(time * SAMPLE_RATE), 2), count)
    phase = np.pi * np.arange(length) / length
    wave = np.zeros(count)
    wave[:length] = np.cos(phase) * np.sin(phase)
    impulse = strike.mass * strike.speed / (_mass(body) + strike.mass)
    return wave * impulse * 0.3


def _half_sine(frequency: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """Return the spectrum, 1 at 0 Hz, of a force that lasts `time` seconds as half a sine."""
    x = 2 * frequency * time
    pole = np.abs(x - 1) < 1e-6
    safe = np.where(pole, 0.0, x)
    value = np.cos(np.pi * safe / 2) / (1 - np.square(safe))
    return np.abs(np.where(pole, np.pi / 4, value))


def _radiation(frequency: NDArray[np.float64], body: Body) -> NDArray[np.float64]:
    """Return how well a body of this size radiates a frequency: (ka)^2 / (1 + (ka)^2)."""
    reach = sorted(body.size)[1] / 2
    ka = np.square(2 * np.pi * frequency / _SPEED_OF_SOUND * reach)
    return ka / (1 + ka)


def _mass(body: Body) -> float:
    """Return the mass that a mode moves, in kg: a quarter of the struck part."""
    a, b, c = sorted(body.size, reverse=True)
    wall = min(body.thickness, c)
    volume = {
        "plate": a * b * wall,
        "bar": a * wall * wall,
        "shell": 2 * (a * b + b * c + a * c) * wall,
    }.get(body.shape, a * b * c)
    return max(body.density * volume / 4, 1e-3)


_Formula = tuple[NDArray[np.float64], NDArray[np.float64]]


def _plate(body: Body, place: tuple[float, float, float]) -> _Formula:
    """Simply supported thin rectangular plate: Fletcher and Rossing 1998, section 3.5."""
    a, b, _ = sorted(body.size, reverse=True)
    m, n = (grid.ravel() for grid in np.mgrid[1:31, 1:31])
    stiffness = math.sqrt(body.young / (12 * body.density * (1 - POISSON**2))) * body.thickness
    frequency = np.pi / 2 * stiffness * (np.square(m / a) + np.square(n / b))
    return frequency, np.sin(np.pi * m * place[0]) * np.sin(np.pi * n * place[1])


def _bar(body: Body, place: tuple[float, float, float]) -> _Formula:
    """Free bar, bent: Fletcher and Rossing 1998, section 2.15; mode shapes as cosines."""
    length = max(body.size)
    gyration = body.thickness / math.sqrt(12)
    speed = math.sqrt(body.young / body.density)
    frequency = np.pi * gyration * speed / (8 * length**2) * np.square(_BAR)
    return frequency, np.cos(np.pi * _BAR / 2 * place[0])


def _shell(body: Body, place: tuple[float, float, float]) -> _Formula:
    """Thin cylinder on a foot, open or closed above.

    Donnell and Mushtari's formula (Soedel 2004, Vibrations of Shells and Plates), with Rayleigh's
    inextensional factor (n^2 - 1)^2 / (n^2 (n^2 + 1)) on the bending, which makes it right for the
    free rim (m = 0), where it would be too stiff.
    """
    height, *across = sorted(body.size, reverse=True)
    radius = sum(across) / 4
    m, n = (grid.ravel() for grid in np.mgrid[0:7, 2:14])
    axial = np.square(m * np.pi * radius / height)
    square = np.square(n)
    stretch = (1 - POISSON**2) * np.square(axial / (axial + square))
    rayleigh = np.square(square - 1) / (square * (square + 1))
    bend = (body.thickness / radius) ** 2 / 12 * np.square(axial + square) * rayleigh
    scale = body.young / (body.density * radius**2 * (1 - POISSON**2))
    frequency = np.sqrt(scale * (stretch + bend)) / (2 * np.pi)
    along = np.where(m == 0, place[1], np.sin(np.pi * m * place[1]))
    return frequency, np.cos(2 * np.pi * n * place[0]) * along


def _solid(body: Body, place: tuple[float, float, float]) -> _Formula:
    """Block with free faces, waves along its edges at sqrt(E / density)."""
    size = np.array(sorted(body.size, reverse=True))
    order = np.array([grid.ravel() for grid in np.mgrid[0:6, 0:5, 0:4]])[:, 1:]
    frequency = (
        math.sqrt(body.young / body.density) / 2 * np.linalg.norm(order / size[:, None], axis=0)
    )
    return frequency, np.cos(np.pi * order * np.array(place)[:, None]).prod(axis=0)
