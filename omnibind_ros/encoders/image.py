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


STRUCTURE = (0.25, 0.5)
"""Structure at which a picture begins to count, and from which it counts in full.

Uniform noise of any size stays below the first; scikit-image's photographs and textures, and 203
thermal pictures, lie above the second (lowest: grass, 0.60), also dark or with a camera's noise.
"""


def _square(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = max(round(min(height, width) * CROP), 1)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _resize(square: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    how = cv2.INTER_AREA if square.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=how), np.uint8)


def centre_crop(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Crop the middle and resize it.

    Args:
        image: uint8 [H, W, 3].
        size: Side of the result, pixels.

    Returns:
        uint8 [size, size, 3].
    """
    return _resize(_square(image), size)


def structure(image: npt.NDArray[np.uint8]) -> float:
    """Measure how alike neighbouring pixels are.

    An image classifier is often sure of what it sees in noise, so its own probabilities do not
    tell noise from a picture; this does.

    Args:
        image: uint8 [H, W, 3], RGB.

    Returns:
        Correlation of neighbouring pixels' brightness: near 1 in pictures, near 0 in noise that is
        white; 0 where there is no contrast at all.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    variance = float(grey.var())
    if min(grey.shape) < 2 or variance == 0:
        return 0.0
    steps = float(np.square(np.diff(grey, axis=0)).mean() + np.square(np.diff(grey, axis=1)).mean())
    return 1 - steps / (4 * variance)


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

        Returns:
            The embedding; its quality is the model's, less where the picture has no structure.
        """
        size = self._input.shape[1]
        square = _square(sample)
        crop = _resize(square, size)
        values, quality = self._model.run({self._input.name: crop[None]})
        # Enlarging makes even noise's neighbours alike: then the pixels are measured as they came.
        seen = structure(crop if square.shape[0] > size else square)
        low, high = STRUCTURE
        share = np.clip((seen - low) / (high - low), 0, 1)
        return Encoding(values[0], float(np.clip(quality.reshape(-1)[0], 0, 1) * share))
