"""The base of readers, which list the items of a folder in a published layout."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.item import Item, Origin, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

Load = Callable[[], Any]
"""Loads one modality of one item; picklable, e.g. a `functools.partial` of a module's function."""

SPLIT_FOLDERS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""By name of a folder, in lower case, the split in it."""

KEY_CHARACTERS = 60


class ReaderError(DatasetError):
    """A folder that does not hold the expected set; the text is one sentence."""


@dataclass(frozen=True)
class Reader:
    """Reads one published set.

    Attributes:
        name: Its name on the command line.
        title: The name that its authors give it.
        modalities: The modalities that its items may have.
        layout: The layout of the folder, in a few words, for error messages.
        licence: Licence of the set; an item may have another one.
        author: Its authors.
        scan: Lists the items of a folder, in an order that does not depend on the machine, and
            logs what it leaves out. It reads lists and annotations but no sensor data.
        origin: Whether the data is recorded; some sets have models instead of recordings.
    """

    name: str
    title: str
    modalities: tuple[str, ...]
    layout: str
    licence: str
    author: str
    scan: Callable[[Reader, Path, SkipLog], Iterator[Item]] = field(repr=False)
    origin: Origin = "recorded"

    def read(self, root: Path, log: SkipLog) -> Iterator[Item]:
        """List the items of a copy of the set.

        Args:
            root: Its folder, in the layout of its authors.
            log: Log of what is left out. Broken files are found later, when a modality is loaded;
                the function that loads it then raises SkipError.

        Yields:
            The items; their modalities are not loaded yet.

        Raises:
            ReaderError: There is no such folder, or nothing in it can be used.
        """
        if not root.is_dir():
            raise ReaderError(
                f"{root} is no folder; name the one that holds {self.title}: {self.layout}"
            )
        before, empty = len(log), True
        for item in self.scan(self, root, log):
            empty = False
            yield item
        if empty:
            lost = len(log) - before
            why = f" ({lost} left out, e.g. {next(iter(log))[0]})" if lost else ""
            raise ReaderError(
                f"{root} holds nothing of {self.title} that can be used{why}; expected is "
                f"{self.layout}"
            )

    def item(
        self,
        path: str,
        label: str,
        modalities: Mapping[str, Load],
        *,
        split: Split | None,
        object_name: str = "",
        object_known: bool = True,
        licence: str = "",
        author: str = "",
        meta: Mapping[str, Any] | None = None,
    ) -> Item:
        """Make an item of this set.

        Args:
            path: Unique in the set: a path below the set's folder, with slashes, and more where a
                file has several items.
            label: Its class.
            modalities: By modality, the function that loads it.
            split: The published split; None where none is published.
            object_name: The object or scene; empty: each path is another object.
            object_known: Whether that is so; False: paths may show the same object.
            licence: Licence of the item; empty: that of the set.
            author: Author of the item; empty: that of the set.
            meta: What else is known.
        """
        return Item(
            key=item_key(self.name, path),
            label=label,
            object_id=f"{self.name}/{object_name or path}",
            split=split,
            modalities=modalities,
            origin=dict.fromkeys(modalities, self.origin),
            source=self.title,
            licence=licence or self.licence,
            author=author or self.author,
            meta=dict(meta or {}),
            object_known=object_known,
        )


def item_key(name: str, path: str) -> str:
    """Return a key of letters, digits, '-' and '_', different for different paths.

    Args:
        name: The reader's name.
        path: Unique in the set.
    """
    digest = hashlib.sha256(path.encode()).hexdigest()[:10]
    return f"{name}-{_clean(path)[-KEY_CHARACTERS:]}-{digest}"


def _clean(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")


def entries(folder: Path) -> list[Path]:
    """Return the entries of a folder that are not hidden, by name; [] if it is no folder."""
    try:
        with os.scandir(folder) as scan:
            names = sorted(entry.name for entry in scan if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in names]


def folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; [] if it is no folder."""
    return [path for path in entries(folder) if path.is_dir()]


def split_folders(root: Path) -> list[tuple[Path, Split]]:
    """Return the folders of a set that are named after a split, each with the split."""
    return [
        (path, SPLIT_FOLDERS[path.name.lower()])
        for path in folders(root)
        if path.name.lower() in SPLIT_FOLDERS
    ]


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises:
        ReaderError: The file cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReaderError(
            f"{path} cannot be read ({error}); restore it from where the set came"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
