"""All sensors of a moving robot around one object, call by call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike

from omnibind_ros.units import SAMPLE_RATE

from .audio import AudioStream
from .event import EventCamera, EventSettings
from .image import SIDE, ImageSettings, develop
from .language.descriptions import Facts
from .points import PointSettings, render_points
from .rendering.light import draw_light
from .rendering.motion import Keyframe, Motion, frames_between
from .rendering.radiance import radiance
from .scene.camera import Camera, View
from .scene.ray_casting import Scene
from .scene.surroundings import draw_surroundings
from .sound.impacts import Body
from .tactile.contact import Contact, find_contact
from .tactile.gel import TouchSettings
from .thermal import ThermalSettings, render_thermal
from .touch import render_touch

LIVE_SIDE = 176
"""Rows and columns that are ray-cast live; the picture is scaled to the usual size."""

EVENT_SIDE = 128

_FRAMES = 4
_PERIOD, _HELD = 4.0, 1.0
_LONGEST = 10
"""No call returns more than this many seconds of sound."""


def view_of(pose: View | ArrayLike, angle: float = 45.0) -> View:
    """Turn a sensor head's pose into a view.

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


class LiveSensors:
    """The state of the sensors between calls: see `Simulator.render`."""

    def __init__(
        self,
        scene: Scene,
        facts: Facts,
        body: Callable[[str], Body],
        sentence: Callable[[np.random.Generator], str],
        rng: np.random.Generator,
    ) -> None:
        """Draw the sensors.

        Args:
            scene: The object.
            facts: What is known of it.
            body: Gives what rings when a substance is tapped.
            sentence: Makes a description.
            rng: Source of all chance.
        """
        self._scene, self._rng, self._sentence = scene, rng, sentence
        self._image = ImageSettings.draw(rng)
        self._points = PointSettings.draw(rng)
        self._pad = TouchSettings.draw(rng)
        self._event = EventCamera(EVENT_SIDE, EVENT_SIDE, EventSettings.draw(rng), rng)
        chief = next(iter(scene.model.substance_shares()))
        self._audio = AudioStream(body(chief), facts.sounds, rng)
        self._last: tuple[View, float] | None = None
        self._contact: Contact | None = None
        self._heard = 0
        self._frame: Any = None

    def render(self, pose: View | ArrayLike, time: float, touching: bool | None) -> dict[str, Any]:
        """Read all sensors; arguments, returns and errors as of `Simulator.render`."""
        view = view_of(pose)
        if self._last is None:
            self._surroundings = draw_surroundings(self._scene.model, view, self._rng)
            outdoors = self._surroundings.outdoors
            self._light = draw_light(view, outdoors, self._rng)
            self._thermal = ThermalSettings.draw(self._scene.model.name, outdoors, self._rng)
            self._begun = time
            self._last = (view, time)
        elif not time > self._last[1]:
            raise ValueError(
                f"time must go on: {time} s follows {self._last[1]} s; call reset to start anew."
            )
        before, then = self._last
        self._last = (view, time)
        camera = Camera(view, LIVE_SIDE, LIVE_SIDE)
        # The same chance every time: noise of the light's sampling must not look like motion.
        light_on_pixels = radiance(
            self._scene, camera, self._surroundings, self._light, np.random.default_rng(0)
        )
        scaled = cv2.resize(light_on_pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        return {
            "image": develop(np.asarray(scaled, np.float32), self._image, self._rng),
            "points": render_points(self._scene, view, self._surroundings, self._points, self._rng),
            "thermal": render_thermal(
                self._scene, view, self._surroundings, self._light, self._thermal, self._rng
            ),
            "event": self._events(camera, light_on_pixels, Motion(before, view), time - then),
            "audio": self._sound(time),
            "text": [self._sentence(self._rng)],
            **self._touch(view, time, touching),
        }

    def _events(
        self, camera: Camera, light_on_pixels: Any, motion: Motion, elapsed: float
    ) -> dict[str, Any]:
        keyframe = Keyframe.of(self._scene, self._surroundings, camera, light_on_pixels)
        begins = self._frame is None
        frames = frames_between(
            self._scene, self._surroundings, keyframe, motion, (EVENT_SIDE, EVENT_SIDE), _FRAMES,
            first=begins,
        )  # fmt: skip
        duration = round(elapsed * 1e9)
        # There is no motion in the first call.
        frames = frames[:1] if begins else np.concatenate([self._frame, frames])
        self._frame = frames[-1:]
        times = np.linspace(0, duration, len(frames)).astype(np.int64)
        return self._event.window(frames, times)._asdict()

    def _sound(self, time: float) -> Any:
        # Counted from the beginning, so that no rounding adds up.
        until = round((time - self._begun) * SAMPLE_RATE)
        count = min(until - self._heard, _LONGEST * SAMPLE_RATE)
        self._heard = until
        return self._audio.read(count)

    def _touch(self, view: View, time: float, touching: bool | None) -> dict[str, Any]:
        if touching is None:
            touching = (time - self._begun) % _PERIOD < _HELD
        if not touching:
            self._contact = None
            return {"touch": None, "touch_reference": None}
        if self._contact is None:
            self._contact = find_contact(self._scene, view, self._pad, self._rng)
        point, normal, _ = self._contact
        touch = render_touch(self._scene, point, normal, self._pad, self._rng)
        return {"touch": touch.image, "touch_reference": touch.reference}
