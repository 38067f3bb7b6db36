"""What simulated sensors are given: the object, and what they share in one sample or step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from omnibind_ros.arrays import Floats

from .language.descriptions import Description
from .objects.meshes import ObjectModel
from .rendering.light import Light
from .rendering.radiance import radiance
from .scene.camera import Camera, View
from .scene.ray_casting import Scene
from .scene.surroundings import Surroundings
from .tactile.contact import Contact
from .tactile.settings import TouchSettings

STEP_SIDE = 176
"""Rows and columns of the picture that is ray-cast at each step; sensors scale it."""


def object_seed(model: ObjectModel) -> int:
    """Return a number that depends on the object alone."""
    return int.from_bytes(hashlib.sha256(model.object_id.encode()).digest()[:8], "big")


@dataclass(frozen=True, eq=False)
class Subject:
    """The object that the sensors measure.

    Attributes:
        model: Its model.
        label: Its class.
        description: What is known of it.
        synonyms: Other words for the class; no description that hides the name uses them.
        scene: The model, ready for ray casting.
        called: What sentences call it: the finest name that it has, such as wristwatch of the class
            clock; empty: the class.
        around: The model with the things around it, as cameras see it; None: there are none.
    """

    model: ObjectModel
    label: str
    description: Description
    synonyms: tuple[str, ...]
    scene: Scene
    called: str = ""
    around: Scene | None = None

    @property
    def visible(self) -> Scene:
        """What cameras and range sensors see; the pad touches the object alone."""
        return self.around or self.scene

    @cached_property
    def seed(self) -> int:
        """A number that depends on the object alone."""
        return object_seed(self.model)


@dataclass(frozen=True)
class Setup:
    """What the sensors of one sample share.

    Attributes:
        view: Where the robot's sensors stand and look.
        surroundings: What lies around the object.
        light: The light.
        pad: The gel pad and how it is pressed.
        contact: Where the robot touches and taps the object.
    """

    view: View
    surroundings: Surroundings
    light: Light
    pad: TouchSettings
    contact: Contact


@dataclass(frozen=True, eq=False)
class Step:
    """One step along a motion.

    Attributes:
        subject: The object.
        surroundings: What lies around it.
        light: The light.
        previous: View of the step before; at the first step the same as `view`.
        view: Where the sensors stand and look now.
        time: Seconds since the first step.
        elapsed: Seconds since the step before.
        touching: Whether the gel pad is in contact.
    """

    subject: Subject
    surroundings: Surroundings
    light: Light
    previous: View
    view: View
    time: float
    elapsed: float
    touching: bool

    @property
    def camera(self) -> Camera:
        """The camera of `radiance`."""
        return Camera(self.view, STEP_SIDE, STEP_SIDE)

    @cached_property
    def radiance(self) -> Floats:
        """Light on the camera's pixels, linear RGB, float32 [STEP_SIDE, STEP_SIDE, 3].

        The light is sampled alike at every step: a change of that noise would look like motion.
        """
        rng = np.random.default_rng(0)
        return radiance(self.subject.visible, self.camera, self.surroundings, self.light, rng)
