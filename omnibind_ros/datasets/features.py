"""Simple features of each student modality, with nothing learned in them.

They tell whether a modality carries information about the class at all (a nearest-centroid probe
must beat chance), and whether it gives the class away (the probe must stay far from perfect).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.mel import mel_filters
from omnibind_ros.units import SAMPLE_RATE

Features = npt.NDArray[np.float32]

FRAME, HOP, BANDS = 512, 256, 40
"""Samples a frame (32 ms), samples between frames, mel bands."""


@functools.cache
def band_filters() -> npt.NDArray[np.float32]:
    """Return the filters of mel bands, 60 Hz to 7.6 kHz, float32 [FRAME // 2 + 1, BANDS]."""
    return mel_filters(BANDS, FRAME, SAMPLE_RATE, 60.0, 7600.0)


def log_mel(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a log-mel spectrogram.

    Args:
        sound: float32 [n], mono, 16 kHz, -1..1; shorter ones are filled up with silence.

    Returns:
        float32 [frames, BANDS], natural logarithm of the bands' power.
    """
    padded = np.pad(sound, (0, max(0, FRAME - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2
    return np.log(spectrum @ band_filters() + 1e-8).astype(np.float32)


def _audio(data: npt.NDArray[np.int16]) -> Features:
    """Mean, spread and decay of each mel band."""
    mel = log_mel(data.astype(np.float32) / np.float32(32768))
    half = len(mel) // 2 or 1
    decay = mel[:half].mean(0) - mel[-half:].mean(0)
    return np.concatenate([mel.mean(0), mel.std(0), decay])


def _picture(values: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Shrink [H, W] to a few numbers."""
    small = cv2.resize(values.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def _thermal(data: npt.NDArray[np.float32]) -> Features:
    """A small picture about its median, its quantiles, and the median itself."""
    median = np.median(data)
    quantiles = np.quantile(data - median, (0.01, 0.1, 0.25, 0.75, 0.9, 0.99))
    return np.concatenate([_picture(data - median, 6, 8), quantiles, [median]]).astype(np.float32)


def _event(data: Mapping[str, Any]) -> Features:
    """Where events are (8 x 8), their number, their polarity, and how they spread over time."""
    x, y = data["x"] / data["width"], data["y"] / data["height"]
    counts, _, _ = np.histogram2d(y, x, bins=8, range=((0, 1), (0, 1)))
    times, _ = np.histogram(data["t"] / data["duration_ns"], bins=4, range=(0, 1))
    total = len(x)
    brighter = float(data["p"].mean()) if total else 0.5
    parts = [np.log1p(counts).ravel(), np.log1p(times), [np.log1p(total), brighter]]
    return np.concatenate(parts).astype(np.float32)


def _points(data: npt.NDArray[np.float32]) -> Features:
    """Extents, moments and the shape's principal axes; the class is in the size and the form."""
    centred = data - data.mean(0)
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(centred.T)), 1e-12))
    radius = np.linalg.norm(centred, axis=1)
    shape = np.histogram(radius / max(float(radius.max()), 1e-6), bins=8, range=(0, 1))[0]
    height = np.histogram(
        (data[:, 2] - data[:, 2].min()) / max(float(np.ptp(data[:, 2])), 1e-6), 8, (0, 1)
    )[0]
    parts = [np.log(np.ptp(data, axis=0) + 1e-4), np.log(spread), shape / len(data)]
    return np.concatenate([*parts, height / len(data)]).astype(np.float32)


def _touch(data: npt.NDArray[np.uint8]) -> Features:
    """The contact's small picture, and the energy of its texture at four scales."""
    difference = (data[0].astype(np.float32) - data[1].astype(np.float32)) / 255
    small = [_picture(difference[..., channel], 4, 5) for channel in range(3)]
    energies = []
    grey = difference.mean(-1)
    for _ in range(4):
        blurred = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)
        energies.append(np.log(np.std(grey - blurred) + 1e-5))
        grey = blurred[::2, ::2]
    return np.concatenate([*small, energies]).astype(np.float32)


FEATURES: dict[str, Callable[[Any], Features]] = {
    "touch": _touch,
    "thermal": _thermal,
    "event": _event,
    "points": _points,
    "audio": _audio,
}
"""By student modality: data, as its codec decodes it, to float32 [F]."""
