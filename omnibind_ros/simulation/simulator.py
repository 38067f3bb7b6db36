"""Simulated sensors on one object: paired samples, or readings along a motion."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from omnibind_ros.modalities import part

from . import simulated_modalities
from .generators import modality_generators
from .interface import Setup, Subject
from .language.descriptions import Description
from .objects.meshes import ObjectModel
from .rendering.light import draw_light
from .scene.camera import View, draw_view
from .scene.ray_casting import Scene
from .scene.surroundings import draw_surroundings
from .streams import SensorStreams
from .tactile.contact import find_contact
from .tactile.units import draw_pad


class Simulator:
    """The simulated sensors around one object.

    Everything is in the object's frame: the object rests, the sensors move. Not to be pickled, and
    used by one thread at a time.

    Attributes:
        subject: The object that the sensors measure.
    """

    def __init__(
        self,
        model: ObjectModel,
        label: str,
        description: Description,
        synonyms: Sequence[str] = (),
        called: str = "",
    ) -> None:
        """Put the object into a scene.

        Args:
            model: The object.
            label: Its class.
            description: What is known of the class.
            synonyms: Other words for the class; no sentence that hides the name uses them.
            called: What sentences call it, if that is finer than the class.

        Raises:
            MeshError: There is no ray caster on this machine.
        """
        own = description.of(model.name)
        self.subject = Subject(model, label, own, tuple(synonyms), Scene(model), called)
        self._streams: SensorStreams | None = None

    def sample(
        self, rng: np.random.Generator, modalities: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Take one paired sample.

        Args:
            rng: Random generator of all draws. Each sensor has a generator of its own, derived from
                it, so that a sensor's data do not depend on which others are read.
            modalities: Which sensors to read; None for all.

        Returns:
            By modality, data as datasets hold it (`omnibind_ros.datasets.samples`), of these sizes:
            image [224, 224, 3], at most 4096 points, thermal [H, W] of at most 120 rows, events of
            50 ms of a sensor of 128 x 128 to 320 x 240 pixels, touch [2, H, W, 3], audio [32000],
            six sentences. And meta, a dictionary that JSON can hold: view, light, what was touched,
            settings of each sensor.

        Raises:
            ValueError: A modality is unknown, or nothing of the object can be seen.
        """
        known = simulated_modalities()
        wanted = known if modalities is None else modalities
        unknown = sorted(set(wanted) - set(known))
        if unknown:
            raise ValueError(f"there is no modality '{unknown[0]}': use {', '.join(known)}.")
        shared, generators = modality_generators(rng)
        setup = self._draw_setup(shared)
        meta: dict[str, Any] = {
            "view": asdict(setup.view),
            "light": asdict(setup.light),
            "outdoors": setup.surroundings.outdoors,
            "substance": self.subject.model.materials[setup.contact.material].substance,
            "contact": setup.contact.point.tolist(),
        }
        data: dict[str, Any] = {}
        for modality in known:
            if modality in wanted:
                simulate = part("simulation", modality).simulate
                data[modality], meta[modality] = simulate(self.subject, setup, generators[modality])
        return {**data, "meta": meta}

    def render(
        self, pose: View | ArrayLike, time: float, touching: bool | None = None
    ) -> dict[str, Any]:
        """Read all sensors at the next step of a motion.

        Args:
            pose: Where the sensors are in the object's frame: a `View`, or a 4x4 homogeneous
                matrix of a sensor head with x forward, y left, z up (REP 103).
            time: In seconds; later than at the call before. `reset` starts anew.
            touching: Whether the pad is in contact; None: for the first of every four seconds.

        Returns:
            As `sample` gives, but without meta: event holds what happened since the call before,
            audio the sound since then, text one sentence; touch is None without a contact.

        Raises:
            ValueError: The time does not go on, the pose is none, or nothing can be touched.
        """
        if self._streams is None:
            self._streams = SensorStreams(
                self.subject, np.random.default_rng([self.subject.seed, 1])
            )
        return self._streams.read(pose, time, touching)

    def reset(self) -> None:
        """Forget the motion so far; the next `render` may be at any time."""
        self._streams = None

    def _draw_setup(self, rng: np.random.Generator) -> Setup:
        model, scene = self.subject.model, self.subject.scene
        view = draw_view(model, rng)
        surroundings = draw_surroundings(model, view, rng)
        light = draw_light(view, surroundings.outdoors, rng)
        pad = draw_pad(rng)
        return Setup(view, surroundings, light, pad, find_contact(scene, view, pad, rng))
