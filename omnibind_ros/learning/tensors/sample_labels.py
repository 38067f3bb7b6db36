"""The labels that the samples of a dataset have: the finest names that a bundle's labels know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES, Label, read_labels

from .vocabulary import class_labels

SHIPPED, CLASSES = "shipped", "classes"
LABELS = (SHIPPED, CLASSES)
"""Which labels samples can have: those of the bundle's labels.yaml, or the dataset's classes."""


class SampleLabels(NamedTuple):
    """Labels, and which of them each sample of a dataset has.

    Attributes:
        bank: The L labels.
        labels: int64 [n], of the samples.
        added: Classes that the bundle's labels lack, which are labels here beside these.
    """

    bank: LabelBank
    labels: npt.NDArray[np.int64]
    added: tuple[str, ...]


def finest_names(dataset: Dataset) -> npt.NDArray[np.str_]:
    """Return the finest name of each sample's object by the map of household classes, [n].

    It follows from the sample's class and the name that the object has in the catalogue. Of other
    datasets it is the class.
    """
    class_map = ClassMap.load()
    finest: dict[tuple[str, str], str] = {}
    keys = list(zip(dataset.column("label"), dataset.column("object_id"), strict=True))
    for row, (label, object_id) in enumerate(keys):
        if (label, object_id) not in finest:
            has_finer = label in class_map.classes and class_map.classes[label].finer
            name = str(dataset[row].meta.get("name", "")) if has_finer else ""
            finest[label, object_id] = class_map.finest(label, name)
    return np.array([finest[key] for key in keys], np.str_)


def sample_labels(
    dataset: Dataset, bundle: Bundle, text: SentenceEncoder, which: str = SHIPPED
) -> SampleLabels:
    """Return the labels of a dataset's samples.

    With `shipped`, a sample has the finest name of its object that is a label of the bundle, or one
    of its synonyms. A class without such a label is a label beside them; if this is so for all
    classes, these alone are the labels.

    Args:
        dataset: The dataset.
        bundle: Its labels.yaml has the labels.
        text: Embeds labels; the bundle's own encoder reads those that the bundle has embedded.
        which: One of `LABELS`.

    Raises:
        LabelError: labels.yaml cannot be used.
    """
    classes = {label.name: label for label in class_labels(dataset)}
    if which == SHIPPED:
        path = bundle.root / bundle.manifest.labels.path
        file = read_labels(path)
        names = finest_names(dataset)
        place = places_by_text(file.labels)
        missing = sorted({str(name) for name in names if same_text(str(name)) not in place})
        if len(missing) < len(set(names.tolist())):
            if not missing and isinstance(text, TextEncoder):
                bank = LabelBank.load(bundle.root, path, text)
            else:
                added = [classes.get(name, Label(name)) for name in missing]
                place |= {same_text(name): len(file.labels) + i for i, name in enumerate(missing)}
                every = (*file.labels, *added)
                bank = LabelBank.build(every, file.templates, text, file.taxonomy)
            numbers = np.array([place[same_text(str(name))] for name in names], np.int64)
            return SampleLabels(bank, numbers, tuple(missing))
    return class_sample_labels(dataset, text)


def class_sample_labels(dataset: Dataset, text: SentenceEncoder) -> SampleLabels:
    """Return a dataset's classes as labels.

    Args:
        dataset: The dataset.
        text: Embeds them.
    """
    classes = class_labels(dataset)
    number = {label.name: index for index, label in enumerate(classes)}
    labels = np.array([number[name] for name in dataset.column("label")], np.int64)
    return SampleLabels(LabelBank.build(classes, TEMPLATES, text), labels, ())


def learned_labels(dataset: Dataset, labels: str, text: SentenceEncoder) -> SampleLabels:
    """Return the labels that students learn from a dataset: those that a sample of it has.

    Args:
        dataset: The dataset.
        labels: `CLASSES`, or the name or folder of a bundle whose labels.yaml has the labels.
        text: Embeds them.

    Raises:
        BundleError: There is no such bundle.
        LabelError: Its labels.yaml cannot be used.
    """
    if labels == CLASSES:
        return class_sample_labels(dataset, text)
    found = sample_labels(dataset, Bundle.load(resolve_bundle(labels)), text)
    used, numbers = np.unique(found.labels, return_inverse=True)
    return SampleLabels(found.bank.subset(used.tolist()), numbers, found.added)


def label_sources(labels: str) -> list[str]:
    """Return what the labels of `learned_labels` follow from beside the dataset, to be hashed.

    Args:
        labels: As there.

    Raises:
        BundleError: There is no such bundle.
        LabelError: Its labels.yaml cannot be read.
    """
    if labels == CLASSES:
        return []
    bundle = Bundle.load(resolve_bundle(labels))
    file = read_labels(bundle.root / bundle.manifest.labels.path)
    finer = {name: of.finer for name, of in ClassMap.load().classes.items() if of.finer}
    return [repr(file.labels), repr(file.templates), repr(sorted(finer.items()))]


def places_by_text(labels: Sequence[Label]) -> dict[str, int]:
    """Return the label of each name and synonym; a name comes before synonyms."""
    place: dict[str, int] = {}
    for number, label in enumerate(labels):
        place[same_text(label.name)] = number
    for number, label in enumerate(labels):
        for text in label.synonyms:
            place.setdefault(same_text(text), number)
    return place
