"""The sensors of a moving robot around one object, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from omnibind_ros.modalities import part

from . import simulated_modalities
from .generators import modality_generators
from .interface import Step, Subject
from .rendering.light import Light, draw_light
from .scene.camera import View
from .scene.surroundings import Surroundings, draw_surroundings

PERIOD, CONTACT = 4.0, 1.0
"""Seconds: the default period of contacts of the pad, and the length of each."""


def view_of(pose: View | ArrayLike, angle: float = 45.0) -> View:
    """Turn the pose of a sensor head into a view.

    Args:
        pose: A view, which is returned as it is; or a 4x4 homogeneous matrix in the object's
            frame, x forward, y left, z up (REP 103).
        angle: Field of view, in degrees, that goes with a matrix.

    Raises:
        ValueError: The matrix is not a pose.
    """
    if isinstance(pose, View):
        return pose
    matrix = np.asarray(pose, float)
    turn = matrix[:3, :3] if matrix.shape == (4, 4) else np.zeros((3, 3))
    if not (np.isfinite(matrix).all() and np.allclose(turn @ turn.T, np.eye(3), atol=1e-3)):
        raise ValueError("a pose must be a View or a 4x4 homogeneous matrix of a rotation.")
    position, forward = matrix[:3, 3], turn[:, 0]
    x, y, z = (float(value) for value in position)
    a, b, c = (float(value) for value in position + forward)
    level = View((x, y, z), (a, b, c), angle).rotation.astype(float)
    down = -turn[:, 2]
    roll = math.degrees(math.atan2(-float(down @ level[:, 0]), float(down @ level[:, 1])))
    return View((x, y, z), (a, b, c), angle, roll)


class SensorStreams:
    """All sensors that can be read along a motion, and their state between two steps."""

    def __init__(self, subject: Subject, rng: np.random.Generator) -> None:
        """Wait for the first step, at which the surroundings and the sensors are drawn.

        Args:
            subject: The object.
            rng: Random generator of all draws.
        """
        self._subject = subject
        self._shared, self._generators = modality_generators(rng)
        self._readers: dict[str, Callable[[Step], Any]] = {}
        self._scenery: tuple[Surroundings, Light] | None = None
        self._begin = 0.0
        self._last: tuple[View, float] | None = None

    def read(self, pose: View | ArrayLike, time: float, touching: bool | None) -> dict[str, Any]:
        """Read all sensors; arguments, returns and errors as of `Simulator.render`."""
        view = view_of(pose)
        if self._last is None:
            self._begin, self._last = time, (view, time)
        elif not time > self._last[1]:
            raise ValueError(
                f"time must go on: {time} s follows {self._last[1]} s; call reset to start anew."
            )
        if self._scenery is None:
            surroundings = draw_surroundings(self._subject.model, view, self._shared)
            light = draw_light(view, surroundings.outdoors, self._shared)
            self._scenery = surroundings, light
        (previous, then), self._last = self._last, (view, time)
        since = time - self._begin
        if touching is None:
            touching = since % PERIOD < CONTACT
        step = Step(self._subject, *self._scenery, previous, view, since, time - then, touching)
        if not self._readers:
            self._readers = self._open(step)
        return {modality: read(step) for modality, read in self._readers.items()}

    def _open(self, step: Step) -> dict[str, Callable[[Step], Any]]:
        readers = {}
        for modality in simulated_modalities():
            stream = getattr(part("simulation", modality), "Stream", None)
            if stream is not None:
                readers[modality] = stream(self._subject, step, self._generators[modality]).read
        return readers
