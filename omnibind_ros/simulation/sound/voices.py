"""The sounds of clocks, bells, strings, loudspeakers, people and dogs."""

from __future__ import annotations

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .appliances import hum
from .synthesis import Rng, Wave, add_at, ring, shaped_noise, swell, tone, unit, wander


def clock(count: int, rng: Rng) -> Wave:
    """An escapement: a click a beat, tick and tock of different pitch."""
    beats = rng.choice((1.0, 2.0, 4.0, 5.0))
    wave = np.zeros(count)
    bank = rng.uniform(1200, 6500, (2, 6))
    level = rng.uniform(0.4, 1.0, 6)
    start = rng.uniform(0, 1 / beats)
    for beat in range(int(beats * count / SAMPLE_RATE) + 1):
        grain = ring(bank[beat % 2], rng.uniform(180, 500, 6), level, 1600)
        for delay in (0.0, 0.012):  # drop and lock
            add_at(wave, grain * rng.uniform(0.6, 1), start + beat / beats + delay)
    return wave


def bell(count: int, rng: Rng, rate: float = 0.0) -> Wave:
    """A bell's partials (Fletcher and Rossing 1998, section 21.5); at `rate` strokes a second."""
    partials = rng.uniform(400, 1400) * np.array([0.5, 1, 1.2, 1.5, 2, 2.5, 2.66, 3, 4])
    decays = rng.uniform(1.5, 4) * (partials / partials[1]) ** 0.8
    wave = np.zeros(count)
    for number in range(max(1, int(rate * count / SAMPLE_RATE))):
        stroke = ring(partials, decays, rng.uniform(0.3, 1, partials.size), count)
        add_at(wave, stroke, number / rate if rate else 0.05)
    return wave


def telephone(count: int, rng: Rng) -> Wave:
    """Ringing: a clapper between two gongs, or a warble of two tones."""
    on = (np.arange(count) / SAMPLE_RATE + rng.uniform(0, 1)) % 3 < rng.uniform(1.2, 2)
    if rng.random() < 0.5:
        return bell(count, rng, rate=rng.uniform(16, 24)) * on
    low, high = rng.uniform(700, 1000), rng.uniform(1100, 1500)
    warble = np.sin(2 * np.pi * rng.uniform(10, 20) * np.arange(count) / SAMPLE_RATE) > 0
    return tone(np.where(warble, low, high), (1, 0.3, 0.5, 0.1), rng) * on


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


def string_note(count: int, rng: Rng, pitch: float, stiffness: float = 3e-4) -> Wave:
    """A string struck or plucked: partials n f sqrt(1 + B n^2), Fletcher and Rossing 1998, 12.3."""
    number = np.arange(1, 25)
    partials = number * pitch * np.sqrt(1 + stiffness * number**2)
    place = rng.uniform(0.1, 0.25)
    level = np.abs(np.sin(np.pi * number * place)) / number
    return ring(partials, 1.0 + 0.4 * number + pitch / 300, level, count)


def strings(count: int, rng: Rng, low: float = 80.0, high: float = 800.0) -> Wave:
    """A few notes on a piano, guitar or harp, with the knock of the action."""
    wave = np.zeros(count)
    for start in np.arange(rng.uniform(0, 0.2), count / SAMPLE_RATE, rng.uniform(0.2, 0.7)):
        pitch = low * 2 ** (rng.integers(0, int(12 * np.log2(high / low))) / 12)
        add_at(wave, string_note(count, rng, pitch), float(start))
        knock = ring(rng.uniform(90, 400, 4), np.full(4, 120.0), np.full(4, 0.15), 1600)
        add_at(wave, knock, float(start))
    return wave


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
