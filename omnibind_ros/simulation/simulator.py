"""Seven sensors on one object: paired samples in bulk, or live along a motion."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from omnibind_ros.modalities import MODALITIES

from .audio import AudioSettings, body_of, render_audio
from .event import EventCamera, EventSettings
from .image import ImageSettings, render_image
from .language.descriptions import Facts
from .objects.meshes import ObjectModel
from .objects.substances import SUBSTANCES
from .points import PointSettings, render_points
from .rendering.light import Light, draw_light
from .rendering.motion import Motion, moving_frames
from .scene.camera import View, draw_view
from .scene.ray_casting import Scene
from .scene.surroundings import Surroundings, draw_surroundings
from .sound.impacts import Body
from .streams import LiveSensors
from .tactile.contact import Contact, find_contact
from .tactile.gel import TouchSettings
from .text import describe
from .thermal import ThermalSettings, render_thermal
from .touch import render_touch

EVENT_SHAPE = (128, 128)
"""Rows and columns of the event camera."""

EVENT_WINDOW_NS = 50_000_000
"""Length of an event window."""

SENTENCES = 6
"""Descriptions of a sample."""

_NOTICED = 0.08
"""Share of the surface below which nobody mentions a substance."""

Reading = tuple[dict[str, Any], dict[str, Any]]
"""What a sensor adds to a sample's data, and its settings."""


@dataclass(frozen=True)
class Moment:
    """What the sensors of one sample share.

    Attributes:
        view: Where the robot stands and looks.
        surroundings: What lies around the object.
        light: The light.
        pad: The gel pad and how it is pressed.
        contact: Where the robot touches and taps.
    """

    view: View
    surroundings: Surroundings
    light: Light
    pad: TouchSettings
    contact: Contact


