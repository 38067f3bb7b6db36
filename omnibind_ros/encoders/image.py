"""The image encoder: RGB picture to embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .backend import Model
from .base import Encoding
from .manifest import FileSpec

CROP = 224 / 256
"""Share of the shorter side that the centre crop keeps, as EfficientNet was trained."""


def centre_crop(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Crop the middle and resize it.

    Args:
        image: uint8 [H, W, 3].
        size: Side of the result, pixels.

    Returns:
        uint8 [size, size, 3].
    """
    height, width = image.shape[:2]
    side = max(round(min(height, width) * CROP), 1)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(image[top : top + side, left : left + side])
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=how), np.uint8)


class ImageEncoder:
    """Encodes RGB pictures, uint8 [H, W, 3]."""

    modality = "image"

    def __init__(self, model: Model, name: str, spec: FileSpec, folder: Path) -> None:  # noqa: ARG002
        """Create an encoder; `Bundle.encoder` does."""
        self.model = name
        self._model = model
        self._input = spec.inputs[0]

    def encode(self, sample: Any) -> Encoding:
        """Encode a picture.

        Args:
            sample: uint8 [H, W, 3], RGB.
        """
        crop = centre_crop(sample, self._input.shape[1])
        values, quality = self._model.run({self._input.name: crop[None]})
        return Encoding(values[0], float(np.clip(quality.reshape(-1)[0], 0, 1)))
