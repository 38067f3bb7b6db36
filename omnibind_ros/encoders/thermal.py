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
for the Lepton. A bundle's manifest may set another as the input's parameter `netd`."""

CONTRAST = (2.0, 10.0)
"""Standard deviations of the temperatures, in NETDs, between which the quality rises from 0 to 1:
a wall of one temperature has 1, with a hand before it over 20."""


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Crop the centre to the model's aspect ratio and resize it.

    Bars beside the picture instead would need an invented temperature. Most thermal cameras are 4:3
    or 5:4, so that little is lost.

    Args:
        sample: float32 [H, W], degrees Celsius, finite.
        spec: The model's input, [1, 1, height, width].

    Returns:
        float32 [1, 1, height, width], degrees Celsius; the quality is 0 for a scene of uniform
        temperature and for noise.
    """
    height, width = spec.shape[-2:]
    cropped = crop_to_aspect(sample, height, width)
    values = resize(cropped, height, width)
    # Enlarging makes neighbours alike even in noise, so then the original pixels are measured.
    measured = values if cropped.shape[0] > height else cropped
    contrast = float(cv2.meanStdDev(measured)[1][0, 0]) / spec.parameters.get("netd", NETD)
    quality = ramp(contrast, CONTRAST) * ramp(structure(measured), STRUCTURE)
    return Prepared(values.astype(np.float32, copy=False)[None, None], quality)
