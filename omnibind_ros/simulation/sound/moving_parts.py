"""The sounds of parts that are moved: doors, drawers, switches, keys, leaves, cloth, paper.

Each sound is float64 [count], at 16 kHz, of any scale.
"""

from __future__ import annotations

import numpy as np

from omnibind_ros.units import SAMPLE_RATE

from .synthesis import Rng, Wave, add_at, instants, ring, shaped_noise, swell, wander


def click(rng: Rng, low: float = 800, high: float = 5000, decay: float = 250) -> Wave:
    """Make the knock of small hard parts: six modes between two frequencies."""
    bank = rng.uniform(low, high, 6)
    return ring(bank, decay * rng.uniform(0.5, 1.5, 6), rng.uniform(0.2, 1, 6), SAMPLE_RATE // 10)


def switch(count: int, rng: Rng) -> Wave:
    """A rocker switch or a plug: two clicks close together, once or twice."""
    wave = np.zeros(count)
    for start in rng.uniform(0.05, 1.2, rng.integers(1, 4)):
        for delay in (0.0, rng.uniform(0.004, 0.03)):
            add_at(wave, click(rng, decay=350) * rng.uniform(0.5, 1), start + delay)
    return wave


def typing(count: int, rng: Rng) -> Wave:
    """Keys: a clack down and a softer one up."""
    wave = np.zeros(count)
    for start in instants(rng.uniform(3, 9), count / SAMPLE_RATE, rng):
        add_at(wave, click(rng, 600, 4500, 300) * rng.uniform(0.5, 1), start)
        add_at(wave, click(rng, 1500, 6000, 500) * 0.3, start + rng.uniform(0.05, 0.1))
    return wave


def creak(count: int, rng: Rng, pitch: tuple[float, float] = (150, 700)) -> Wave:
    """Stick-slip: a train of slips whose rate rises and falls, through a few resonances."""
    wave = np.zeros(count)
    low, high = np.log(pitch)
    bank = np.exp(rng.uniform(low, high, 5))
    bank = np.concatenate([bank, bank * rng.uniform(2, 4, 5)])
    slip = ring(
        bank, rng.uniform(60, 200, 10), rng.uniform(0.2, 1, 10) * 0.8 ** np.arange(10), 1600
    )
    for _ in range(rng.integers(1, 3)):
        time, length = rng.uniform(0, 1.0), rng.uniform(0.3, 1.0)
        end, top = time + length, rng.uniform(40, 140)
        begin = time
        while time < end:
            share = (time - begin) / length
            add_at(wave, slip * rng.uniform(0.6, 1), time)
            time += 1 / (15 + top * np.sin(np.pi * share) ** 2) * rng.uniform(0.85, 1.15)
    return wave


def slide(count: int, rng: Rng) -> Wave:
    """A drawer or a sliding door: friction on a rail, then the stop."""
    length = int(SAMPLE_RATE * rng.uniform(0.4, 1.0))
    rail = shaped_noise(length, rng, ((60, -6), (250, 0), (1200, -6), (8000, -34)))
    wave = np.zeros(count)
    start = rng.uniform(0, 0.3)
    rough = 1 + 0.4 * wander(length, rng, 30)
    add_at(wave, 0.5 * rail * rough * swell(length, 0.1, 0.05), start)
    stop = ring(rng.uniform(60, 900, 12), rng.uniform(30, 120, 12), rng.uniform(0.2, 1, 12), 8000)
    add_at(wave, stop, start + length / SAMPLE_RATE)
    return wave


def rustle(count: int, rng: Rng) -> Wave:
    """Leaves or cloth: short strokes of high noise."""
    noise = shaped_noise(count, rng, ((300, -30), (1500, -8), (4500, 0), (8000, -4)))
    envelope = np.zeros(count)
    for start in instants(rng.uniform(4, 14), count / SAMPLE_RATE, rng):
        length = int(SAMPLE_RATE * rng.uniform(0.05, 0.3))
        add_at(envelope, np.hanning(length) * rng.uniform(0.2, 1), start)
    return noise * envelope


def flip(count: int, rng: Rng) -> Wave:
    """Pages: a sweep of noise that ends in a flap."""
    wave = np.zeros(count)
    start = rng.uniform(0, 0.3)
    while start < count / SAMPLE_RATE:
        length = int(SAMPLE_RATE * rng.uniform(0.15, 0.35))
        sweep = shaped_noise(length, rng, ((400, -20), (2500, 0), (6000, -3), (8000, -8)))
        add_at(wave, sweep * np.linspace(0.1, 1, length) ** 2 * swell(length, 0.0, 0.02), start)
        flap = shaped_noise(800, rng, ((150, 0), (900, -4), (8000, -24)))
        add_at(wave, 1.5 * flap * np.exp(-np.arange(800) / 120), start + length / SAMPLE_RATE)
        start += rng.uniform(0.4, 1.0)
    return wave
