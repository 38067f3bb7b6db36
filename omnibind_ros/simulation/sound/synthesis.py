"""The elements of sounds: decaying modes, shaped noise, tones and grains, at 16 kHz."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omnibind_ros.units import SAMPLE_RATE

Wave = NDArray[np.float64]
Rng = np.random.Generator

_BLOCK = 128


def ring(frequencies: ArrayLike, decays: ArrayLike, amplitudes: ArrayLike, count: int) -> Wave:
    """Sum decaying sines: sum over k of a_k exp(-d_k t) sin(2 pi f_k t).

    The powers of z = exp(2 pi i f - d) of all modes are one matrix product of the powers at the
    beginnings of blocks and the powers within a block, so no exponential is taken per sample.

    Args:
        frequencies: Modes in Hz, [K]; those at or above half the rate are left out.
        decays: Their decay rates in 1/s, [K].
        amplitudes: Their amplitudes, [K].
        count: Length in samples.

    Returns:
        float64 [count].
    """
    f, d, a = (np.atleast_1d(np.asarray(v, float)) for v in (frequencies, decays, amplitudes))
    audible = f < SAMPLE_RATE / 2
    f, d, a = f[audible], d[audible], a[audible]
    z = (2j * np.pi * f - d) / SAMPLE_RATE
    blocks = np.exp(np.outer(np.arange(-(-count // _BLOCK)) * _BLOCK, z)) * a
    within = np.exp(np.outer(z, np.arange(_BLOCK)))
    wave: Wave = (blocks.real @ within.imag + blocks.imag @ within.real).reshape(-1)[:count]
    return wave


def shaped_noise(count: int, rng: Rng, spectrum: Sequence[tuple[float, float]]) -> Wave:
    """Make noise of a given spectrum, of standard deviation 1.

    Args:
        count: Length in samples.
        rng: Random generator.
        spectrum: Corners (Hz, dB), ascending; straight lines over log frequency between them.

    Returns:
        float64 [count].
    """
    corners = np.array(spectrum, float)
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    level = np.interp(np.log(np.maximum(frequency, 1.0)), np.log(corners[:, 0]), corners[:, 1])
    noise = rng.standard_normal((2, frequency.size)) * 10 ** (level / 20)
    wave = np.fft.irfft(noise[0] + 1j * noise[1], count)
    return unit(wave)


def wander(count: int, rng: Rng, rate: float) -> Wave:
    """Make a slow random curve of standard deviation about 1 that changes `rate` times a second."""
    knots = rng.standard_normal(int(count / SAMPLE_RATE * rate) + 3)
    return np.interp(np.arange(count) * rate / SAMPLE_RATE, np.arange(knots.size), knots)


def tone(pitch: Wave, harmonics: ArrayLike, rng: Rng) -> Wave:
    """Sum harmonics of a changing pitch, each with a random phase.

    Args:
        pitch: Fundamental in Hz at every sample, [n].
        harmonics: Amplitude of the first, second ... harmonic; not those above half the rate.
        rng: Random generator.

    Returns:
        float64 [n].
    """
    phase = np.cumsum(pitch) * (2 * np.pi / SAMPLE_RATE)
    top = float(pitch.max(initial=0.0))
    wave = np.zeros(pitch.size)
    for number, amplitude in enumerate(np.asarray(harmonics, float), start=1):
        offset = rng.uniform(0, 2 * np.pi)
        if number * top < SAMPLE_RATE / 2:
            wave += amplitude * np.sin(number * phase + offset)
    return wave


def add_at(wave: Wave, grain: Wave, second: float) -> None:
    """Add a short sound to a longer one in place, cut off where the longer one ends."""
    start = round(second * SAMPLE_RATE)
    if 0 <= start < wave.size:
        end = min(start + grain.size, wave.size)
        wave[start:end] += grain[: end - start]


def instants(rate: float, duration: float, rng: Rng) -> NDArray[np.float64]:
    """Draw the times of a Poisson process of `rate` events a second, ascending, in seconds."""
    return np.sort(rng.uniform(0, duration, rng.poisson(rate * duration)))


def swell(count: int, attack: float, release: float) -> Wave:
    """Return an envelope that rises within `attack` s, stays, and falls within `release` s."""
    time = np.arange(count) / SAMPLE_RATE
    rise = np.clip(time / max(attack, 1 / SAMPLE_RATE), 0, 1)
    return np.minimum(
        rise, np.clip((count / SAMPLE_RATE - time) / max(release, 1 / SAMPLE_RATE), 0, 1)
    )


def unit(wave: Wave) -> Wave:
    """Scale a sound to a root mean square of 1; silence stays silence."""
    power = float(np.sqrt(np.mean(np.square(wave)))) if wave.size else 0.0
    return wave / power if power > 0 else wave
