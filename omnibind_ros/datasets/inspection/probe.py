"""How well a class can be predicted: from simple features of each modality, and by the teacher.

The features have nothing learned in them (`datasets.samples`). A nearest-centroid classifier must
be better than guessing, or the modality has no information about the class; and it should be far
from perfect, or the modality gives the class away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES, Label


def _features(
    dataset: Dataset, modality: str, limit: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Return features [N, F] and classes [N] of up to `limit` samples, evenly chosen."""
    number = {label: index for index, label in enumerate(dataset.labels)}
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(limit, len(dataset))).astype(int))
    samples = [dataset[int(index)] for index in chosen]
    classes = np.array([number[sample.label] for sample in samples], np.intp)
    features = sample_module(modality).features
    return np.stack([features(sample[modality]) for sample in samples]), classes


def nearest_centroid(
    train: npt.NDArray[np.float32],
    classes: npt.NDArray[np.intp],
    test: npt.NDArray[np.float32],
) -> npt.NDArray[np.intp]:
    """Return the class of the nearest mean; features are scaled to unit variance.

    Args:
        train: float32 [N, F].
        classes: int [N].
        test: float32 [M, F].

    Returns:
        int [M].
    """
    mean, deviation = train.mean(0), train.std(0) + 1e-6
    known = np.unique(classes)
    scaled = (train - mean) / deviation
    centroids = np.stack([scaled[classes == label].mean(0) for label in known])
    distances = np.linalg.norm(((test - mean) / deviation)[:, None] - centroids[None], axis=2)
    return np.asarray(known[distances.argmin(1)])


def _balanced(right: npt.NDArray[np.bool_], classes: npt.NDArray[np.intp]) -> float:
    """Return the accuracy, averaged over classes."""
    return float(np.mean([right[classes == label].mean() for label in np.unique(classes)]))


def probed_modalities() -> list[str]:
    """Return the modalities that have features for the probe."""
    return [name for name in stored_modalities() if hasattr(sample_module(name), "features")]


def probe(dataset: Dataset, limit: int = 4000) -> dict[str, dict[str, float]]:
    """Probe each student modality: centroids of training objects, measured on test objects.

    Args:
        dataset: The samples; recorded ones are left out.
        limit: Most samples of each split.

    Returns:
        By modality: accuracy (mean over classes), chance (1 / classes), samples (of test).

    Raises:
        DatasetError: A split has no samples of a modality that the dataset has, or it has none.
    """
    figures = {}
    for modality in probed_modalities():
        if not dataset.has(modality).any():
            continue
        pair = dataset.select(modalities=[modality], recorded=False)
        parts = [pair.select(split=split) for split in ("train", "test")]
        if not all(map(len, parts)):
            raise DatasetError(f"{dataset.folder} has too few samples of {modality} to probe")
        (train, known), (test, classes) = (_features(part, modality, limit) for part in parts)
        right = nearest_centroid(train, known, test) == classes
        figures[modality] = {
            "accuracy": _balanced(right, classes),
            "chance": 1 / len(np.unique(known)),
            "samples": len(classes),
        }
    if not figures:
        raise DatasetError(f"{dataset.folder} has no samples of a modality that can be probed")
    return figures


def zero_shot(
    dataset: Dataset, bundle: Bundle, synonyms: Sequence[Label], limit: int = 4000
) -> dict[str, Any]:
    """Measure how often the image teacher names the class of a test picture.

    Args:
        dataset: The samples.
        bundle: The teacher.
        synonyms: Every class of the dataset with its synonyms; the teacher chooses among these.
        limit: Most pictures.

    Returns:
        accuracy (mean over classes), samples, by_class (accuracy by label).

    Raises:
        DatasetError: There are no test pictures, or the bundle has no encoders for this.
    """
    text, image = bundle.encoder("text"), bundle.encoder("image")
    if not isinstance(text, TextEncoder):
        raise DatasetError(f"the text encoder of {bundle.manifest.model} cannot embed labels")
    bank = LabelBank.build(synonyms, TEMPLATES, text)
    tests = dataset.select(split="test", modalities=["image"])
    if not len(tests):
        raise DatasetError(f"{dataset.folder} has no test pictures")
    chosen = np.unique(np.linspace(0, len(tests) - 1, min(limit, len(tests))).astype(int))
    hits: dict[str, list[bool]] = {}
    for index in chosen:
        sample = tests[int(index)]
        best = int(bank.similarities(image.encode(sample["image"]).values).argmax())
        hits.setdefault(sample.label, []).append(bank.labels[best] == sample.label)
    by_class = {label: float(np.mean(right)) for label, right in sorted(hits.items())}
    return {
        "accuracy": float(np.mean(list(by_class.values()))),
        "samples": len(chosen),
        "by_class": by_class,
    }


def household_labels(dataset: Dataset) -> list[Label]:
    """Return the classes of a dataset with their synonyms in household.yaml."""
    known = ClassMap.load().classes
    return [Label(name, known[name].synonyms if name in known else ()) for name in dataset.labels]
