"""The samples of one sensor that a student is adapted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.windows import best_rows
from omnibind_ros.recognition.label_bank import LabelBank

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SensorSamples:
    """N usable samples of a modality.

    Attributes:
        modality: The modality.
        inputs: float32 [N, ...], as the student takes them.
        rows: int64 [N], samples of the dataset; a long sound has several of one sample.
        labels: int64 [N], labels of the bank; -1 where a sample has none.
        objects: str [N].
        splits: str [N], train, validation or test; of a long sound, only the best window is held
            back.
        images: float32 [N, D], the image teacher's embeddings of the same samples; zeros where
            there is none.
        image_quality: float32 [N], 0 to 1; 0 where there is none.
    """

    modality: str
    inputs: Floats
    rows: Ints
    labels: Ints
    objects: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    images: Floats
    image_quality: Floats

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.rows)

    def where(self, *splits: str) -> Ints:
        """Return the places of the samples of some splits."""
        return np.flatnonzero(np.isin(self.splits, splits))

    @classmethod
    def of(cls, cache: TensorCache, modality: str, labels: Ints) -> SensorSamples:
        """Take the usable samples of a modality.

        Args:
            cache: The dataset's tensors.
            modality: A student modality.
            labels: int64 [n], the label of each sample of the dataset; -1 for none.
        """
        index = cache.index
        all_rows, quality = index.rows[modality], cache.inputs.quality[modality]
        best = np.zeros(len(all_rows), np.bool_)
        best[best_rows(all_rows, quality)] = True
        keep = (quality > 0) & (best | (index.splits[all_rows] == "train"))
        places = np.flatnonzero(keep)
        rows = all_rows[places]
        images, image_quality = _images(cache, rows)
        return cls(
            modality,
            np.asarray(cache.inputs.tensors[modality][places], np.float32),
            rows,
            labels[rows],
            index.objects[rows],
            index.splits[rows],
            images,
            image_quality,
        )


def _images(cache: TensorCache, rows: Ints) -> tuple[Floats, Floats]:
    """Return the image embedding [N, D] and its quality [N] of samples; zeros where none is."""
    of_image = cache.index.rows["image"]
    place = np.full(len(cache.index.labels), -1, np.int64)
    place[of_image] = np.arange(len(of_image))
    chosen = place[rows]
    there = chosen >= 0
    values = np.zeros((len(rows), cache.embedding_size), np.float32)
    quality = np.zeros(len(rows), np.float32)
    if there.any():
        values[there] = np.asarray(cache.targets.image[chosen[there]], np.float32)
        quality[there] = cache.targets.image_quality[chosen[there]]
        quality[np.linalg.norm(values, axis=1) < 0.5] = 0
    return values, quality


def names_of(bank: LabelBank) -> Floats:
    """Return the embedding of each label's name, float32 [L, D]: the first of its prototypes."""
    return np.asarray(bank.prototypes[bank.first])
