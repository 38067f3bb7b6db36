"""Thermal images to the input of the thermal student."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from .manifest import TensorSpec
from .picture import STRUCTURE, crop_to_aspect, ramp, resize, structure
from .student import Prepared

INPUT = TensorSpec("thermal", (1, 1, 60, 80), "float32", "NCHW", "degrees Celsius")
"""Input of the shipped student."""

NETD = 0.05
"""Noise-equivalent temperature difference of uncooled cameras, degrees Celsius: what FLIR states
for the Lepton. A bundle's manifest may say another, as the input's parameter `netd`."""

CONTRAST = (2.0, 10.0)
"""Standard deviation of the temperatures, in NETDs, at which a scene begins to count, and from
which it counts in full: a wall of one temperature shows 1, a hand before it over 20."""


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Crop the middle and resize it.

    The crop keeps the model's proportions: bars beside the picture would need a temperature that
    nothing has. Most thermal cameras are 4:3 or 5:4, so that little is lost.

    Args:
        sample: float32 [H, W], degrees Celsius, finite.
        spec: The model's input, [1, 1, height, width].

    Returns:
        float32 [1, 1, height, width], degrees Celsius; the quality is 0 for a scene of one
        temperature and for noise.
    """
    height, width = spec.shape[-2:]
    cropped = crop_to_aspect(sample, height, width)
    values = resize(cropped, height, width)
    # Enlarging makes even noise's neighbours alike: then the pixels are measured as they came.
    seen = values if cropped.shape[0] > height else cropped
    contrast = float(cv2.meanStdDev(seen)[1][0, 0]) / spec.parameters.get("netd", NETD)
    quality = ramp(contrast, CONTRAST) * ramp(structure(seen), STRUCTURE)
    return Prepared(values.astype(np.float32, copy=False)[None, None], quality)
