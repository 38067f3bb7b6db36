"""Microphones, what they record besides the sound, and the bands that lines and codecs leave."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .synthesis import Rng, Wave, shaped_noise, unit


@dataclass(frozen=True)
class Microphone:
    """A microphone with its line.

    Attributes:
        low: Corner of its high pass of first order, Hz.
        high: Highest frequency of the line, Hz: 3400 for a telephone, 8000 for none.
        tilt: Change of its response per octave above 1 kHz, dB.
        colour: Change of the background noise's level per octave, dB: 0 white, -3 pink, -6 brown.
        hum: Frequency of the mains, Hz, whose hum is heard; 0 for none.
        hum_level: Level of the hum against the background noise, dB.
    """

    low: float = 50.0
    high: float = 8000.0
    tilt: float = 0.0
    colour: float = -3.0
    hum: float = 0.0
    hum_level: float = 0.0

    @staticmethod
    def draw(rng: Rng) -> Microphone:
        """Draw a microphone: one of five of the telephone's band, a fifth of a codec's."""
        chance = rng.random()
        low, high = float(rng.uniform(30, 150)), 8000.0
        if chance < 0.2:  # ITU-T G.712: 300 to 3400 Hz
            low, high = float(rng.uniform(150, 300)), float(rng.uniform(3300, 4000))
        elif chance < 0.4:
            high = float(rng.uniform(4000, 8000))
        return Microphone(
            low=low,
            high=high,
            tilt=float(rng.uniform(-3, 3)),
            colour=float(rng.uniform(-6, 0)),
            hum=float(rng.choice([50.0, 60.0])) if rng.random() < 0.15 else 0.0,
            hum_level=float(rng.uniform(-10, 10)),
        )

    def hear(self, sound: Wave) -> Wave:
        """Filter a sound at 16 kHz: high pass, tilt, and the end of the line's band.

        Args:
            sound: float64 [n].

        Returns:
            float64 [n].
        """
        size = 1 << max(sound.size - 1, 1).bit_length()
        frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
        ratio = 1j * frequency / self.low
        octaves = np.log2(np.maximum(frequency, 1.0) / 1000)
        response = ratio / (1 + ratio) * 10 ** (self.tilt * np.maximum(octaves, 0) / 20)
        if self.high < SAMPLE_RATE / 2:  # 60 dB within a tenth of an octave
            beyond = np.log2(np.maximum(frequency, 1.0) / self.high)
            response = response * 10 ** (-np.clip(600 * beyond, 0, 100) / 20)
        return np.fft.irfft(np.fft.rfft(sound, size) * response, size)[: sound.size]


def background(count: int, device: Microphone, rng: Rng) -> Wave:
    """Make the noise behind a sound, of standard deviation 1: of the room and of the amplifier.

    Args:
        count: Length in samples.
        device: The microphone.
        rng: Random generator.

    Returns:
        float64 [count].
    """
    octaves = math.log2(8000 / 50)
    noise = shaped_noise(count, rng, ((50, 0), (8000, device.colour * octaves)))
    if device.hum:
        time = np.arange(count) * (2 * np.pi * device.hum / SAMPLE_RATE)
        waves = [
            np.sin(number * time + rng.uniform(0, 2 * np.pi)) / number for number in (1, 2, 3, 4, 6)
        ]
        noise = unit(noise + unit(np.sum(waves, axis=0)) * 10 ** (device.hum_level / 20))
    return noise
