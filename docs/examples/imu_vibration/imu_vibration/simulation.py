"""A gripper's IMU while its finger taps an object: a mass on a damped spring, from the material.

The finger and what moves with it are one mass; the spring is the contact of a spherical fingertip
with the object's material (Hertz, see Johnson, Contact Mechanics, 1985, eq. 4.23, linearised at the
mean force) in series with the rubber of the fingertip; the object's own mass moves too. So the
finger vibrates slower on soft objects and faster on light ones. It is a minimal example.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.simulation.interface import Setup, Subject
from omnibind_ros.simulation.objects.substances import SUBSTANCES

from . import RATE

SECONDS = 2.0
GRAVITY = 9.81
NOISE = 0.01
"""Standard deviation of an IMU's noise at `RATE`, m/s2."""

FINGER = 0.15
"""Mass of the finger and what moves with it, kg."""

RADIUS = 0.008
"""Radius of the fingertip, m."""

RUBBER = 8e3
"""Stiffness of the fingertip's rubber, N/m: on a rigid, heavy object the finger has 37 Hz."""

FILLED = 0.05
"""Share of an object's bounding box that is material."""


def resonance(modulus: float, density: float, size: npt.ArrayLike) -> float:
    """Return the frequency of the finger on an object, Hz.

    Args:
        modulus: Young's modulus of the material, Pa.
        density: Density of the material, kg/m3.
        size: Extents of the object, m, [3].
    """
    # Pressed in by 0.01 mm, the contact has the stiffness 2 E sqrt(R d).
    contact = 2 * modulus * np.sqrt(RADIUS * 1e-5)
    stiffness = 1 / (1 / contact + 1 / RUBBER)
    mass = max(FILLED * density * float(np.prod(np.asarray(size))), 1e-3)
    reduced = 1 / (1 / FINGER + 1 / mass)
    return float(np.clip(np.sqrt(stiffness / reduced) / (2 * np.pi), 4.0, 0.45 * RATE))


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Record two seconds in which the finger taps the object one to three times.

    Args:
        subject: The object.
        setup: Where it is touched.
        rng: Source of randomness.

    Returns:
        float32 [n, 3], m/s2, in the axes of an IMU that is mounted in any orientation; and what was
        drawn.
    """
    substance = SUBSTANCES[subject.model.materials[setup.contact.material].substance]
    frequency = resonance(substance.youngs_modulus, substance.density, subject.model.size)
    frequency *= float(np.exp(0.1 * rng.standard_normal()))
    damping = float(np.clip(0.03 + substance.loss_factor, 0.03, 0.3))
    orientation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    time = np.arange(round(SECONDS * RATE)) / RATE
    along = np.zeros(time.size)  # acceleration along the finger
    taps = np.sort(rng.uniform(0.1, SECONDS - 0.4, rng.integers(1, 4)))
    for tap in taps:
        after = np.maximum(time - tap, 0.0)
        angle = 2 * np.pi * frequency * after
        along += rng.uniform(1, 8) * np.exp(-damping * angle) * np.sin(angle)
    moving = along[:, None] * orientation[0] + GRAVITY * orientation[1]
    values = moving + rng.normal(0, NOISE, moving.shape)
    return values.astype(np.float32), {"frequency": frequency, "taps": taps.tolist()}
