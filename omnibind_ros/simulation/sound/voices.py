"""The sounds of people, dogs and loudspeakers.

Each is float64 [count], at 16 kHz, of any scale.
"""

from __future__ import annotations

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .appliances import hum
from .bells_and_strings import string_note
from .synthesis import Rng, Wave, add_at, shaped_noise, swell, tone, unit, wander


def voice(count: int, rng: Rng) -> Wave:
    """Babble: a glottal pulse train through moving formants, about four syllables a second."""
    base = rng.uniform(95, 230)
    pitch = base * (1 + 0.12 * wander(count, rng, 3)).clip(0.6, 1.6)
    source = np.zeros(count)
    syllables = (
        np.abs(np.sin(np.pi * np.cumsum(rng.uniform(3, 5) + 0 * pitch) / SAMPLE_RATE)) ** 0.7
    )
    pause = wander(count, rng, 2) > -0.9
    formants = [
        middle * (1 + spread * np.tanh(wander(count, rng, 5)))
        for middle, spread in ((520, 0.4), (1500, 0.35), (2600, 0.1))
    ]
    phase = np.cumsum(pitch) * (2 * np.pi / SAMPLE_RATE)
    for number in range(1, int(4000 / base)):
        at = number * pitch
        # A formant is a resonance about 100 Hz wide (Klatt 1980).
        level = sum(1 / (1 + np.square((at - centre) / 100)) for centre in formants)
        source += level / number**0.5 * np.sin(number * phase)
    breath = shaped_noise(count, rng, ((500, -20), (3500, 0), (8000, -6)))
    return (unit(source) * syllables + 0.12 * breath * (1 - syllables)) * pause


def loudspeaker(count: int, rng: Rng) -> Wave:
    """A broadcast through a small speaker: speech or chords, no bass, a trace of mains hum."""
    if rng.random() < 0.5:
        wave = unit(voice(count, rng))
    else:
        wave = np.zeros(count)
        for start in np.arange(0, count / SAMPLE_RATE, rng.uniform(0.25, 0.6)):
            root = 220 * 2 ** (rng.integers(0, 12) / 12)
            for step in (0, rng.choice((3, 4)), 7):
                add_at(wave, string_note(SAMPLE_RATE, rng, root * 2 ** (step / 12)), float(start))
        wave = unit(wave)
    spectrum = np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    band = 1 / (1 + (180 / np.maximum(frequency, 1)) ** 4) / (1 + (frequency / 5500) ** 6)
    return np.fft.irfft(spectrum * band, count) + 0.03 * hum(count, rng)


def bark(count: int, rng: Rng) -> Wave:
    """Short voiced bursts whose pitch falls, through a wide-open throat."""
    wave = np.zeros(count)
    base = rng.uniform(250, 700)
    start = rng.uniform(0, 0.2)
    while start < count / SAMPLE_RATE:
        length = int(SAMPLE_RATE * rng.uniform(0.12, 0.25))
        pitch = base * rng.uniform(0.9, 1.1) * np.linspace(1.3, 0.8, length)
        throat = 1 / (1 + np.square(np.arange(1, 14) * base / 1100 - 1))
        burst = tone(pitch, throat, rng) + 0.4 * shaped_noise(length, rng, ((300, 0), (3000, -12)))
        add_at(wave, burst * swell(length, 0.01, 0.08), start)
        start += rng.uniform(0.3, 0.8)
    return wave
