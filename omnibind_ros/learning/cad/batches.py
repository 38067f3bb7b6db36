"""The batches of a student: samples of one modality, each with a teacher image and a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils import data

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.config import TrainingConfig
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.recognition.label_bank import LabelBank

from .selection import Ints, category_numbers, class_numbers, select_rows


class StudentBatch(NamedTuple):
    """B samples of one modality.

    Attributes:
        x: Prepared inputs [B, ...], float32.
        labels: int [B].
        image: Embeddings of the paired teacher images [B, D].
        text: Text embeddings [B, D].
        categories: int [B], names that recordings have in their own set; -1 if there is none.
    """

    x: Tensor
    labels: Tensor
    image: Tensor
    text: Tensor
    categories: Tensor

    def finite(self) -> StudentBatch:
        """Return the batch without the samples that hold values that are not finite."""
        good = torch.isfinite(self.x.flatten(1)).all(1) & torch.isfinite(self.image).all(1)
        good &= torch.isfinite(self.text).all(1)
        return self if bool(good.all()) else StudentBatch(*(tensor[good] for tensor in self))


class StudentData(data.Dataset):
    """The usable samples of one modality and split.

    Attributes:
        modality: The student's.
        place: int [N], rows of the cache's tensors.
        samples: int [N], samples of the dataset.
        labels: int [N], classes of the bank.
        objects: str [N].
        recorded: bool [N].
        category_bank: The names that recordings have in their own sets, or None.
        categories: int [N], see `StudentBatch`.
        has_images: Whether any of the samples has a teacher image to be paired with.
    """

    def __init__(
        self,
        cache: TensorCache,
        modality: str,
        split: str,
        bank: LabelBank,
        config: TrainingConfig,
        image: Floats,
    ) -> None:
        """Choose the samples, and pair them with images and texts.

        Args:
            cache: The dataset's tensors.
            modality: A student modality.
            split: train, validation or test.
            bank: The classes to learn.
            config: Gives the share of training data, the seed and the pairing.
            image: float32 [n_image, D], the teacher's embeddings of the cached images.
        """
        numbers = class_numbers(cache, bank)
        self.modality = modality
        self.place = select_rows(cache, modality, split, numbers, config)
        self.recorded = cache.index.recorded[modality][self.place]
        self.samples = cache.index.rows[modality][self.place]
        self.labels = numbers[self.samples]
        self.objects = cache.index.objects[self.samples]
        self.category_bank, self.categories = category_numbers(cache, self.samples)
        self._x = cache.inputs.tensors[modality]
        self._image = image
        self._pairing = _Pairing(cache, numbers, config.of(modality)[1].same_class)
        self.has_images = self._pairing.some(self.labels)
        starts = np.searchsorted(bank.owner, np.arange(len(bank.labels)))
        self._names = bank.prototypes[starts]
        self._targets = cache.targets
        self._text_row = np.full(len(cache.index.labels), -1, np.int64)
        self._text_row[cache.index.rows["text"]] = np.arange(len(cache.index.rows["text"]))
        self._seed = config.seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int, rank: int = 0) -> None:
        """Draw texts and images anew; they follow from seed, epoch and the process's rank."""
        self._rng = np.random.default_rng([self._seed, epoch, rank])

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.place)

    def inputs(self, start: int, stop: int) -> Tensor:
        """Return prepared inputs, float32 [stop - start, ...], without images and texts."""
        return torch.from_numpy(self._x[self.place[start:stop]].astype(np.float32))

    def __getitems__(self, indices: Sequence[int]) -> StudentBatch:
        """Return a batch."""
        chosen = np.asarray(indices)
        samples, labels = self.samples[chosen], self.labels[chosen]
        names = self._names[labels]
        pairs = self._pairing.draw(samples, labels, self._rng)
        image = np.where((pairs >= 0)[:, None], self._image[pairs] if self.has_images else 0, names)
        return StudentBatch(
            torch.from_numpy(self._x[self.place[chosen]].astype(np.float32)),
            torch.from_numpy(labels),
            torch.from_numpy(image.astype(np.float32)),
            torch.from_numpy(self._draw_texts(samples, names)),
            torch.from_numpy(self.categories[chosen]),
        )

    def _draw_texts(self, samples: Ints, names: Floats) -> Floats:
        """Return one of each sample's sentences [B, D], or its class's name if it has none."""
        texts = names.copy()
        draws = self._rng.random(len(samples))
        for i, row in enumerate(self._text_row[samples]):
            count = int(self._targets.text_count[row]) if row >= 0 else 0
            if count:
                texts[i] = self._targets.text[row, int(draws[i] * count)]
        return texts


class _Pairing:
    """Pairs a sample with its own image, else one of its object, else one of its class."""

    def __init__(self, cache: TensorCache, numbers: Ints, same_class: float) -> None:
        rows, index = cache.index.rows["image"], cache.index
        usable = (index.splits[rows] == "train") & (numbers[rows] >= 0)
        usable &= cache.targets.image_quality > 0
        images = np.flatnonzero(usable)
        self._own = np.full(len(index.labels), -1, np.int64)
        self._own[rows[images]] = images
        self._of_class = _groups(numbers[rows[images]], images)
        self._of_object = _groups(index.objects[rows[images]], images)
        self._objects = index.objects
        self._same_class = same_class

    def some(self, labels: Ints) -> bool:
        """Return whether there is an image of any of the classes."""
        return any(label in self._of_class for label in set(labels.tolist()))

    def draw(self, samples: Ints, labels: Ints, rng: np.random.Generator) -> Ints:
        """Return the image of each sample, int [B]; -1 if its class has none."""
        pairs = self._own[samples].copy()
        draws = rng.random((len(samples), 2))
        for i, (sample, label) in enumerate(zip(samples, labels, strict=True)):
            if pairs[i] >= 0 and draws[i, 0] >= self._same_class:
                continue
            group = self._of_class.get(int(label))
            if pairs[i] < 0:
                group = self._of_object.get(str(self._objects[sample]), group)
            if group is not None:
                pairs[i] = group[int(draws[i, 1] * len(group))]
        return pairs


def _groups(keys: npt.NDArray[Any], members: Ints) -> dict[Any, Ints]:
    """Return the members of each key."""
    return {value: members[keys == value] for value in np.unique(keys).tolist()}
