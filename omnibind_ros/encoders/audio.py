"""The audio encoder's input: sound to a log-mel spectrogram."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.units import SAMPLE_RATE

from .manifest import BundleError, TensorSpec
from .mel import mel_filters
from .student import Prepared

INPUT = TensorSpec(
    "audio",
    (1, 1, 64, 98),
    "float32",
    "NCHW",
    "log-mel",
    {"sample_rate": float(SAMPLE_RATE), "window": 0.032, "hop": 0.02, "peak": -40.0},
)
"""Input of the shipped student: 98 frames, 20 ms apart, are 1.97 s."""

DEFAULTS = MappingProxyType(
    {
        "sample_rate": float(SAMPLE_RATE),
        "window": 0.025,
        "hop": 0.01,
        "n_fft": 512.0,
        "f_min": 50.0,
        "f_max": 8000.0,
        "floor": 1e-10,
        "peak": 0.0,
    }
)
"""Parameters of the input in the manifest, and their values where it does not name them.

sample_rate in Hz, as the sensors give; window, the length of the Hann window, and hop in seconds;
n_fft, samples of a Fourier transform; f_min and f_max, ends of the mel bands in Hz; floor, the
least power of a band, relative to a sine of full scale (-100 dB); peak, the level in dB that the
loudest band is brought to, so that the gain of the microphone does not matter (0: the level stays,
as bundles have it that do not name it). With a peak of -40 dB, the input holds the 60 dB below it.
"""

MOST_GAIN = 40.0
"""Most by which a sound is raised, dB: silence stays silence."""

LEVEL = (-80.0, -60.0)
"""Levels between which the quality rises from 0 to 1, dB relative to full scale.

Of the 1983 seconds of sound in ESC-10, 175 lie below the first, 157 of them digital silence, and
1760 above the second.
"""

RAISED_LEVEL = (-95.0, -80.0)
"""The same for an input with a peak, which is the same for a sound 30 dB quieter.

The least step of 16 bits has -96 dB.
"""

CLIPPED = 0.99
"""Magnitude from which a sample counts as clipped."""

MAX_CLIPPED = 0.2
"""Share of clipped samples at which the quality is 0; no second of ESC-10 has over 0.03."""

WHITE = (0.96, 0.985)
"""Values of spectral flatness between which the quality falls from 1 to 0.

