"""Lists the files of a folder of classes: CLASS/FILE, CLASS/OBJECT/FILE, and deeper.

`folder.yaml` in it may say what the files are (`folder_options.py`).

Folders above the classes that say a split (train, test) or a sensor (thermal, gelsight_a) in all
their names are passed through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import FileError
from .folder_options import NAME, read_folder_options
from .kinds import MODALITIES_OF, kind_of, named_kind
from .modality import check_modality, modality_words, told_by_name, without_modality
from .opening import find_modality
from .references import References, is_own_reference, is_reference

SPLITS = frozenset(
    ("train", "training", "val", "valid", "validation", "test", "testing", "dev", "kept")
)

NO_SAMPLES = (NAME, "readme", "license", "licence", "copying", "credits", "notice", "thumbs")
"""Beginnings of names of files that describe a set."""


@dataclass(frozen=True)
class FolderFile:
    """A file of a set.

    Attributes:
        path: The file.
        modality: Its modality.
        label: Its class, the folder's name; '' if there are no classes.
        object: The object, folders below the class; '' if the files lie in the class's folder.
        moment: Equal for files of the same moment: their place in the set without the words that
            say the modality.
        branch: The folders above the class, such as that of the sensor; '' if there are none.
    """

    path: Path
    modality: str
    label: str
    object: str
    moment: str
    branch: str


@dataclass
class FolderListing:
    """What a folder holds.

    Attributes:
        files: Its files.
        left_out: Why others are left out.
        other: How many files have another modality than the one asked for.
    """

    files: list[FolderFile]
    left_out: list[FileError]
    other: int = 0


def list_folder(root: Path, modality: str = "") -> FolderListing:
    """List a folder.

    Args:
        root: The folder.
        modality: Only files of this modality: those whose names say it or say none.

    Raises:
        FileError: It is no folder, or its folder.yaml is not valid.
    """
    if not root.is_dir():
        raise FileError(root, "there is no such folder; check the path")
    said = read_folder_options(root)
    listing = FolderListing([], [])
    seen: set[tuple[str, str]] = set()
    for branch, label, path in _walk(root, root, listing):
        if said.reference == "file" and is_own_reference(path):
            continue
        try:
            kind = kind_of(path)
            if said.modality and not modality:
                check_modality(path, kind, said.modality)
                found = said.modality
            else:
                found = _modality(path, kind, root, modality)
            if not found:
                listing.other += 1
                continue
        except FileError as error:
            listing.left_out.append(error)
            continue
        parts = path.relative_to(branch).parts
        moment = _moment(path, root)
        if (moment, found) in seen:  # such as 1.jpg and 1.png
            moment = path.relative_to(root).as_posix()
        seen.add((moment, found))
        listing.files.append(
            FolderFile(
                path=path,
                modality=found,
                label=label,
                object="/".join(parts[1 if label else 0 : -1]),
                moment=moment,
                branch=branch.relative_to(root).as_posix() if branch != root else "",
            )
        )
    return listing


def holds_samples(folder: Path) -> bool:
    """Return whether samples lie directly in a folder."""
    return any(_is_sample(path) and named_kind(path) != "" for path in _entries(folder))


def _modality(path: Path, kind: str, root: Path, wanted: str) -> str:
    """Return a file's modality; '' if it is not the one that is wanted."""
    levels = len(path.relative_to(root).parts)
    if not wanted:
        return find_modality(path, kind, levels)
    if wanted not in MODALITIES_OF[kind]:
        return ""
    told = told_by_name(path.absolute(), kind, levels)
    return wanted if told in ("", wanted) else ""


def taken_for_photographs(root: Path, files: Sequence[FolderFile]) -> str:
    """Return a sentence if pictures beside that of a pad at rest are taken for photographs.

    Args:
        root: The folder that was listed.
        files: Its files.

    Returns:
        What to write where; '' if there is no reference.png, or some files are touch pictures.
    """
    if any(file.modality == "touch" for file in files):
        return ""
    references = References()
    if not any(f.modality == "image" and references.nearest(f.path) is not None for f in files):
        return ""
    return (
        f"{root} has a reference.png, as touch pictures do, but its pictures are taken for "
        f"photographs: write 'modality: touch' into {NAME} there if they are of a pad."
    )


def _walk(root: Path, folder: Path, listing: FolderListing) -> Iterator[tuple[Path, str, Path]]:
    """Yield the folder of the classes, the class, and each file below it."""
    below = [path for path in _entries(folder) if path.is_dir()]
    flat = [path for path in _entries(folder) if _is_sample(path)]
    if below and _passed_through(below):
        for path in below:
            yield from _walk(root, path, listing)
    elif below:
        for path in below:
            if path.name.startswith("_"):
                continue
            for file in _files(path):
                yield folder, path.name, file
    else:
        for file in flat:
            yield folder, "", file
        return
    for file in flat:
        if named_kind(file) not in ("", "text"):
            why = "it lies in no folder of a class; move it into one"
            listing.left_out.append(FileError(file, why))


def _passed_through(folders: list[Path]) -> bool:
    """Return whether folders are splits or sensors, not classes: all names say so."""
    if any(path.name.lower() not in SPLITS for path in folders) and not all(
        modality_words(path.name) for path in folders
    ):
        return False
    # A class may be called 'camera': below a sensor there are classes.
    return all(any(child.is_dir() for child in _entries(path)) for path in folders)


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_sample(path: Path) -> bool:
    name = path.name.lower()
    return path.is_file() and not name.startswith(NO_SAMPLES) and not is_reference(path)


def _files(folder: Path) -> Iterator[Path]:
    for path in _entries(folder):
        if path.is_dir():
            if not path.name.startswith("_"):
                yield from _files(path)
        elif _is_sample(path):
            yield path


def _moment(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return "/".join(part for part in map(without_modality, parts) if part)
