"""The image encoder: RGB picture to embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .backend import Model
from .base import Encoding
from .framing import check_framing, frame
from .manifest import FileSpec
from .picture import STRUCTURE, ramp


class ImageEncoder:
    """Encodes RGB pictures, uint8 [H, W, 3]."""

    modality = "image"

    def __init__(self, model: Model, name: str, spec: FileSpec) -> None:
        """Create an encoder; `make_encoder` does.

        Raises:
            BundleError: The manifest wants pictures framed in a way that is not known.
        """
        self.model = name
        self._model = model
        self._input = spec.inputs[0]
        check_framing(self._input)
        self._outputs = [tensor.name for tensor in spec.outputs[1:]]

    def encode(self, sample: Any) -> Encoding:
        """Encode a picture.

        Args:
            sample: uint8 [H, W, 3], RGB.

        Returns:
            The embedding; its quality is the model's, reduced where the picture has no structure.
        """
        framed = frame(sample, self._input)
        values, *rest = self._model.run({self._input.name: framed.pixels[None]})
        given = dict(zip(self._outputs, rest, strict=True))
        own = float(np.clip(given["quality"].reshape(-1)[0], 0, 1))
        features = given["features"][0] if "features" in given else None
        return Encoding(values[0], own * ramp(framed.structure, STRUCTURE), features=features)

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error."""
        self._model.cancel(thread)


def make_encoder(model: Model, name: str, spec: FileSpec, _folder: Path) -> ImageEncoder:
    """Return the image encoder of a bundle, as encoders/__init__.py describes it.

    Raises:
        BundleError: The manifest wants pictures framed in a way that is not known.
    """
    return ImageEncoder(model, name, spec)
