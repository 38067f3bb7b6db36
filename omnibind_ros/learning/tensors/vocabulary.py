"""The names of a cache: labels to learn with their synonyms, and categories of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES, Label

from .storage import Array


@dataclass(frozen=True)
class Vocabulary:
    """Names, embedded by the text teacher.

    Attributes:
        classes: The labels that students learn: the dataset's classes, or finer names; each has its
            name and its synonyms as prototypes.
        categories: The names that recordings have in the sets they come from, if there are any.
    """

    classes: LabelBank
    categories: LabelBank

    @classmethod
    def build(cls, classes: LabelBank, categories: Array, encoder: SentenceEncoder) -> Vocabulary:
        """Embed the names of categories.

        Args:
            classes: The labels that students learn.
            categories: str [n], the category of each sample; '' for none.
            encoder: The text teacher.
        """
        names = _names(categories)
        if not names:
            nothing = np.zeros((0, classes.prototypes.shape[1]), np.float32)
            return cls(classes, LabelBank((), nothing, np.arange(0)))
        return cls(classes, LabelBank.build([Label(name) for name in names], TEMPLATES, encoder))

    def save(self) -> dict[str, Array]:
        """Return the arrays to be stored, by name."""
        return {
            "label_names": np.array(self.classes.labels, np.str_),
            "prototypes": self.classes.prototypes,
            "owner": self.classes.owner,
            "category-prototypes": self.categories.prototypes,
        }

    @classmethod
    def load(cls, arrays: Mapping[str, Array]) -> Vocabulary:
        """Return the vocabulary that `save` stored, beside the index; raises KeyError."""
        labels = tuple(str(name) for name in arrays["label_names"])
        names = _names(arrays["categories"])
        return cls(
            LabelBank(labels, arrays["prototypes"], arrays["owner"]),
            LabelBank(names, arrays["category-prototypes"], np.arange(len(names))),
        )


def class_labels(dataset: Dataset) -> list[Label]:
    """Return the labels of a dataset's classes, with the synonyms that the class map has."""
    known = ClassMap.load().classes
    return [Label(name, known[name].synonyms if name in known else ()) for name in dataset.labels]


def _names(categories: Array) -> tuple[str, ...]:
    return tuple(str(name) for name in np.unique(categories) if name)