An amplifier without a microphone gives flatter noise: white noise has 0.994. The flattest second of
ESC-10 that is not silent, of rain, has 0.946.
"""


class _FrontEnd(NamedTuple):
    frames: int
    hop: int
    n_fft: int
    taper: npt.NDArray[np.float32]
    filters: npt.NDArray[np.float32]  # [n_fft // 2 + 1, M]
    in_bands: npt.NDArray[np.bool_]  # [n_fft // 2 + 1], bins that are in some band
    floor: float
    peak: float


@lru_cache(maxsize=8)
def _front_end(shape: tuple[int, ...], parameters: tuple[tuple[str, float], ...]) -> _FrontEnd:
    """Return what `prepare` needs for an input, computed once.

    Raises:
        BundleError: The manifest has a shape or parameter that is not allowed.
    """
    given = dict(parameters)
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise BundleError(
            f"the audio encoder's input has the unknown parameter '{unknown[0]}' in bundle.yaml; "
            f"use {', '.join(DEFAULTS)}"
        )
    p = {**DEFAULTS, **given}
    if len(shape) != 4 or shape[:2] != (1, 1) or min(shape) < 1:
        raise BundleError(
            f"the audio encoder's input has shape {list(shape)} in bundle.yaml; make it "
            "[1, 1, mel bands, frames]"
        )
    rate, n_fft = p["sample_rate"], int(p["n_fft"])
    window, hop = round(p["window"] * rate), round(p["hop"] * rate)
    if rate != DEFAULTS["sample_rate"] or not 1 <= window <= n_fft or hop < 1:
        raise BundleError(
            f"the audio encoder's input has {rate:g} Hz, windows of {window} and hops of {hop} "
            f"samples in bundle.yaml; use {DEFAULTS['sample_rate']:g} Hz, windows of 1 to n_fft "
            f"({n_fft}) samples and hops of at least one"
        )
    if not (0.0 <= p["f_min"] < p["f_max"] <= rate / 2 and p["floor"] > 0.0):
        raise BundleError(
            f"the audio encoder's input has mel bands of {p['f_min']:g} to {p['f_max']:g} Hz and "
            f"the floor {p['floor']:g} in bundle.yaml; keep the bands in 0 .. {rate / 2:g} Hz, "
            "ascending, and the floor above 0"
        )
    if not (10 * np.log10(p["floor"]) < p["peak"] <= 0.0):
        raise BundleError(
            f"the audio encoder's input has the peak {p['peak']:g} dB in bundle.yaml; use 0, or a "
            "level between the floor and 0"
        )
    filters = mel_filters(shape[2], n_fft, rate, p["f_min"], p["f_max"])
    if not filters.any(axis=0).all():
        raise BundleError(
            f"{shape[2]} mel bands are narrower than the {rate / n_fft:.1f} Hz of a transform of "
            f"{n_fft} samples; raise the audio encoder's n_fft in bundle.yaml"
        )
    # Periodic, and scaled so that a sine of full scale has power 1 in its bin.
    taper = np.hanning(window + 1)[:-1]
    taper *= 2.0 / taper.sum()
    return _FrontEnd(
        shape[3],
        hop,
        n_fft,
        taper.astype(np.float32),
        filters,
        np.any(filters, axis=1),
        p["floor"],
        p["peak"],
    )


def _flatness(power: npt.NDArray[np.float32]) -> float:
    """Return the spectral flatness, 0..1, of the mean of powers [T, K] over their T frames.

    It is the ratio of the geometric and the arithmetic mean over the K bins (Gray and Markel, A
    spectral-flatness measure, IEEE Trans. ASSP 22, 1974); 0 for silence.
    """
    mean = power.mean(axis=0, dtype=np.float64)
    if not mean.any():
        return 0.0
    return float(np.exp(np.log(np.maximum(mean, 1e-30)).mean()) / mean.mean())


def _quality(
    sound: npt.NDArray[np.float32], wanted: int, flatness: float, limits: tuple[float, float]
) -> float:
    """Return the product of four factors, each 0..1: level, clipping, length and flatness."""
    if not sound.size:
        return 0.0
    # The standard deviation leaves out the mean: a constant is no sound, however large.
    level = 20.0 * np.log10(max(float(sound.std()), 1e-9))
    low, high = limits
    loud = np.clip((level - low) / (high - low), 0.0, 1.0)
    clipped = np.count_nonzero(np.abs(sound) >= CLIPPED) / sound.size
    quality = loud * max(0.0, 1.0 - clipped / MAX_CLIPPED) * sound.size / wanted
    return float(quality * np.clip((WHITE[1] - flatness) / (WHITE[1] - WHITE[0]), 0.0, 1.0))


def _gain(bands: npt.NDArray[np.float32], peak: float) -> np.float32:
    """Return the factor of power that brings the loudest of bands [T, M] to a peak in dB."""
    loudest = float(bands.max(initial=0.0))
    if peak == 0.0 or loudest <= 0.0:
        return np.float32(1.0)
    return np.float32(min(10 ** (peak / 10) / loudest, 10 ** (MOST_GAIN / 10)))


def prepare(sample: npt.NDArray[np.float32], spec: TensorSpec) -> Prepared:
    """Turn a sound into a log-mel spectrogram.

    Args:
        sample: float32 [n], mono, -1..1, at the input's sample rate. Of a sound longer than the
            input the end is taken; a shorter one gets silence before it.
        spec: The input: shape [1, 1, M, T] of M mel bands and T frames, parameters of `DEFAULTS`.

    Returns:
        float32 [1, 1, M, T], natural logarithm of the bands' powers (a sine of full scale has
        about 0 where the input has no peak), lowest band and oldest frame first. The quality is
        lower for sounds that are short, clipped, near digital silence, or as flat as white noise.

    Raises:
        BundleError: The manifest has a shape or parameter that is not allowed.
    """
    front = _front_end(spec.shape, tuple(spec.parameters.items()))
    window = front.taper.size
    wanted = (front.frames - 1) * front.hop + window
    sound = sample[-wanted:]
    padded = np.pad(sound, (wanted - sound.size, 0))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: front.hop]
    spectrum = np.fft.rfft(frames * front.taper, front.n_fft)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32, copy=False)
    bands = power @ front.filters
    bands *= _gain(bands, front.peak)
    logarithms = np.log(np.maximum(bands, np.float32(front.floor)))
    values = np.ascontiguousarray(logarithms.T)[None, None]
    limits = RAISED_LEVEL if front.peak else LEVEL
    quality = _quality(sound, wanted, _flatness(power[:, front.in_bands]), limits)
    return Prepared(values, quality)
