"""The samples of one student, each with its teacher image and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils import data

from omnibind_ros.datasets.storage.splits import in_share
from omnibind_ros.learning.config import ScheduleConfig, TrainingConfig, TrainingError
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.windows import best_rows
from omnibind_ros.recognition.label_bank import LabelBank


class StudentBatch(NamedTuple):
    """B samples of one modality.

    Attributes:
        x: Prepared inputs [B, ...], float32.
        labels: int [B].
        image: Paired teacher embeddings [B, D].
        text: Text embeddings [B, D].
        categories: int [B], names that recordings have in their own set; -1 where there is none.
    """

    x: Tensor
    labels: Tensor
    image: Tensor
    text: Tensor
    categories: Tensor


def class_bank(cache: TensorCache, left_out: Sequence[str]) -> LabelBank:
    """Return the label bank without the classes that training leaves out.

    Raises:
        TrainingError: One of them is no class of the dataset, or too few are left.
    """
    unknown = sorted(set(left_out) - set(cache.label_names))
    if unknown:
        raise TrainingError(
            f"left_out names '{unknown[0]}', which is no class of the dataset; use some of "
            f"{', '.join(cache.label_names)}"
        )
    kept = [i for i, name in enumerate(cache.label_names) if name not in set(left_out)]
    if len(kept) < 2:
        raise TrainingError(
            f"{len(kept)} class is left to learn; a student needs at least two to tell apart"
        )
    return cache.bank.subset(kept)


def class_numbers(cache: TensorCache, bank: LabelBank) -> npt.NDArray[np.int64]:
    """Return each sample's class in a bank, int [n]; -1 where the bank has no such class."""
    number = {name: i for i, name in enumerate(bank.labels)}
    table = np.array([number.get(name, -1) for name in cache.label_names], np.int64)
    return table[cache.labels]


def own_names(
    cache: TensorCache, samples: npt.NDArray[np.int64]
) -> tuple[LabelBank | None, npt.NDArray[np.int64]]:
    """Return what samples are called in the sets that they come from.

    Args:
        cache: The dataset's tensors.
        samples: int [n].

    Returns:
        The names, at least two, or None; and int [n], each sample's name, -1 where it has none.
    """
    names = cache.categories[samples]
    kept = [i for i, name in enumerate(cache.category_bank.labels) if name in set(names)]
    if len(kept) < 2:
        return None, np.full(len(samples), -1, np.int64)
    bank = cache.category_bank.subset(kept)
    number = {name: i for i, name in enumerate(bank.labels)}
    return bank, np.array([number.get(str(name), -1) for name in names], np.int64)


