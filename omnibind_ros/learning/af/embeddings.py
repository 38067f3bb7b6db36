"""Embeddings of a dataset, by modality: fusion is trained, calibrated and measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, Floats
from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import MODALITIES, OWN
from omnibind_ros.recognition.label_bank import LabelBank

from .config import FusionConfig

EncodedFaults = Mapping[tuple[str, str], tuple[Floats, Floats]]
"""By corruption and modality: embeddings [K, D] and qualities [K] of corrupted observations, by an
encoder. Corruptions that are missing here are drawn as embeddings (`corruptions.CORRUPTIONS`)."""


PER_SAMPLE = ("values", "quality", "present", "labels", "objects", "splits")
"""Attributes of an `EmbeddingSet` that have a row for each sample."""


@dataclass(frozen=True)
class EmbeddingSet:
    """Embeddings of n samples in M modalities, and the samples' classes, objects and splits.

    Attributes:
        modalities: Names of the M modalities, in the order of modalities.py.
        values: float32 [n, M, D], unit vectors; zeros where a sample lacks the modality.
        quality: float32 [n, M], 0..1; 0 where a sample lacks the modality.
        present: bool [n, M], which modalities a sample has.
        labels: int64 [n], classes of the bank; -1 where a class has no label.
        objects: [n], names of the objects.
        splits: [n], train, validation or test.
        bank: The labels of the classes, with their prototypes.
    """

    modalities: tuple[str, ...]
    values: Floats
    quality: Floats
    present: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]
    objects: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    bank: LabelBank

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def is_right(self, answers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which answers, one label of the bank for each sample, are right, bool [n].

        Right is the sample's label, or one that contains it and covers few labels
        (`Categories.right_answers`).
        """
        return np.asarray(self.bank.categories.right_answers[self.labels, answers])

    @property
    def size(self) -> int:
        """Values of an embedding, D."""
        return int(self.values.shape[2])

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Numbers of the modalities, int64 [M]."""
        return np.array([MODALITIES[name].number for name in self.modalities], np.int64)

    @property
    def table_rows(self) -> int:
        """Rows of a table that is indexed by numbers of these modalities, and of `OWN`."""
        return 1 + max(*(modality.number for modality in OWN), *self.numbers.tolist())

    def of(self, place: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return the embeddings [K, D] of one modality, given its place, and their labels [K]."""
        there = self.present[:, place]
        return self.values[there, place], self.labels[there]

    def samples(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> EmbeddingSet:
        """Return the set of some samples, which a mask or indices choose."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in PER_SAMPLE})

    def joined(self, other: EmbeddingSet) -> EmbeddingSet:
        """Return the samples of two sets with the same modalities and labels."""
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in PER_SAMPLE
        }
        return replace(self, **joined)

    def only(self, modalities: Sequence[str]) -> EmbeddingSet:
        """Return the set with some of its modalities, in the order of modalities.py.

        Raises:
            TrainingError: It lacks one of them.
        """
        missing = [name for name in modalities if name not in self.modalities]
        if missing:
            raise TrainingError(
                f"there are no embeddings of {missing[0]}, only of {', '.join(self.modalities)}; "
                "train or export its encoder, or leave it out"
            )
        kept = [m for m, name in enumerate(self.modalities) if name in modalities]
        return replace(
            self,
            modalities=tuple(self.modalities[m] for m in kept),
            values=self.values[:, kept],
            quality=self.quality[:, kept],
            present=self.present[:, kept],
        )

    def split(self, *names: str) -> EmbeddingSet:
        """Return the samples of these splits."""
        return self.samples(np.isin(self.splits, names))

    def complete(self) -> EmbeddingSet:
        """Return the samples that have every modality."""
        return self.samples(np.asarray(self.present.all(1)))

    def without_classes(self, names: Sequence[str]) -> tuple[EmbeddingSet, EmbeddingSet]:
        """Separate the samples of some classes, which have no label in the bank from then on.

        Args:
            names: Labels, each with all that it contains, or groups of labels.

        Returns:
            The samples of all other classes, with new label indices; and the samples of these
            classes, their labels -1, with the same bank.

        Raises:
            TrainingError: One of the names is no class, or fewer than two classes are left.
        """
        left_out: set[str] = set()
        for name in names:
            found = self.bank.taxonomy.labels_in(name, self.bank.labels)
            if not found:
                raise TrainingError(
                    f"'{name}' is no class of the dataset; use some of "
                    f"{', '.join(self.bank.labels)}"
                )
            left_out |= set(found)
        kept = [i for i, name in enumerate(self.bank.labels) if name not in left_out]
        if len(kept) < 2:
            raise TrainingError(f"{len(kept)} class is left, but two are needed; leave out fewer")
        bank = self.bank.subset(kept)
        number = np.full(len(self.bank.labels), -1, np.int64)
        number[kept] = np.arange(len(kept))
        renamed = replace(self, labels=number[self.labels], bank=bank)
        return renamed.samples(renamed.labels >= 0), renamed.samples(renamed.labels < 0)

    def save(self, path: Path) -> None:
        """Write embeddings.npz in the format of `omnibind train students`; raises OSError."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "labels": self.labels,
            "label_names": np.array(self.bank.labels, np.str_),
            "objects": self.objects,
            "splits": self.splits,
            "prototypes": self.bank.prototypes,
            "owner": self.bank.owner,
        }
        for m, name in enumerate(self.modalities):
            rows = np.flatnonzero(self.present[:, m])
            arrays[name] = self.values[rows, m].astype(np.float16)
            arrays[f"{name}-rows"] = rows
            arrays[f"{name}-quality"] = self.quality[rows, m]
        with atomic_file(path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> EmbeddingSet:
        """Read embeddings.npz of a training run, or one that `save` wrote.

        An embedding of zeros or NaN counts as missing: its encoder could not use the observation.

        Raises:
            TrainingError: It cannot be read, or holds other data.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            names = tuple(name for name in MODALITIES if name in arrays)
            samples, size = len(arrays["labels"]), arrays["prototypes"].shape[1]
            values = np.zeros((samples, len(names), size), np.float32)
            quality = np.zeros((samples, len(names)), np.float32)
            present = np.zeros((samples, len(names)), np.bool_)
            for m, name in enumerate(names):
                rows = arrays[f"{name}-rows"]
                values[rows, m] = arrays[name]
                quality[rows, m] = arrays[f"{name}-quality"]
                present[rows, m] = np.linalg.norm(values[rows, m], axis=1) > 0.5
            values[~present] = quality[~present] = 0
            bank = LabelBank(
                tuple(map(str, arrays["label_names"])), arrays["prototypes"], arrays["owner"]
            )
        except FileNotFoundError as error:
            raise TrainingError(
                f"{path} is missing; run `omnibind train students` first, or give another folder"
            ) from error
        except DAMAGED_ARCHIVE as error:
            raise TrainingError(
                f"{path} holds no embeddings ({' '.join(str(error).split())[:80]}); remove it, "
                "and make it again"
            ) from error
        labels = arrays["labels"].astype(np.int64)
        return cls(
            names,
            _unit(values),
            quality,
            present,
            labels,
            arrays["objects"],
            arrays["splits"],
            bank,
        )


def _unit(values: Floats) -> Floats:
    """Return vectors of length one; 16 bits have changed their length."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-6))


def training_samples(data: EmbeddingSet, config: FusionConfig) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Return the samples to train on, and those of the objects that are held back.

    Args:
        data: Embeddings of a training run.
        config: Names the splits and the classes that are left out.

    Raises:
        TrainingError: There are too few.
    """
    known, _ = data.without_classes(config.left_out)
    usable = known.split(*config.splits)
    usable = usable.samples(np.asarray(usable.present.any(1)))
    objects = np.unique(usable.objects)
    if len(objects) < 4 or len(np.unique(usable.labels)) < 2:
        raise TrainingError(
            f"the splits {', '.join(config.splits)} have embeddings of {len(objects)} objects in "
            f"{len(np.unique(usable.labels))} classes; fusion needs four objects and two classes "
            "at least: build a larger dataset"
        )
    if len(usable.modalities) < 2:
        raise TrainingError(
            f"there are embeddings of {usable.modalities[0]} only, and fusion needs two "
            "modalities; a bundle of one needs none: run `omnibind export --run` without --fusion"
        )
    order = np.random.default_rng(config.seed).permutation(objects)
    held_back = np.isin(usable.objects, order[: max(1, round(config.held_back * len(objects)))])
    return usable.samples(~held_back), usable.samples(held_back)
