"""The sounds of clocks, bells, telephones and strings.

Each is float64 [count], at 16 kHz, of any scale.
"""

from __future__ import annotations

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .synthesis import Rng, Wave, add_at, ring, tone


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
