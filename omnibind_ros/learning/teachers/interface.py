"""What a teacher is: a frozen pair of encoders that embed images and sentences into one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats


class ImageEmbeddings(NamedTuple):
    """A teacher's outputs for N images.

    Attributes:
        values: float32 [N, D], unit vectors.
        quality: float32 [N], 0 to 1.
        features: float32 [N, F], the inputs of the projection into the shared space.
    """

    values: Floats
    quality: Floats
    features: Floats


class Anchors(NamedTuple):
    """The K classes that an image teacher was trained on, as directions in its features.

    Attributes:
        directions: float32 [K, F], rows of its classifier.
        values: float32 [K, D], unit vectors: the embeddings of the classes' names.
    """

    directions: Floats
    values: Floats

    @classmethod
    def none(cls) -> Anchors:
        """Return those of a teacher that was not trained on classes; K, F and D are 0."""
        return cls(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))


class Teacher(Protocol):
    """A frozen pair of an image and a text encoder.

    Attributes:
        name: Its name and version.
        key: Hash of its weights: its outputs follow from these and the inputs.
    """

    name: str
    key: str

    def embed_images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> ImageEmbeddings:
        """Embed N pictures, each uint8 [H, W, 3], RGB."""
        ...

    def encode_batch(self, texts: Sequence[str]) -> Floats:
        """Embed N sentences: unit vectors, float32 [N, D]."""
        ...

    def anchors(self) -> Anchors:
        """Return the classes that the image encoder was trained on."""
        ...
