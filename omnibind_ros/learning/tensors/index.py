"""The samples of a cache: keys, labels, objects, splits, and which of them have a modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from omnibind_ros.datasets.household.class_map import PARAMETRIC
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.modalities import MODALITIES

from .storage import Array


@dataclass(frozen=True)
class SampleIndex:
    """The n samples, and the n_m rows of each modality m in the order of the samples.

    A sample has one row of a modality, but a long sound has one of each of its windows.

    Attributes:
        keys: str [n], names of the samples.
        labels: int64 [n], labels of the cache's vocabulary.
        classes: str [n], the dataset's classes.
        objects: str [n], ids of the objects.
        splits: str [n], train, validation or test.
        categories: str [n], the name that the set of a recording has for it, or that of a made-up
            thing; '' for other simulated samples, and where the set's names are the classes.
        rows: By modality, int64 [n_m], the sample of each row.
        recorded: By modality, bool [n_m].
    """

    keys: Array
    labels: Array
    classes: Array
    objects: Array
    splits: Array
    categories: Array
    rows: Mapping[str, Array]
    recorded: Mapping[str, Array]

    @classmethod
    def of(cls, dataset: Dataset, labels: Array, rows: Mapping[str, Array]) -> SampleIndex:
        """Return the index of a dataset, given each sample's label and each modality's rows."""
        return cls(
            keys=dataset.column("key").astype(np.str_),
            labels=labels,
            classes=dataset.column("label").astype(np.str_),
            objects=dataset.column("object_id").astype(np.str_),
            splits=dataset.column("split").astype(np.str_),
            categories=_categories(dataset, list(rows)),
            rows=rows,
            recorded={m: dataset.recorded(m)[rows[m]] for m in rows},
        )

    def save(self) -> dict[str, Array]:
        """Return the arrays to be stored, by name."""
        return {
            "keys": self.keys,
            "labels": self.labels,
            "classes": self.classes,
            "objects": self.objects,
            "splits": self.splits,
            "categories": self.categories,
            **{f"rows-{m}": rows for m, rows in self.rows.items()},
            **{f"recorded-{m}": values for m, values in self.recorded.items()},
        }

    @classmethod
    def load(cls, arrays: Mapping[str, Array]) -> SampleIndex:
        """Return the index that `save` stored; raises KeyError."""
        modalities = [m for m in MODALITIES if f"rows-{m}" in arrays]
        return cls(
            keys=arrays["keys"],
            labels=arrays["labels"],
            classes=arrays["classes"],
            objects=arrays["objects"],
            splits=arrays["splits"],
            categories=arrays["categories"],
            rows={m: arrays[f"rows-{m}"] for m in modalities},
            recorded={m: arrays[f"recorded-{m}"] for m in modalities},
        )


def _categories(dataset: Dataset, modalities: list[str]) -> Array:
    """Return the name of each recording in its set and of each made-up thing, str [n]; else ''."""
    names = np.full(len(dataset), "", "<U200")
    named = np.any([dataset.recorded(m) for m in modalities], axis=0)
    named |= dataset.column("source") == PARAMETRIC
    for index in np.flatnonzero(named):
        names[index] = str(dataset[int(index)].meta.get("name", ""))
    return names.astype(np.str_)
