"""The labels of a bundle for one's own dataset: its classes, with what the shipped labels know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.labels import Label, LabelFile
from omnibind_ros.recognition.taxonomy import NO_GROUPS, Group, Taxonomy

from .sample_labels import places_by_text
from .vocabulary import class_labels


def own_labels(dataset: Dataset, shipped: LabelFile, keep: bool = False) -> LabelFile:
    """Return the labels of a dataset's classes.

    A class that is a shipped label, or a synonym of one, is that label with all its synonyms; the
    groups that contain any of the labels stay.

    Args:
        dataset: The dataset.
        shipped: The labels of a bundle.
        keep: Whether the shipped labels stay beside the dataset's.
    """
    places = places_by_text(shipped.labels)
    classes = [
        shipped.labels[places[key]] if (key := same_text(label.name)) in places else label
        for label in class_labels(dataset)
    ]
    both = [*shipped.labels, *classes] if keep else classes
    labels = tuple({same_text(label.name): label for label in both}.values())
    return LabelFile(shipped.templates, labels, _taxonomy(shipped.taxonomy, labels))


def label_numbers(dataset: Dataset, labels: LabelFile) -> npt.NDArray[np.int64]:
    """Return the label of each sample of a dataset, int64 [n].

    Args:
        dataset: The dataset.
        labels: As `own_labels` returned them.

    Raises:
        KeyError: A class is none of the labels, nor a synonym of one.
    """
    names = dataset.column("label")
    every = sorted(set(names.tolist()))
    number = dict(zip(every, label_places(every, labels), strict=True))
    return np.array([number[name] for name in names.tolist()], np.int64)


def label_places(names: Sequence[str], labels: LabelFile) -> list[int]:
    """Return the place of the label of each class.

    Args:
        names: Classes of the dataset.
        labels: As `own_labels` returned them.

    Raises:
        KeyError: A class is none of the labels, nor a synonym of one.
    """
    places = places_by_text(labels.labels)
    return [places[same_text(name)] for name in names]


def _taxonomy(taxonomy: Taxonomy, labels: Sequence[Label]) -> Taxonomy:
    """Return the groups that contain any of some labels, without what is none of them."""
    names = [label.name for label in labels]
    there = {same_text(name) for name in names}
    groups: dict[str, Group] = {}
    before: dict[str, Group] | None = None
    while groups != before:  # a group may contain groups that come later
        before = dict(groups)
        for group in taxonomy.groups:
            inside = [n for n in group.contains if same_text(n) in there | set(groups)]
            if inside:
                groups[same_text(group.name)] = Group(group.name, tuple(inside))
    kept = [groups[key] for g in taxonomy.groups if (key := same_text(g.name)) in groups]
    return Taxonomy.checked(kept, names) if kept else NO_GROUPS
