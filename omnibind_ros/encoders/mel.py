"""Filters that sum a spectrum in bands which are evenly spaced on the mel scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats


def _mel(hertz: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def mel_filters(bands: int, n_fft: int, sample_rate: float, f_min: float, f_max: float) -> Floats:
    """Return triangular filters that are evenly spaced on the mel scale.

    The scale is O'Shaughnessy's, 2595 log10(1 + f / 700), and the filters' peaks are 1, as in the
    HTK Book (Young et al., version 3.4, section 5.4).

    Args:
        bands: Number of filters M.
        n_fft: Samples of the Fourier transform.
        sample_rate: Hz.
        f_min: Where the first filter begins, Hz.
        f_max: Where the last filter ends, Hz.

    Returns:
        float32 [n_fft // 2 + 1, M], from powers of the transform's bins to powers of the bands.
    """
    low, high = _mel(np.array([f_min, f_max]))
    edges = np.linspace(low, high, bands + 2)
    bins = _mel(np.arange(n_fft // 2 + 1) * (sample_rate / n_fft))[:, None]
    width = edges[1] - edges[0]
    return np.maximum(0.0, 1.0 - np.abs(bins - edges[1:-1]) / width).astype(np.float32)
