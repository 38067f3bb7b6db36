"""Folders of one's own recordings by class, of any modality: CLASS/FILE or CLASS/OBJECT/FILE.

`omnibind_ros.files.folder` lists them, as it does for `omnibind recognise`; above the classes there
may be folders of splits (train, test) or of sensors (thermal, gelsight). Files of the same moment,
such as thermal/cup/1.png and rgb/cup/1.png, are one item. A touch picture is compared with the
nearest reference.png in its folder or above.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.samples import CodecError, sample_module, stored_modalities
from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder import FolderFile, list_folder
from omnibind_ros.files.opening import Source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.recognition.class_names import class_text

from .base import SPLIT_FOLDERS, Load, Reader
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


def _split(file: FolderFile) -> Split | None:
    names = [part.lower() for part in file.branch.split("/")]
    return next((SPLIT_FOLDERS[name] for name in names if name in SPLIT_FOLDERS), None)


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    listing = list_folder(root)
    for error in listing.left_out:
        log.add(shown(error.path), error.reason)
    moments: dict[tuple[Split | None, str, str], dict[str, FolderFile]] = {}
    for file in listing.files:
        if not file.label:
            log.add(shown(file.path), "it lies in no folder of a class")
            continue
        moments.setdefault((_split(file), file.label, file.moment), {})[file.modality] = file
    for (split, label, name), files in moments.items():
        modalities: dict[str, Load] = {
            modality: partial(load_file, file.path, modality) for modality, file in files.items()
        }
        known = next((file.object for file in files.values() if file.object), "")
        yield reader.item(
            f"{label}/{name}",
            class_text(label),
            modalities,
            split=split,
            object_name=f"{label}/{known}" if known else "",
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
