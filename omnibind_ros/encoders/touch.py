"""Gel images to the input of the touch student."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .manifest import TensorSpec
from .picture import STRUCTURE, ramp, resize, structure
from .student import Prepared

INPUT = TensorSpec("touch", (1, 3, 60, 80), "float32", "NCHW", "difference to reference, -1..1")
"""Input of the shipped student."""

CONTACT = 8 / 255
"""A pixel is in contact if a channel differs by more than this from the pad's mean difference:
four times the noise of a pad's camera, about 2 of 255 counts."""

AREA = (0.002, 0.02)
"""Shares of the pad in contact between which the quality rises from 0 to 1: 0.6 and 6 mm2 of a pad
of 20 x 15 mm."""


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Resize the gel image, with bars of zeros where its aspect ratio differs from the model's.

    Zero is the difference without contact, so that bars add no false contact. A crop would lose
    contacts at the edge of the pad.

    Args:
        sample: float32 [H, W, 3], difference from the pad at rest, RGB, -1..1.
        spec: The model's input, [1, 3, height, width].

    Returns:
        float32 [1, 3, height, width]; the quality is 0 without contact, for noise, and where the
        entire pad has changed alike, as by a lamp.
    """
    height, width = spec.shape[-2:]
    scale = min(height / sample.shape[0], width / sample.shape[1])
    rows = min(max(round(sample.shape[0] * scale), 1), height)
    columns = min(max(round(sample.shape[1] * scale), 1), width)
    shown = _planes(resize(sample, rows, columns))
    values = np.zeros((1, 3, height, width), np.float32)
    top, left = (height - rows) // 2, (width - columns) // 2
    values[0, :, top : top + rows, left : left + columns] = shown
    # Enlarging makes neighbours alike even in noise, so then the original pixels are measured.
    return Prepared(values, _quality(shown if scale < 1 else _planes(sample)))


def _planes(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def _quality(difference: npt.NDArray[np.float32]) -> float:
    """Return the quality, 0..1, of a difference, float32 [3, H, W]."""
    deviation = difference - difference.mean(axis=(1, 2), keepdims=True)
    np.abs(deviation, out=deviation)
    strongest = np.maximum(np.maximum(deviation[0], deviation[1]), deviation[2])
    area = np.count_nonzero(strongest > CONTACT) / strongest.size
    return ramp(area, AREA) * ramp(structure(strongest), STRUCTURE)
