"""The classes of objects and recordings: household.yaml."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.safe_yaml import load_yaml

PARAMETRIC = "parametric models"
"""Source of made-up things (parametric.py); the name of each is finer than its class."""


@dataclass(frozen=True)
class ObjectClass:
    """A class of the household set.

    Attributes:
        label: Its name.
        synonyms: Other words for it, for the label bank.
        vague: Words that name it but also other objects.
        names: Names of its objects in the catalogue, or 'Category/Name'.
        objects: Ids of single catalogue objects.
        meshes: Single meshes by file stem, and the substance of each.
        finer: By label that is finer than the class, which names, mesh stems and labels of
            recordings have it.
    """

    label: str
    synonyms: tuple[str, ...]
    vague: tuple[str, ...]
    names: tuple[str, ...]
    objects: tuple[str, ...]
    meshes: Mapping[str, str]
    finer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def finest(self, name: str) -> str:
        """Return the finest label of an object or a recording; the class's own if it has no finer.

        Args:
            name: What its author calls it: `HouseholdObject.name`, or the label of a recording in
                its own set.
        """
        return next((label for label, names in self.finer.items() if name in names), self.label)


@dataclass(frozen=True)
class Recordings:
    """A published set of which some recordings belong to a class.

    Attributes:
        folder: Its folder, below that of all recordings.
        reader: Name of the reader that reads it.
        labels: By the set's own label, the class.
        licence: Licence, where the reader does not know it; empty: that of the reader.
        author: Author, likewise.
    """

    folder: str
    reader: str
    labels: Mapping[str, str]
    licence: str = ""
    author: str = ""


@dataclass(frozen=True)
class ClassMap:
    """The content of household.yaml.

    Attributes:
        classes: By label.
        recorded: Published sets of recordings.
        ignored: Catalogue names that are in no class on purpose.
    """

    classes: Mapping[str, ObjectClass]
    recorded: tuple[Recordings, ...]
    ignored: frozenset[str]

    def __post_init__(self) -> None:
        """Index names and ids by label."""
        by_name = {name: c.label for c in self.classes.values() for name in c.names}
        by_id = {name: c.label for c in self.classes.values() for name in c.objects}
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_by_id", by_id)

    def words(self, label: str) -> tuple[str, ...]:
        """Return the words that give a class away, apart from its label."""
        return self.classes[label].synonyms + self.classes[label].vague

    def finest(self, label: str, name: str) -> str:
        """Return the finest label of a thing of a class, see `ObjectClass.finest`.

        Args:
            label: The class; one that the map does not have is its own finest label.
            name: What the thing's author calls it.
        """
        return self.classes[label].finest(name) if label in self.classes else label

    def label_of(self, object_id: str, name: str, category: str) -> str | None:
        """Return a catalogue object's class: by its id, else by its name; None: it has none."""
        by_id: dict[str, str] = self._by_id  # type: ignore[attr-defined]
        by_name: dict[str, str] = self._by_name  # type: ignore[attr-defined]
        return by_id.get(object_id) or by_name.get(f"{category}/{name}") or by_name.get(name)

    @classmethod
    def load(cls, path: Path | None = None) -> ClassMap:
        """Read a class map.

        Args:
            path: A file in the format of household.yaml; None for that one.

        Raises:
            DatasetError: It cannot be read, is incomplete, or gives an object two labels.
        """
        file = path or importlib.resources.files(__package__) / "household.yaml"
        try:
            data = load_yaml(file.read_text(encoding="utf-8"))
            classes = [_object_class(entry) for entry in data["classes"]]
            recorded = tuple(Recordings(**entry) for entry in data.get("recorded") or ())
            ignored = frozenset(data.get("ignored", {}).get("names", ()))
        except (
            OSError,
            UnicodeDecodeError,
            yaml.YAMLError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:
            raise DatasetError(
                f"{file} is no class map ({error}): correct or restore it"
            ) from error
        _check(classes, recorded, str(file))
        return cls({entry.label: entry for entry in classes}, recorded, ignored)


def _object_class(entry: Mapping[str, Any]) -> ObjectClass:
    synonyms, vague, names, objects = (
        tuple(entry.get(name) or ()) for name in ("synonyms", "vague", "names", "objects")
    )
    meshes = dict(entry.get("meshes") or {})
    finer = {label: tuple(of) for label, of in (entry.get("finer") or {}).items()}
    return ObjectClass(entry["label"], synonyms, vague, names, objects, meshes, finer)


def _check(classes: list[ObjectClass], recorded: tuple[Recordings, ...], file: str) -> None:
    owners: dict[str, str] = {}
    for entry in classes:
        for name in (f"class {entry.label}", *entry.names, *entry.objects, *entry.meshes):
            if name in owners:
                raise DatasetError(
                    f"{file} lists '{name}' under {owners[name]} and {entry.label}: keep one"
                )
            owners[name] = entry.label
    own = {entry.label: {*entry.names, *entry.meshes} for entry in classes}
    for published in recorded:
        for theirs, ours in published.labels.items():
            own.setdefault(ours, set()).add(theirs)
            if f"class {ours}" not in owners:
                raise DatasetError(
                    f"{file} puts '{theirs}' of {published.folder} into the class '{ours}', which "
                    "it does not list: list it, or put it elsewhere"
                )
    for entry in classes:
        finer = [name for names in entry.finer.values() for name in names]
        for name in finer:
            if name not in own[entry.label]:
                raise DatasetError(
                    f"{file} gives '{name}' of the class {entry.label} a finer label, but the "
                    "class has no such name: correct or remove it"
                )
            if finer.count(name) > 1:
                raise DatasetError(
                    f"{file} gives '{name}' of the class {entry.label} two finer labels: keep one"
                )
