"""Folders of one's own recordings by class, of any modality: CLASS/FILE or CLASS/OBJECT/FILE.

`omnibind_ros.files.folder` lists them, as it does for `omnibind recognise`; above the classes there
may be folders of splits (train, test) or of sensors (thermal, gelsight). Files of the same moment,
such as thermal/cup/1.png and rgb/cup/1.png, are one item. `folder.yaml` says what the names do not
(`omnibind_ros.files.folder_options`): modality, reference of touch pictures, objects, splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.samples import CodecError, sample_module, stored_modalities
from omnibind_ros.datasets.storage.item import SPLITS, Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder import FolderFile, list_folder, taken_for_photographs
from omnibind_ros.files.folder_options import (
    NAME,
    FolderOptions,
    read_folder_options,
    splits_of,
)
from omnibind_ros.files.modality import without_modality
from omnibind_ros.files.opening import Source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.recognition.class_names import class_text

from .base import SPLIT_FOLDERS, Load, Reader, ReaderError
from .formats.files import load_audio, shown


def load_file(path: Path, modality: str) -> Any:
    """Read a file as datasets hold it: a sound whole, of a recording of events the middle window.

    Raises:
        SkipError: It cannot be used.
    """
    if modality == "audio":
        return load_audio(path)
    try:
        sample, reading = read_sample(Source(path, modality))
        module = sample_module(modality)
        if not hasattr(module, "from_observation"):
            return sample
        return module.from_observation(sample, reading)
    except FileError as error:
        raise SkipError(shown(path), error.reason) from error
    except CodecError as error:
        raise SkipError(shown(path), str(error)) from error


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    try:
        options, listing = read_folder_options(root), list_folder(root)
    except FileError as error:
        raise ReaderError(str(error)) from error
    for left_out in listing.left_out:
        log.add(shown(left_out.path), left_out.reason)
    splits = HandSplits(root, options)
    moments: dict[tuple[Split | None, str, str], dict[str, FolderFile]] = {}
    for file in sorted(listing.files, key=lambda file: natural(file.moment)):
        if not file.label:
            log.add(shown(file.path), "it lies in no folder of a class")
            continue
        split = splits.of(file.path) or _published(file)
        moments.setdefault((split, file.label, file.moment), {})[file.modality] = file
    splits.check()
    note = taken_for_photographs(root, listing.files)
    if note:
        log.notes.append(note)
    for (split, label, name), files in moments.items():
        modalities: dict[str, Load] = {
            modality: partial(load_file, file.path, modality) for modality, file in files.items()
        }
        known = next(filter(None, (object_of(file, options) for file in files.values())), "")
        yield reader.item(
            f"{label}/{name}",
            class_text(label),
            modalities,
            split=split,
            object_name=f"{label}/{known}" if known else "",
            object_known=bool(known) or options.object == "file",
            licence=options.licence,
            author=options.author,
        )


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that orders names as people do: 2 before 10."""
    parts = re.findall(r"\d+|\D+", text)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]


def object_of(file: FolderFile, options: FolderOptions) -> str:
    """Return the object of a file within its class; '' if it is not known.

    Args:
        file: The file.
        options: How the object is found.
    """
    if options.object == "file":
        return ""
    if options.object == "class":
        return "all"
    if options.object != "folder":
        return options.object_in(file.path.stem)
    # A folder that names a sensor, such as CLASS/thermal/1.png, is no object.
    return next((part for part in file.object.split("/") if part and without_modality(part)), "")


def _published(file: FolderFile) -> Split | None:
    names = [part.lower() for part in file.branch.split("/")]
    return next((SPLIT_FOLDERS[name] for name in names if name in SPLIT_FOLDERS), None)


class HandSplits:
    """The splits that folder.yaml names."""

    def __init__(self, root: Path, options: FolderOptions) -> None:
        """Take the options of a folder."""
        self._root, self._split = root, options.split
        self._unused = {each for patterns in options.split.values() for each in patterns}

    def of(self, path: Path) -> Split | None:
        """Return the split of a file; None if folder.yaml names no splits.

        Raises:
            ReaderError: It is in two of them.
        """
        if not self._split:
            return None
        below = PurePosixPath(path.relative_to(self._root).as_posix())
        found = splits_of(below, self._split)
        self._unused -= {each for patterns in found.values() for each in patterns}
        if len(found) > 1:
            raise ReaderError(
                f"{self._root / NAME}: split lists {below} as {' and as '.join(found)}; leave it "
                "in one of them"
            )
        return next((split for split in SPLITS if split in found), "train")

    def check(self) -> None:
        """Raise a ReaderError if a name in folder.yaml is that of no file."""
        for each in sorted(self._unused):
            raise ReaderError(
                f"{self._root / NAME}: split lists '{each}', but no file or folder has that name; "
                "write paths below the folder, such as cup/blue"
            )


FOLDER = Reader(
    name="folder",
    title="folder by class",
    modalities=stored_modalities(),
    layout="CLASS/FILE or CLASS/OBJECT/FILE, also below folders of splits or sensors",
    licence="as the recordings' owner says",
    author="",
    scan=_scan,
)
