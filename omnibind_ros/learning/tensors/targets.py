"""What the teachers give for the images and sentences of a cache: the targets of training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.learning.teachers.interface import Anchors, Teacher

from .specs import IMAGE_SIDE
from .storage import Array, allocate, flush, open_array

SENTENCES = 4
"""Sentences of a sample that are embedded, evenly spaced among those that it has."""


@dataclass(frozen=True)
class TeacherTargets:
    """Embeddings of images and texts, rows in the order of `SampleIndex.rows`.

    Attributes:
        image: float16 [n_image, D], the image teacher's embeddings; memory-mapped.
        image_quality: float32 [n_image], 0 to 1; 0 where an image is not usable.
        features: float16 [n_image, F], the inputs of the teacher's projection; memory-mapped.
        pictures: uint8 [n_image, 3, IMAGE_SIDE, IMAGE_SIDE], RGB, the images themselves, resized;
            memory-mapped.
        text: float16 [n_text, SENTENCES, D], embedded sentences; memory-mapped.
        text_count: int64 [n_text], how many sentences there are.
        anchors: The classes that the image teacher was trained on.
    """

    image: Array
    image_quality: Array
    features: Array
    pictures: Array
    text: Array
    text_count: Array
    anchors: Anchors

    @staticmethod
    def allocate(folder: Path, rows: Mapping[str, Array], teacher: Teacher) -> None:
        """Make files of zeros for the rows of images and texts; raises OSError."""
        blank = teacher.embed_images([np.zeros((64, 64, 3), np.uint8)])
        size, features = blank.values.shape[1], blank.features.shape[1]
        images, texts = len(rows["image"]), len(rows["text"])
        allocate(folder, "image", (images, size), np.float16)
        allocate(folder, "image-quality", (images,), np.float32)
        allocate(folder, "image-features", (images, features), np.float16)
        allocate(folder, "image-pictures", (images, 3, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
        allocate(folder, "text", (texts, SENTENCES, size), np.float16)
        allocate(folder, "text-count", (texts,), np.int64)

    @staticmethod
    def save(anchors: Anchors) -> dict[str, Array]:
        """Return the arrays to be stored beside the files of `allocate`, by name."""
        return {"anchor-directions": anchors.directions, "anchor-values": anchors.values}

    @classmethod
    def load(cls, folder: Path, arrays: Mapping[str, Array]) -> TeacherTargets:
        """Open the files that `allocate` made; raises OSError, ValueError or KeyError."""
        return cls(
            image=open_array(folder, "image"),
            image_quality=np.asarray(open_array(folder, "image-quality")),
            features=open_array(folder, "image-features"),
            pictures=open_array(folder, "image-pictures"),
            text=open_array(folder, "text"),
            text_count=np.asarray(open_array(folder, "text-count")),
            anchors=Anchors(arrays["anchor-directions"], arrays["anchor-values"]),
        )


def write_images(
    folder: Path,
    dataset: Dataset,
    teacher: Teacher,
    samples: Array,
    rows: Iterable[int],
    tick: Callable[[], None],
) -> None:
    """Embed and resize images; damaged ones stay zeros of quality 0.

    Args:
        folder: The cache's.
        dataset: Where the samples are.
        teacher: Embeds images.
        samples: int [n_image], the sample of each row.
        rows: The rows to be written.
        tick: Called after each row.
    """
    image, quality, features, pictures = (
        open_array(folder, name, writable=True)
        for name in ("image", "image-quality", "image-features", "image-pictures")
    )
    for row in rows:
        try:
            picture = dataset[int(samples[row])]["image"]
        except CodecError:
            tick()
            continue
        embedded = teacher.embed_images([picture])
        image[row] = embedded.values[0]
        quality[row] = embedded.quality[0]
        features[row] = embedded.features[0]
        small = cv2.resize(picture, (IMAGE_SIDE, IMAGE_SIDE), interpolation=cv2.INTER_AREA)
        pictures[row] = small.transpose(2, 0, 1)
        tick()
    flush(image, quality, features, pictures)


def write_texts(
    folder: Path,
    dataset: Dataset,
    teacher: Teacher,
    samples: Array,
    rows: Iterable[int],
    tick: Callable[[], None],
) -> None:
    """Embed up to `SENTENCES` sentences of each sample; arguments as those of `write_images`."""
    text = open_array(folder, "text", writable=True)
    counts = open_array(folder, "text-count", writable=True)
    for row in rows:
        try:
            sentences = dataset[int(samples[row])]["text"]
        except CodecError:
            tick()
            continue
        chosen = np.unique(np.linspace(0, len(sentences) - 1, SENTENCES).astype(int))
        text[row, : len(chosen)] = teacher.encode_batch([sentences[i] for i in chosen])
        counts[row] = len(chosen)
        tick()
    flush(text, counts)
