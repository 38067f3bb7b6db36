"""A colour camera: from the light on its pixels to a picture, with the errors of a sensor.

The chain is that of EMVA Standard 1288 and of common camera pipelines: optical blur, vignetting,
exposure, shot noise (variance in proportion to the signal) and read noise in linear light, white
balance, then the sRGB curve.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats

from .interface import Setup, Step, Subject
from .rendering.light import Light, to_srgb
from .rendering.radiance import radiance
from .scene.camera import Camera, View
from .scene.ray_casting import Scene
from .scene.surroundings import Surroundings

SIDE = 224
"""Rows and columns of a picture."""

SUPERSAMPLING = 1.5
"""Rays along a pixel's side."""


@dataclass(frozen=True)
class ImageSettings:
    """The parameters of a colour camera; its fields are stored with each sample.

    Attributes:
        exposure: Deviation from a correct exposure, stops.
        balance: Gains of red and blue that the white balance is wrong by.
        blur: Standard deviation of the optics' blur, pixels.
        vignette: Share of light that is missing in the corners.
        full_well: Electrons at white: 1000 for a noisy phone in dim light, 20000 in good light.
        read_noise: Standard deviation, electrons.
    """

    exposure: float = 0.0
    balance: tuple[float, float] = (1.0, 1.0)
    blur: float = 0.4
    vignette: float = 0.1
    full_well: float = 10_000.0
    read_noise: float = 5.0

    @staticmethod
    def draw(rng: np.random.Generator) -> ImageSettings:
        """Draw a camera, its exposure and its white balance."""
        return ImageSettings(
            exposure=float(rng.normal(0, 0.3)),
            balance=(float(rng.uniform(0.93, 1.07)), float(rng.uniform(0.93, 1.07))),
            blur=float(rng.uniform(0.2, 0.5)),
            vignette=float(rng.uniform(0, 0.25)),
            full_well=float(10 ** rng.uniform(3.5, 4.4)),
            read_noise=float(rng.uniform(2, 8)),
        )


def render_image(
    scene: Scene,
    view: View,
    surroundings: Surroundings,
    light: Light,
    settings: ImageSettings,
    rng: np.random.Generator,
    side: int = SIDE,
) -> NDArray[np.uint8]:
    """Take a picture.

    Args:
        scene: The object.
        view: Position and direction of the camera.
        surroundings: The surroundings of the object.
        light: The light.
        settings: The camera.
        rng: Random generator of light sampling and noise.
        side: Rows and columns.

    Returns:
        uint8 [side, side, 3], RGB, sRGB.
    """
    fine = math.ceil(side * SUPERSAMPLING)
    light_on_pixels = radiance(scene, Camera(view, fine, fine), surroundings, light, rng)
    small = cv2.resize(light_on_pixels, (side, side), interpolation=cv2.INTER_AREA)
    return develop(small.astype(np.float32), settings, rng)


def develop(linear: Floats, settings: ImageSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn light on pixels into a picture.

    Args:
        linear: float32 [H, W, 3], linear RGB of any scale.
        settings: The camera.
        rng: Random generator of the noise.

    Returns:
        uint8 [H, W, 3], sRGB.
    """
    height, width = linear.shape[:2]
    # Automatic exposure: the mean becomes middle grey, unless a tenth would be overexposed.
    grey = linear.mean(axis=2)
    gain = min(0.36 / max(float(grey.mean()), 1e-4), 1.1 / max(_high(grey), 1e-4))
    signal = linear * np.float32(gain * 2**settings.exposure)
    if settings.blur > 0.2:
        signal = cv2.GaussianBlur(signal, (0, 0), settings.blur)
    across = (np.arange(width) + 0.5) / width * 2 - 1
    down = (np.arange(height) + 0.5) / height * 2 - 1
    radius = (across**2 + down[:, None] ** 2) / 2
    signal = signal * (1 - settings.vignette * radius[..., None]).astype(np.float32)
    electrons = np.clip(signal, 0, 1.2) * settings.full_well
    spread = np.sqrt(electrons + settings.read_noise**2)
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    signal = (electrons + spread * noise) / settings.full_well
    signal *= np.array([settings.balance[0], 1.0, settings.balance[1]], np.float32)
    return np.asarray(np.round(to_srgb(_shoulder(signal)) * 255), np.uint8)


def _high(grey: Floats) -> float:
    """Return the brightness that a tenth of the pixels exceed."""
    place = int(grey.size * 0.9)
    return float(np.partition(grey, place, axis=None)[place])


def _shoulder(signal: Floats) -> Floats:
    """Bend the curve above 0.7 so that highlights fade into white, as cameras do."""
    over = np.maximum(signal - 0.7, 0)
    return np.where(signal > 0.7, 0.7 + 0.3 * (1 - np.exp(-over / 0.3)), signal)


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Take one picture; see the room's description."""
    settings = ImageSettings.draw(rng)
    picture = render_image(
        subject.scene, setup.view, setup.surroundings, setup.light, settings, rng
    )
    return picture, asdict(settings)


class Stream:
    """A colour camera in motion."""

    rate = 10.0
    steady = True

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a camera; see the room's description."""
        self._settings, self._rng = ImageSettings.draw(rng), rng

    def read(self, step: Step) -> NDArray[np.uint8]:
        """Return a picture, uint8 [224, 224, 3], scaled up from the step's radiance."""
        scaled = cv2.resize(step.radiance, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        return develop(np.asarray(scaled, np.float32), self._settings, self._rng)