class Simulator:
    """The seven sensors around one object.

    Everything is in the object's frame: the object rests, the sensors move. Not to be pickled, and
    used by one thread at a time.
    """

    def __init__(
        self, model: ObjectModel, label: str, facts: Facts, synonyms: Sequence[str] = ()
    ) -> None:
        """Put the object into a scene.

        Args:
            model: The object.
            label: Its class.
            facts: What is known of the class.
            synonyms: Other words for the class; no description that hides the name uses them.

        Raises:
            MeshError: There is no ray caster on this machine.
        """
        self.model, self.label = model, label
        self.facts, self.synonyms = facts.of(model.name), tuple(synonyms)
        self.scene = Scene(model)
        self._bodies: dict[str, Body] = {}
        self._live: LiveSensors | None = None
        self._sensors: dict[str, Callable[[Moment, np.random.Generator], Reading]] = {
            "image": self._image,
            "text": self._text,
            "touch": self._touch,
            "thermal": self._thermal,
            "event": self._event,
            "points": self._points,
            "audio": self._audio,
        }

    def sample(
        self, rng: np.random.Generator, modalities: Collection[str] = tuple(MODALITIES)
    ) -> dict[str, Any]:
        """Take one paired sample.

        Args:
            rng: Source of all chance; each sensor gets a generator of its own spawned from it, so
                that a sensor's data do not depend on which others are asked for.
            modalities: Which sensors to read.

        Returns:
            By modality: image uint8 [224, 224, 3]; points float32 [N, 3] in metres; thermal
            float32 [120, 160] in degrees Celsius; event a dict of x, y (uint16), t (int64 ns),
            p (uint8), width, height, duration_ns; touch uint8 [120, 160, 3], and with it
            touch_reference; audio int16 [32000]; text a list of sentences. And meta, a dict that
            JSON can hold: view, light, settings, what was touched.

        Raises:
            ValueError: A modality is unknown, or nothing of the object can be seen.
        """
        unknown = sorted(set(modalities) - set(MODALITIES))
        if unknown:
            raise ValueError(f"there is no modality '{unknown[0]}': use {', '.join(MODALITIES)}.")
        chance = dict(zip(("moment", *MODALITIES), rng.spawn(1 + len(MODALITIES)), strict=True))
        moment = self._moment(chance["moment"])
        material = self.model.materials[moment.contact.material]
        meta: dict[str, Any] = {
            "view": asdict(moment.view),
            "light": asdict(moment.light),
            "outdoors": moment.surroundings.outdoors,
            "substance": material.substance,
            "contact": moment.contact.point.tolist(),
        }
        data: dict[str, Any] = {}
        for modality in MODALITIES:
            if modality in modalities:
                reading, settings = self._sensors[modality](moment, chance[modality])
                data |= reading
                meta[modality] = settings
        return {**data, "meta": meta}

    def render(
        self, pose: View | ArrayLike, time: float, touching: bool | None = None
    ) -> dict[str, Any]:
        """Read all sensors live.

        Args:
            pose: Where the sensors are in the object's frame: a `View`, or a 4x4 homogeneous
                matrix of a sensor head with x forward, y left, z up (REP 103).
            time: In seconds; later than at the call before. `reset` starts anew.
            touching: Whether the pad is in contact; None: for the first of every four seconds.

        Returns:
            As `sample` gives, but: event holds what happened since the call before, audio the
            sound since then, text one sentence, and touch and touch_reference are None without a
            contact.

        Raises:
            ValueError: The time does not go on, the pose is none, or nothing can be touched.
        """
        if self._live is None:
            seed = np.random.default_rng([self._salt(), 1])
            self._live = LiveSensors(self.scene, self.facts, self.body, self._sentence, seed)
        return self._live.render(pose, time, touching)

    def reset(self) -> None:
        """Forget the motion so far; the next `render` may be at any time."""
        self._live = None

    def body(self, substance: str) -> Body:
        """Return what rings when a part of that substance is tapped: always the same."""
        if substance not in self._bodies:
            rng = np.random.default_rng([self._salt(), 0])
            self._bodies[substance] = body_of(SUBSTANCES[substance], self.model.size.tolist(), rng)
        return self._bodies[substance]

    def _salt(self) -> int:
        return int.from_bytes(hashlib.sha256(self.model.object_id.encode()).digest()[:8], "big")

    def _moment(self, rng: np.random.Generator) -> Moment:
        view = draw_view(self.model, rng)
        surroundings = draw_surroundings(self.model, view, rng)
        light = draw_light(view, surroundings.outdoors, rng)
        pad = TouchSettings.draw(rng)
        return Moment(view, surroundings, light, pad, find_contact(self.scene, view, pad, rng))

    def _image(self, moment: Moment, rng: np.random.Generator) -> Reading:
        settings = ImageSettings.draw(rng)
        picture = render_image(
            self.scene, moment.view, moment.surroundings, moment.light, settings, rng
        )
        return {"image": picture}, asdict(settings)

    def _points(self, moment: Moment, rng: np.random.Generator) -> Reading:
        settings = PointSettings.draw(rng)
        points = render_points(self.scene, moment.view, moment.surroundings, settings, rng)
        return {"points": points}, asdict(settings)

    def _thermal(self, moment: Moment, rng: np.random.Generator) -> Reading:
        settings = ThermalSettings.draw(self.model.name, moment.surroundings.outdoors, rng)
        picture = render_thermal(
            self.scene, moment.view, moment.surroundings, moment.light, settings, rng
        )
        return {"thermal": picture}, asdict(settings)

    def _event(self, moment: Moment, rng: np.random.Generator) -> Reading:
        settings = EventSettings.draw(rng)
        motion = Motion.draw(moment.view, rng, EVENT_SHAPE[1])
        frames = moving_frames(
            self.scene, moment.surroundings, moment.light, motion, EVENT_SHAPE, rng
        )
        times = np.linspace(0, EVENT_WINDOW_NS, len(frames)).astype(np.int64)
        camera = EventCamera(EVENT_SHAPE[1], EVENT_SHAPE[0], settings, rng)
        pixels = motion.pixels(EVENT_SHAPE[1], EVENT_SHAPE[0])
        events = camera.window(frames, times)._asdict()
        return {"event": events}, {**asdict(settings), "pixels": pixels}

    def _touch(self, moment: Moment, rng: np.random.Generator) -> Reading:
        point, normal, _ = moment.contact
        touch = render_touch(self.scene, point, normal, moment.pad, rng)
        settings = {**asdict(moment.pad), "depth": touch.depth, "contact": touch.contact}
        return {"touch": touch.image, "touch_reference": touch.reference}, settings

    def _audio(self, moment: Moment, rng: np.random.Generator) -> Reading:
        settings = AudioSettings.draw(self.facts.sounds, rng)
        body = self.body(self.model.materials[moment.contact.material].substance)
        return {"audio": render_audio(body, settings, rng)}, asdict(settings)

    def _text(self, _: Moment, rng: np.random.Generator) -> Reading:
        return {"text": self._describe(rng, SENTENCES)}, {}

    def _sentence(self, rng: np.random.Generator) -> str:
        return str(rng.choice(self._describe(rng, 2)))

    def _describe(self, rng: np.random.Generator, count: int) -> list[str]:
        shares = self.model.substance_shares()
        materials = [name for name, share in shares.items() if share >= _NOTICED] or list(shares)
        return describe(
            self.label, self.facts, rng, size=self.model.size.tolist(), materials=materials,
            synonyms=self.synonyms, name=self.model.name, count=count,
        )  # fmt: skip
