"""Vibrations to the input of the vibration student: a spectrogram of each axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.picture import ramp
from omnibind_ros.encoders.student import Prepared

from . import RATE

WINDOW, HOP = 64, 8
"""Values in a window of the Fourier transform (0.32 s), and from one window to the next."""

FRAMES = 1 + (2 * RATE - WINDOW) // HOP
"""Windows in two seconds."""

INPUT = TensorSpec(
    "vibration", (1, 3, WINDOW // 2, FRAMES), "float32", "NCHW", "log power, (m/s2)2"
)

FLOOR = 1e-6
"""Least power of a bin, (m/s2)2: below the noise of an IMU."""

STRENGTH = (0.02, 0.1)
"""Standard deviations between which the quality rises from 0 to 1, m/s2.

An IMU at rest has 0.01.
"""


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Turn a vibration into the spectrograms of its axes.

    Args:
        sample: float32 [n, 3], m/s2, `RATE` values per second. Of a longer one the end is taken; a
            shorter one gets zeros before it.
        spec: The input, float32 [1, 3, bins, frames]. Bins are `RATE / WINDOW` Hz apart, without
            the lowest, which gravity dominates.

    Returns:
        Natural logarithm of the powers, oldest frame first. The quality is lower for a short
        vibration, and 0 for an IMU at rest.
    """
    _, axes, bins, frames = spec.shape
    length = (frames - 1) * HOP + WINDOW
    values = np.asarray(sample, np.float32)[-length:]
    strength = float(values.std(axis=0).max(initial=0.0)) if len(values) else 0.0
    quality = ramp(strength, STRENGTH) * len(values) / length
    centred = values - values.mean(axis=0) if len(values) else values
    padded = np.pad(centred, ((length - len(values), 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[::HOP]
    taper = np.hanning(WINDOW + 1)[:-1]
    spectrum = np.fft.rfft(windows * (2 * taper / taper.sum()))[..., 1 : bins + 1]
    power = np.square(np.abs(spectrum)).transpose(1, 2, 0)  # axis, bin, frame
    prepared = np.log(np.maximum(power, FLOOR)).astype(np.float32)
    return Prepared(np.ascontiguousarray(prepared[None, :axes]), quality)
