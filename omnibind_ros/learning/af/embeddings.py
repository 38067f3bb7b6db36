"""Embeddings of a dataset, by modality: what fusion is trained, calibrated and measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.storage.files import whole_file
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

EncodedFaults = Mapping[tuple[str, str], tuple[Floats, Floats]]
"""By fault and modality: embeddings [K, D] and qualities [K] that an encoder gave for samples with
that fault. Where there is none, embeddings of the fault are drawn."""


@dataclass(frozen=True)
class EmbeddingSet:
    """Embeddings of n samples in M modalities, and what the samples are.

    Attributes:
        modalities: Names of the M modalities, in the order of modalities.py.
        values: float32 [n, M, D], unit vectors; zeros where a sample lacks the modality.
        quality: float32 [n, M], 0..1; 0 where a sample lacks the modality.
        present: bool [n, M].
        labels: int64 [n], classes of the bank.
        objects: [n], ids of the things.
        splits: [n], train, validation or test.
        bank: The classes, embedded.
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

    @property
    def size(self) -> int:
        """Values of an embedding, D."""
        return int(self.values.shape[2])

    def samples(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> EmbeddingSet:
        """Return the set of some of its samples."""
        return replace(
            self, values=self.values[chosen], quality=self.quality[chosen],
            present=self.present[chosen], labels=self.labels[chosen],
            objects=self.objects[chosen], splits=self.splits[chosen],
        )  # fmt: skip

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
            self, modalities=tuple(self.modalities[m] for m in kept),
            values=self.values[:, kept], quality=self.quality[:, kept],
            present=self.present[:, kept],
        )  # fmt: skip

    def split(self, *names: str) -> EmbeddingSet:
        """Return the samples of these splits."""
        return self.samples(np.isin(self.splits, names))

    def complete(self) -> EmbeddingSet:
        """Return the samples that have every modality."""
        return self.samples(np.asarray(self.present.all(1)))

    def without_classes(self, names: Sequence[str]) -> tuple[EmbeddingSet, EmbeddingSet]:
        """Part the samples of some classes, which the bank forgets, from the others.

        Returns:
            The samples of all other classes, numbered anew; and those of these classes, their
            labels -1, with the same bank.

        Raises:
            TrainingError: One of the names is no class, or fewer than two classes are left.
        """
        unknown = sorted(set(names) - set(self.bank.labels))
        if unknown:
            raise TrainingError(
                f"'{unknown[0]}' is no class of the dataset; use some of "
                f"{', '.join(self.bank.labels)}"
            )
        kept = [i for i, name in enumerate(self.bank.labels) if name not in set(names)]
        if len(kept) < 2:
            raise TrainingError(f"{len(kept)} class is left to tell apart; leave out fewer")
        bank = self.bank.subset(kept)
        number = np.full(len(self.bank.labels), -1, np.int64)
        number[kept] = np.arange(len(kept))
        renamed = replace(self, labels=number[self.labels], bank=bank)
        return renamed.samples(renamed.labels >= 0), renamed.samples(renamed.labels < 0)

    def save(self, path: Path) -> None:
        """Write it as `train_students.write_embeddings` does; raises OSError."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "labels": self.labels, "label_names": np.array(self.bank.labels, np.str_),
            "objects": self.objects, "splits": self.splits,
            "prototypes": self.bank.prototypes, "owner": self.bank.owner,
        }  # fmt: skip
        for m, name in enumerate(self.modalities):
            rows = np.flatnonzero(self.present[:, m])
            arrays |= {
                name: self.values[rows, m].astype(np.float16), f"{name}-rows": rows,
                f"{name}-quality": self.quality[rows, m],
            }  # fmt: skip
        with whole_file(path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> EmbeddingSet:
        """Read embeddings.npz of a training run, or what `save` wrote.

        Raises:
            TrainingError: It cannot be read, or holds something else.
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
                # What no encoder could make sense of is zeros, and as good as not there.
                present[rows, m] = np.linalg.norm(values[rows, m], axis=1) > 0.5
            values[~present] = quality[~present] = 0
            bank = LabelBank(
                tuple(map(str, arrays["label_names"])), arrays["prototypes"], arrays["owner"]
            )
        except FileNotFoundError as error:
            raise TrainingError(
                f"{path} is missing; run `omnibind train students` first, or give another folder"
            ) from error
        except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
            raise TrainingError(
                f"{path} holds no embeddings ({' '.join(str(error).split())[:80]}); remove it, "
                "and make it again"
            ) from error
        return cls(
            names, _unit(values), quality, present, arrays["labels"].astype(np.int64),
            arrays["objects"], arrays["splits"], bank,
        )  # fmt: skip


def _unit(values: Floats) -> Floats:
    """Return vectors of length one, as they were before they were stored in 16 bits."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-6))


def similarities(bank: LabelBank, values: Floats) -> Floats:
    """Return each label's similarity as `LabelBank.similarities` does, float32 [..., L].

    Args:
        bank: The L labels.
        values: float32 [..., D], unit vectors.
    """
    return bank.similarities(values)


def probabilities(similarity: Floats, temperature: float) -> Floats:
    """Return a softmax over the last axis of similarities, float32 [..., L]."""
    logits = (similarity - similarity.max(-1, keepdims=True)) / np.float32(temperature)
    exponentials = np.exp(logits)
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))


def entropies(similarity: Floats, temperature: float) -> Floats:
    """Return what `Recogniser.entropy` says of each embedding, float32 [...].

    Args:
        similarity: float32 [..., L].
        temperature: Of the softmax.

    Returns:
        Entropy of its label distribution as a share of log L, 0..1.
    """
    if similarity.shape[-1] < 2:
        return np.zeros(similarity.shape[:-1], np.float32)
    share = probabilities(similarity, temperature)
    entropy = -(share * np.log(np.maximum(share, 1e-30))).sum(-1)
    return np.asarray(np.clip(entropy / np.log(similarity.shape[-1]), 0, 1), np.float32)
