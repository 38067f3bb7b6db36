"""Which classes and samples a training run learns from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.storage.splits import in_share
from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.windows import best_rows
from omnibind_ros.recognition.label_bank import LabelBank

Ints = npt.NDArray[np.int64]


def class_bank(cache: TensorCache, left_out: Sequence[str]) -> LabelBank:
    """Return the labels to learn without those of the classes that training leaves out.

    Args:
        cache: The dataset's tensors.
        left_out: Classes of the dataset; a label that a sample of one of them has is not learned.

    Raises:
        TrainingError: One of them is no class of the dataset, or too few are left.
    """
    index, labels = cache.index, cache.vocabulary.classes.labels
    names = [str(name) for name in np.unique(index.classes)]
    unknown = sorted(set(left_out) - set(names))
    if unknown:
        raise TrainingError(
            f"left_out names '{unknown[0]}', which is no class of the dataset; use some of "
            f"{', '.join(names)}"
        )
    unseen = set(np.unique(index.labels[np.isin(index.classes, list(left_out))]).tolist())
    kept = [i for i in range(len(labels)) if i not in unseen]
    if len(kept) < 2:
        raise TrainingError(
            f"{len(kept)} class is left to learn; a student needs at least two to tell apart"
        )
    return cache.vocabulary.classes.subset(kept)


def class_numbers(cache: TensorCache, bank: LabelBank) -> Ints:
    """Return each sample's class in a bank, int [n]; -1 if the bank has no such class."""
    number = {name: i for i, name in enumerate(bank.labels)}
    table = np.array([number.get(name, -1) for name in cache.vocabulary.classes.labels], np.int64)
    return table[cache.index.labels]


def category_numbers(cache: TensorCache, samples: Ints) -> tuple[LabelBank | None, Ints]:
    """Return the names of samples in the sets that they come from.

    Args:
        cache: The dataset's tensors.
        samples: int [n].

    Returns:
        The names, at least two, or None; and int [n], each sample's name, -1 if it has none.
    """
    names, categories = cache.index.categories[samples], cache.vocabulary.categories
    kept = [i for i, name in enumerate(categories.labels) if name in set(names)]
    if len(kept) < 2:
        return None, np.full(len(samples), -1, np.int64)
    bank = categories.subset(kept)
    number = {name: i for i, name in enumerate(bank.labels)}
    return bank, np.array([number.get(str(name), -1) for name in names], np.int64)


def select_rows(
    cache: TensorCache, modality: str, split: str, numbers: Ints, config: TrainingConfig
) -> Ints:
    """Return the usable rows of one modality and split.

    Args:
        cache: The dataset's tensors.
        modality: A student modality.
        split: train, validation or test.
        numbers: int [n], each sample's class; -1 for those that training leaves out.
        config: Names the share of the training samples and their origins.

    Returns:
        int [k], places in the cache's tensors. A sample that is measured has one row, however many
        windows its sound has; for training it has all.
    """
    rows, quality = cache.index.rows[modality], cache.inputs.quality[modality]
    recorded = cache.index.recorded[modality]
    keep = (cache.index.splits[rows] == split) & (numbers[rows] >= 0) & (quality > 0)
    if split == "train" and modality in config.shares:
        percent = config.shares[modality]
        keep &= np.array(
            [in_share(str(key), modality, percent) for key in cache.index.keys[rows]], bool
        )
    if split != "test" and config.origins != "all":
        keep &= recorded == (config.origins == "recorded")
    places = np.flatnonzero(keep)
    return places if split == "train" else places[best_rows(rows[keep], quality[keep])]


def check_samples(modality: str, labels: Ints, bank: LabelBank, lacks_images: bool) -> None:
    """Check that the training samples of a student suffice.

    Args:
        modality: The student's.
        labels: int [N], their classes.
        bank: The classes.
        lacks_images: Whether the objective needs teacher images, and there are none.

    Raises:
        TrainingError: They do not.
    """
    if not len(labels):
        raise TrainingError(
            f"the dataset has no usable training samples of {modality}; build one that has, or "
            "leave it out of `modalities`"
        )
    classes = np.unique(labels)
    if len(classes) < 2:
        raise TrainingError(
            f"the training samples of {modality} show one class only, "
            f"'{bank.labels[classes[0]]}'; a student needs at least two to tell apart"
        )
    if lacks_images:
        raise TrainingError(
            f"no training sample of {modality} shares a class with an image, so that there is "
            "nothing to distil; add images, or set loss.objective to cross_entropy"
        )
