"""Pictures of decoded sensor data, as JPEG: what the tiles of the page show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.sensors.event import EventWindow
from omnibind_ros.sensors.sound import Sound

from .cloud_drawing import CloudPicture
from .picture_maker import DARK, WIDEST, Drawn, PictureMaker, to_jpeg

BRIGHTER, DARKER = (214, 196, 79), (86, 104, 235)
"""Colours of events by polarity, BGR."""

SOUND_SECONDS = 3.0
"""Seconds of sound in a spectrogram."""


class Picture(PictureMaker):
    """A colour picture as it is; of a modality that is not known, nothing."""

    def draw(self, new: Sequence[Any]) -> Drawn:
        """See `PictureMaker`."""
        pixels = np.asarray(new[-1])
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            return b"", {"problem": "there is no picture of this modality"}
        return to_jpeg(np.ascontiguousarray(pixels[..., ::-1])), {}


class ThermalPicture(PictureMaker):
    """Temperatures with a scale of colours, whose ends follow the scene slowly."""

    def __init__(self) -> None:
        """Create it without a scale."""
        self._ends: npt.NDArray[np.float64] | None = None

    def draw(self, new: Sequence[Any]) -> Drawn:
        """See `PictureMaker`; the data are degrees Celsius, float32 [H, W]."""
        celsius = np.asarray(new[-1], np.float32)
        ends = np.percentile(celsius, (1, 99)).astype(np.float64)
        ends[1] = max(ends[1], ends[0] + 2.0)  # noise alone must not fill the scale
        if self._ends is None or np.abs(ends - self._ends).max() > 8.0:
            self._ends = ends
        self._ends += 0.25 * (ends - self._ends)
        low, high = self._ends
        grey = np.clip((celsius - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
        coloured = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), np.uint8)
        about = {"low": round(float(low), 1), "high": round(float(high), 1)}
        return to_jpeg(coloured), {**about, "warmest": round(float(celsius.max()), 1)}


class EventPicture(PictureMaker):
    """The events of the newest packets: brighter ones in one colour, darker ones in another."""

    def draw(self, new: Sequence[Any]) -> Drawn:
        """See `PictureMaker`; the data are `EventWindow`."""
        last: EventWindow = new[-1]
        reduce = max(last.width // WIDEST, 1)
        height, width = -(-last.height // reduce), -(-last.width // reduce)
        balance = np.zeros((height, width), np.float32)
        count = 0
        for packet in new:
            if (packet.width, packet.height) == (last.width, last.height):
                signs = packet.p.astype(np.float32) * 2 - 1
                np.add.at(balance, (packet.y // reduce, packet.x // reduce), signs)
                count += packet.x.size
        strength = np.clip(np.abs(balance) / 2.0, 0, 1)[..., None]
        colours = np.where(
            (balance > 0)[..., None], np.asarray(BRIGHTER, np.float32), np.asarray(DARKER)
        )
        ground = np.asarray(DARK, np.float32)
        return to_jpeg((ground + strength * (colours - ground)).astype(np.uint8)), {"events": count}


class SoundPicture(PictureMaker):
    """The spectrogram of the last seconds, up to 8 kHz, the newest at the right."""

    HEIGHT, WIDTH = 120, 240
    WINDOW, HOP = 512, 200

    def __init__(self) -> None:
        """Create it without sound."""
        self._sound = np.zeros(0, np.float32)
        self._rate = 0

    def draw(self, new: Sequence[Any]) -> Drawn:
        """See `PictureMaker`; the data are `Sound`."""
        for sound in new:
            self._add(sound)
        size = round(SOUND_SECONDS * self._rate)
        self._sound = self._sound[-size:]
        samples = np.zeros(size, np.float32)
        samples[size - self._sound.size :] = self._sound
        hop = size // self.WIDTH
        window = min(self.WINDOW * self._rate // 16_000, size - hop) or 1
        starts = np.minimum(np.arange(self.WIDTH) * hop, size - window)
        frames = samples[starts[:, None] + np.arange(window)] * np.hanning(window)
        power = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32) ** 2 / window
        decibels = 10 * np.log10(power[:, : 8000 * window // self._rate + 1] + 1e-9).T
        grey = np.clip((decibels + 80) * (255 / 75), 0, 255).astype(np.uint8)[::-1]
        grey = np.asarray(cv2.resize(grey, (self.WIDTH, self.HEIGHT), None, 0, 0, cv2.INTER_AREA))
        level = float(np.sqrt(np.mean(self._sound[-self._rate // 4 :] ** 2)))
        about = {"level": round(20 * np.log10(level + 1e-6), 1), "khz": 8}
        return to_jpeg(np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA), np.uint8)), about

    def _add(self, sound: Sound) -> None:
        if sound.rate != self._rate:
            self._rate, self._sound = sound.rate, np.zeros(0, np.float32)
        joined = np.concatenate([self._sound, np.asarray(sound.samples, np.float32)])
        self._sound = joined[-round(SOUND_SECONDS * self._rate) :]


class Sentence(PictureMaker):
    """A sentence, which the browser writes."""

    def draw(self, new: Sequence[Any]) -> Drawn:
        """See `PictureMaker`; the data are texts."""
        return b"", {"text": str(new[-1])[:300]}


PICTURES: dict[str, type[PictureMaker]] = {
    "image": Picture,
    "touch": Picture,
    "thermal": ThermalPicture,
    "event": EventPicture,
    "points": CloudPicture,
    "audio": SoundPicture,
    "text": Sentence,
}
"""What draws the data of each modality."""
