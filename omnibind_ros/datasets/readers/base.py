"""What a reader is: a folder in a published layout in, items out."""

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
"""Loads one modality of one item; picklable, so a `functools.partial` of a function of a module."""

SPLIT_FOLDERS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What folders of a split are called, in small letters."""

KEY_CHARACTERS = 60


class ReaderError(DatasetError):
    """A folder that holds nothing of the set it should; the text is one sentence."""


@dataclass(frozen=True)
class Reader:
    """Reads one published set.

    Attributes:
        name: What the command line calls it.
        title: What its authors call it.
        modalities: What its items may have.
        layout: The folder layout, in a few words, for the sentence that says it is not there.
        licence: Of the set; an item may have one of its own.
        author: Who published it.
        scan: Lists the items of a folder, in an order that does not depend on the machine, and
            logs what it leaves out. It reads lists and annotations but no sensor data.
        origin: Whether its modalities are recorded; some sets hold models, not recordings.
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
            root: Its folder, as its authors lay it out.
            log: Told of what is left out. Files are opened when a modality is loaded, so broken
                ones are found there: the loader then raises a SkipError.

        Yields:
            The items, their modalities not yet loaded.

        Raises:
            ReaderError: There is no such folder, or nothing in it can be used.
        """
        if not root.is_dir():
            raise ReaderError(
                f"{root} is no folder; name the one that holds {self.title}: {self.layout}"
            )
        before, found = len(log), False
        for item in self.scan(self, root, log):
            found = True
            yield item
        if not found:
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
        thing: str = "",
        licence: str = "",
        author: str = "",
        meta: Mapping[str, Any] | None = None,
    ) -> Item:
        """Make an item of this set.

        Args:
            path: What tells it from all others of the set: a path below the set's folder, with
                slashes, and more where a file holds several.
            label: Its class.
            modalities: Loaders.
            split: The published split; None where none is published.
            thing: The object or scene; empty: every path is one of its own.
            licence: The item's own; empty: the set's.
            author: The item's own; empty: the set's.
            meta: What else is known.
        """
        return Item(
            key=item_key(self.name, path),
            label=label,
            object_id=f"{self.name}/{thing or path}",
            split=split,
            modalities=modalities,
            origin=dict.fromkeys(modalities, self.origin),
            source=self.title,
            licence=licence or self.licence,
            author=author or self.author,
            meta=dict(meta or {}),
        )


def item_key(name: str, path: str) -> str:
    """Return a key of letters, digits, '-' and '_', different for different paths.

    Args:
        name: The reader's name.
        path: What tells the item from all others of its set.
    """
    digest = hashlib.sha256(path.encode()).hexdigest()[:10]
    return f"{name}-{_clean(path)[-KEY_CHARACTERS:]}-{digest}"


def _clean(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")


def entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, by name, hidden entries left out; [] if it is no folder."""
    try:
        with os.scandir(folder) as found:
            names = sorted(entry.name for entry in found if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in names]


def folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; [] if it is no folder."""
    return [path for path in entries(folder) if path.is_dir()]


def split_folders(root: Path) -> list[tuple[Path, Split]]:
    """Return the folders of a set that are named after a split, and which it is."""
    return [
        (path, SPLIT_FOLDERS[path.name.lower()])
        for path in folders(root)
        if path.name.lower() in SPLIT_FOLDERS
    ]


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises:
        ReaderError: It cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReaderError(
            f"{path} cannot be read ({error}); restore it from where the set came"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
