"""Writes labels.yaml of a dataset's own labels into the folder of a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest import FileSpec
from omnibind_ros.learning.tensors.own_labels import own_labels
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.recognition.labels_writing import write_labels


def write_own_labels(
    folder: Path, source: Bundle, dataset: Dataset, keep: bool = False
) -> FileSpec:
    """Write labels.yaml with the labels of a dataset.

    Args:
        folder: The bundle's folder.
        source: The bundle whose labels give synonyms and groups to those of the same name.
        dataset: Its classes are the labels.
        keep: Whether the labels of the source stay beside them.

    Returns:
        The file's entry in the manifest.

    Raises:
        LabelError: The labels of the source, or a class's name, cannot be used.
        OSError: The file cannot be written.
    """
    before = source.manifest.labels
    labels = own_labels(dataset, read_labels(source.root / before.path), keep)
    path = folder / before.path
    write_labels(path, labels)
    about = dataset.manifest.description.get("name", dataset.folder.name)
    both = f" and those of {source.manifest.model}" if keep else ""
    origin = f"the labels of the dataset {about}{both}"
    return replace(before, sha256=file_sha256(path), origin=origin)
