"""Log-mel spectrograms, to draw sounds and for simple features of them."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.mel import mel_filters
from omnibind_ros.units import SAMPLE_RATE

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
