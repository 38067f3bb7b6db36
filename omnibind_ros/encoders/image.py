"""The image encoder: RGB picture to embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from . import picture
from .backend import Model
from .base import Encoding
from .manifest import FileSpec
from .picture import STRUCTURE, ramp, resize

CROP = 224 / 256
"""Side of the centre crop as a share of the shorter side, as in EfficientNet's training."""


def _square(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = max(round(min(height, width) * CROP), 1)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def centre_crop(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Crop the middle and resize it.

    Args:
        image: uint8 [H, W, 3].
        size: Side of the result, pixels.

    Returns:
        uint8 [size, size, 3].
    """
    return resize(_square(image), size, size)


def structure(image: npt.NDArray[np.uint8]) -> float:
    """Measure how alike neighbouring pixels are, which tells pictures from noise.

    The probabilities of an image classifier do not: they are often high for noise.

    Args:
        image: uint8 [H, W, 3], RGB.

    Returns:
        Correlation of neighbouring pixels' brightness: near 1 in pictures, near 0 in white
        noise; 0 where there is no contrast.
    """
    return picture.structure(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


class ImageEncoder:
    """Encodes RGB pictures, uint8 [H, W, 3]."""

    modality = "image"

    def __init__(self, model: Model, name: str, spec: FileSpec) -> None:
        """Create an encoder; `make_encoder` does."""
        self.model = name
        self._model = model
        self._input = spec.inputs[0]
        self._outputs = [tensor.name for tensor in spec.outputs[1:]]

    def encode(self, sample: Any) -> Encoding:
        """Encode a picture.

        Args:
            sample: uint8 [H, W, 3], RGB.

        Returns:
            The embedding; its quality is the model's, reduced where the picture has no structure.
        """
        size = self._input.shape[1]
        square = _square(sample)
        crop = resize(square, size, size)
        values, *rest = self._model.run({self._input.name: crop[None]})
        given = dict(zip(self._outputs, rest, strict=True))
        # Enlarging makes neighbours alike even in noise, so then the original pixels are measured.
        measured = structure(crop if square.shape[0] > size else square)
        own = float(np.clip(given["quality"].reshape(-1)[0], 0, 1))
        features = given["features"][0] if "features" in given else None
        return Encoding(values[0], own * ramp(measured, STRUCTURE), features=features)

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error."""
        self._model.cancel(thread)


def make_encoder(model: Model, name: str, spec: FileSpec, _folder: Path) -> ImageEncoder:
    """Return the image encoder of a bundle, as encoders/__init__.py describes it."""
    return ImageEncoder(model, name, spec)
