"""The sets that are combined: published ones, read by readers, and built datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.readers import READERS, find_reader
from omnibind_ros.datasets.readers.base import item_key
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.item import SPLITS, Item, Split
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.datasets.storage.skip_log import SkipLog


@dataclass(frozen=True)
class SourceSet:
    """A set that is combined with others.

    Attributes:
        name: Name of the reader, or of the folder of a built dataset.
        path: Its folder.
        built: Whether it is a built dataset.
        reader: Name of the reader; empty for a built dataset.
    """

    name: str
    path: Path
    built: bool
    reader: str = ""

    @classmethod
    def parse(cls, text: str) -> SourceSet:
        """Parse READER:FOLDER for a published set, or FOLDER for a built dataset.

        Raises:
            DatasetError: The text is neither.
        """
        name, colon, folder = text.partition(":")
        if colon and name in READERS:
            return cls(name, Path(folder), built=False, reader=name)
        path = Path(text)
        if (path / MANIFEST).is_file():
            return cls(path.resolve().name, path, built=True)
        if colon and not path.exists():
            find_reader(name)
        raise DatasetError(
            f"'{text}' is no dataset: name a built dataset's folder, or READER:FOLDER with one of "
            f"{', '.join(READERS)}"
        )

    def items(self, log: SkipLog) -> Iterator[Item]:
        """List the set's items.

        Raises:
            DatasetError: It cannot be read.
        """
        if not self.built:
            yield from READERS[self.reader].read(self.path, log)
            return
        stored = _open(self.path)
        for index in range(len(stored)):
            sample = stored[index]
            yield Item(
                key=item_key(self.name, sample.key),
                label=sample.label,
                object_id=sample.object_id,
                split=_split(sample.split),
                modalities={
                    name: partial(_load_stored, self.path, index, name)
                    for name in sample.modalities
                },
                origin=sample.origin,
                source=sample.source,
                licence=sample.licence,
                author=sample.author,
                meta=sample.meta,
            )

    def sources(self) -> list[dict[str, Any]]:
        """Return the sources of the set, for the data card."""
        if self.built:
            return list(_open(self.path).manifest.description.get("sources", ()))
        reader = READERS[self.reader]
        return [{"name": reader.title, "licence": reader.licence, "credit": reader.author}]


def named_apart(sets: Sequence[SourceSet]) -> list[SourceSet]:
    """Return sets with different names: those of one reader are named READER:FOLDER then."""
    names = [each.name for each in sets]
    return [
        replace(each, name=f"{each.name}:{each.path.resolve().name}")
        if names.count(each.name) > 1 and not each.built
        else each
        for each in sets
    ]


@lru_cache(maxsize=4)
def _open(folder: Path) -> Dataset:
    return Dataset.open(folder)


def _load_stored(folder: Path, index: int, modality: str) -> Any:
    return _open(folder)[index][modality]


def _split(name: str) -> Split:
    return next(split for split in SPLITS if split == name)


def synonyms_of(item: Item) -> list[str]:
    """Return other names of an item's label in its set."""
    return [str(name) for name in item.meta.get("synonyms", ())]