class StudentData(data.Dataset):
    """The usable samples of one modality and split."""

    def __init__(
        self,
        cache: TensorCache,
        modality: str,
        split: str,
        bank: LabelBank,
        config: TrainingConfig,
        image: npt.NDArray[np.float32],
    ) -> None:
        """Choose the samples, and pair them.

        Args:
            cache: The dataset's tensors.
            modality: A student modality.
            split: train, validation or test.
            bank: The classes to learn.
            config: Gives the share of training data, the seed and the pairing.
            image: float32 [n_image, D], the teacher's embeddings of the cached images.
        """
        self.modality = modality
        self._x = cache.tensors[modality]
        rows = cache.rows[modality]
        numbers = class_numbers(cache, bank)
        keep = (cache.splits[rows] == split) & (numbers[rows] >= 0)
        keep &= cache.quality[modality] > 0
        if split == "train" and modality in config.shares:
            percent = config.shares[modality]
            keep &= np.array([in_share(str(k), modality, percent) for k in cache.keys[rows]], bool)
        if split != "test" and config.origins != "all":
            keep &= cache.recorded[modality] == (config.origins == "recorded")
        self.place = np.flatnonzero(keep)
        if split != "train":  # a sample counts once, however many windows its sound has
            self.place = self.place[best_rows(rows[keep], cache.quality[modality][keep])]
        self.recorded = cache.recorded[modality][self.place]
        self.samples = rows[self.place]
        self.labels = numbers[self.samples]
        self.objects = cache.objects[self.samples]
        self._cache = cache
        self._image = image
        self._pairing = _Pairing(cache, numbers, config.of(modality)[1], self.samples)
        starts = np.searchsorted(bank.owner, np.arange(len(bank.labels)))
        self._names = bank.prototypes[starts]
        self.category_bank, self.categories = own_names(cache, self.samples)
        self._text_row = _positions(len(cache.labels), cache.rows["text"])
        self._seed = config.seed
        self.start_epoch(0)

    @property
    def has_images(self) -> bool:
        """Whether any of the samples has a teacher image to be paired with."""
        return self._pairing.some

    def start_epoch(self, epoch: int, rank: int = 0) -> None:
        """Draw texts and partners anew: they follow from seed, epoch and the process's rank."""
        self._rng = np.random.default_rng([self._seed, epoch, rank])

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.place)

    def inputs(self, start: int, stop: int) -> Tensor:
        """Return prepared inputs, float32 [stop - start, ...], without pairs."""
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
            torch.from_numpy(self._texts(samples, names)),
            torch.from_numpy(self.categories[chosen]),
        )

    def _texts(
        self, samples: npt.NDArray[np.int64], names: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return one of each sample's sentences, or its class's name where it has none."""
        texts = names.copy()
        draws = self._rng.random(len(samples))
        for i, row in enumerate(self._text_row[samples]):
            count = int(self._cache.text_count[row]) if row >= 0 else 0
            if count:
                texts[i] = self._cache.text[row, int(draws[i] * count)]
        return texts


def _positions(samples: int, rows: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return each sample's place among rows, int [samples]; -1 where it has none."""
    place = np.full(samples, -1, np.int64)
    place[rows] = np.arange(len(rows))
    return place


class _Pairing:
    """Which image teaches a sample: its own, else one of its object, else one of its class."""

    def __init__(
        self,
        cache: TensorCache,
        numbers: npt.NDArray[np.int64],
        schedule: ScheduleConfig,
        samples: npt.NDArray[np.int64],
    ) -> None:
        rows = cache.rows["image"]
        usable = (cache.splits[rows] == "train") & (numbers[rows] >= 0)
        usable &= cache.quality["image"] > 0
        images = np.flatnonzero(usable)
        self._own = np.full(len(cache.labels), -1, np.int64)
        self._own[rows[images]] = images
        self._by_class = _groups(numbers[rows[images]], images)
        self._by_object = _groups(cache.objects[rows[images]], images)
        self._objects = cache.objects
        self._other = schedule.same_class
        classes = set(numbers[samples].tolist())
        self.some = any(label in self._by_class for label in classes)

    def draw(
        self,
        samples: npt.NDArray[np.int64],
        labels: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> npt.NDArray[np.int64]:
        """Return the image of each sample, int [B]; -1 where its class has none."""
        pairs = self._own[samples].copy()
        draws = rng.random((len(samples), 2))
        for i, (sample, label) in enumerate(zip(samples, labels, strict=True)):
            if pairs[i] >= 0 and draws[i, 0] >= self._other:
                continue
            group = self._by_class.get(int(label))
            if pairs[i] < 0:
                group = self._by_object.get(str(self._objects[sample]), group)
            if group is not None:
                pairs[i] = group[int(draws[i, 1] * len(group))]
        return pairs


def _groups(of: npt.NDArray[Any], members: npt.NDArray[np.int64]) -> dict[Any, Any]:
    """Return members by what they are of."""
    return {value: members[of == value] for value in np.unique(of).tolist()}


class EpochSampler(data.Sampler):
    """Draws each epoch's samples: rare classes more often; the same for the same seed and epoch."""

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        balance: float,
        seed: int,
        recorded: npt.NDArray[np.bool_] | None = None,
        share: float = 0.0,
    ) -> None:
        """Take the samples' classes.

        Args:
            labels: int [N].
            balance: 0: each sample once an epoch; 1: each class equally often.
            seed: Decides the order.
            recorded: bool [N], which samples are recordings; None: none are.
            share: Of an epoch's draws, those that are recordings; 0: as they come. Classes are
                balanced among recordings, and among the others.
        """
        group = np.zeros(len(labels), np.int64) if recorded is None else recorded.astype(np.int64)
        parts = share > 0 and len(np.unique(group)) == 2
        if not parts:
            group[:] = 0
        weights = np.empty(len(labels))
        for number, part in enumerate((1 - share, share) if parts else (1.0,)):
            inside = group == number
            counts = np.bincount(labels[inside])
            each = counts[labels[inside]].astype(np.float64) ** -balance
            weights[inside] = part * each / each.sum()
        self._share = weights / weights.sum()
        self._flat = balance == 0 and not parts
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return len(self._share)

    def __iter__(self) -> Iterator[int]:
        """Yield the epoch's samples."""
        rng = np.random.default_rng([self._seed, self.epoch, 1])
        if self._flat:
            return iter(rng.permutation(len(self)).tolist())
        return iter(rng.choice(len(self), len(self), p=self._share).tolist())


def check_samples(train: StudentData, bank: LabelBank, paired: bool) -> None:
    """Check that there is something to learn.

    Args:
        train: The training samples.
        bank: The classes.
        paired: Whether the objective needs teacher images.

    Raises:
        TrainingError: There is not.
    """
    modality = train.modality
    if not len(train):
        raise TrainingError(
            f"the dataset has no usable training samples of {modality}; build one that has, or "
            "leave it out of `modalities`"
        )
    classes = np.unique(train.labels)
    if len(classes) < 2:
        raise TrainingError(
            f"the training samples of {modality} show one class only, "
            f"'{bank.labels[classes[0]]}'; a student needs at least two to tell apart"
        )
    if paired and not train.has_images:
        raise TrainingError(
            f"no training sample of {modality} shares a class with an image, so that there is "
            "nothing to distil; add images, or set loss.objective to cross_entropy"
        )
