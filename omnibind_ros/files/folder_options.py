"""folder.yaml: what the owner of a folder of recordings says about its files.

The file lies in the folder itself; every key is optional::

    modality: touch          # of all files; else names of files and folders say it
    reference: median        # of touch pictures: nearest, object, file, median, or a picture's path
    unit: celsius            # of thermal pictures, as the parameter unit of a sensor
    axes: z_forward          # of clouds, as the parameter axes of a sensor
    object: folder           # folder, file, class, or a pattern of the file's name with one group
    split:                   # by hand: objects, folders or files; what is not named is for training
      validation: [cup/blue, session2]
      test: [cup/red, "*/session3"]
    licence: CC BY 4.0
    author: my own

For reference, unit and axes, the file in the nearest folder above a recording counts, so that each
sensor's folder may have its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.safe_yaml import load_yaml
from omnibind_ros.sensors import SensorRegistry

from .errors import FileError
from .kinds import named_kind

NAME = "folder.yaml"
REFERENCES = ("nearest", "object", "file", "median")
OBJECTS = ("folder", "file", "class")
SPLIT_NAMES = ("train", "validation", "test")
TEXTS = ("modality", "reference", "unit", "axes", "object", "licence", "author")


@dataclass(frozen=True)
class FolderOptions:
    """The content of folder.yaml.

    Attributes:
        modality: Of all files; '' if their names say it.
        reference: What touch pictures are compared with: 'nearest' reference.png in their folder or
            above; 'object': that of their own folder; 'file': NAME_reference.* beside NAME.*;
            'median': the median of the pictures in the object's folder; else a picture's path.
        unit: Of thermal pictures; '' is the sensor's default.
        axes: Of clouds; '' is the sensor's default.
        object: 'folder': the folder below the class; 'file': each file shows another object;
            'class': all files of a class show one; else a pattern of a file's name with a group.
        split: By split, patterns of paths below the folder or of names of folders.
        licence: Licence of the recordings.
        author: Their author.
    """

    modality: str = ""
    reference: str = "nearest"
    unit: str = ""
    axes: str = ""
    object: str = "folder"
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    licence: str = ""
    author: str = ""

    def object_in(self, name: str) -> str:
        """Return the object that a file's name tells by the pattern; '' if there is none in it."""
        found = None if self.object in OBJECTS else re.search(self.object, name)
        return found[1] or "" if found else ""


def splits_of(path: PurePosixPath, split: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return the splits that name a file, each with the patterns that do.

    Args:
        path: The file, below the folder.
        split: As in `FolderOptions`.
    """
    stem = path.with_suffix("")
    whole = [str(part) for part in (path, stem, *path.parents) if str(part) != "."]
    names = [*whole, *path.parts[:-1]]
    found: dict[str, list[str]] = {}
    for name, patterns in split.items():
        matching = [each for each in patterns if any(fnmatchcase(n, each) for n in names)]
        if matching:
            found[name] = matching
    return found


def read_folder_options(root: Path) -> FolderOptions:
    """Read folder.yaml of a folder.

    Args:
        root: The folder; without the file, everything has its default.

    Raises:
        FileError: Its content is not valid; the text says which key, and what it may be.
    """
    path = root / NAME
    if not path.is_file():
        return FolderOptions()
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"it cannot be read ({error}); restore it") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where is not None else ""
        raise FileError(path, f"it is no YAML{line}; write one 'key: value' a line") from error
    if data is None:
        return FolderOptions()
    if not isinstance(data, dict):
        raise FileError(path, "it is no list of keys; write one 'key: value' a line")
    return _checked(path, data)


class NearestOptions:
    """Finds the folder.yaml nearest to files; each folder is looked at once."""

    def __init__(self) -> None:
        """Create it; no folder has been looked at."""
        self._found: dict[Path, FolderOptions | None] = {}

    def of(self, path: Path) -> FolderOptions:
        """Return the options of a file.

        Raises:
            FileError: The nearest folder.yaml is not valid.
        """
        for folder in path.absolute().parents:
            if folder not in self._found:
                there = (folder / NAME).is_file()
                self._found[folder] = read_folder_options(folder) if there else None
            found = self._found[folder]
            if found is not None:
                return found
        return FolderOptions()


def _checked(path: Path, data: dict[Any, Any]) -> FolderOptions:
    known = (*TEXTS, "split")
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise FileError(path, f"'{unknown[0]}' is no key of it; keys are {', '.join(known)}")
    for key in TEXTS:
        if key in data and (not isinstance(data[key], str) or not data[key].strip()):
            raise FileError(path, f"{key} is no text; write one, or leave the key out")
    _one_of(path, data, "modality", tuple(MODALITIES))
    _one_of(path, data, "unit", _choices("thermal", "unit"))
    _one_of(path, data, "axes", _choices("points", "axes"))
    reference = data.get("reference", "nearest")
    if reference not in REFERENCES:
        picture = path.parent / Path(reference).expanduser()
        if named_kind(picture) != "picture" or not picture.is_file():
            raise FileError(
                path,
                f"reference '{reference}' is neither {', '.join(REFERENCES)} nor a picture that is "
                "there; give its path from the folder on",
            )
        data = {**data, "reference": str(picture)}
    _check_object(path, data.get("object", "folder"))
    return FolderOptions(**{**data, "split": _split(path, data.get("split"))})


def _one_of(path: Path, data: Mapping[Any, Any], key: str, choices: tuple[str, ...]) -> None:
    if key in data and data[key] not in choices:
        raise FileError(path, f"{key} '{data[key]}' is none of {', '.join(choices)}")


def _choices(modality: str, option: str) -> tuple[str, ...]:
    """Return the choices of a sensor's parameter."""
    found: dict[str, None] = {}
    for kind in SensorRegistry.installed():
        declared = getattr(kind.options, "__dataclass_fields__", {}).get(option)
        if kind.modality == modality and declared is not None:
            found |= dict.fromkeys(declared.metadata.get("choices") or ())
    return tuple(found)


def _check_object(path: Path, text: str) -> None:
    if text in OBJECTS:
        return
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise FileError(path, f"object '{text}' is no pattern ({error}); correct it") from error
    if groups != 1:
        raise FileError(
            path,
            f"object '{text}' is neither {', '.join(OBJECTS)} nor a pattern with one group, such "
            "as '(.+)_[0-9]+' for blue_cup_17.png",
        )


def _split(path: Path, data: Any) -> dict[str, tuple[str, ...]]:
    if data is None:
        return {}
    if not isinstance(data, dict) or set(data) - set(SPLIT_NAMES):
        raise FileError(
            path, f"split has other keys than {', '.join(SPLIT_NAMES)}; list objects below these"
        )
    found = {}
    for name, listed in data.items():
        entries = [listed] if isinstance(listed, str) else listed
        if not isinstance(entries, list) or not all(isinstance(e, str | int) for e in entries):
            raise FileError(path, f"split: {name} is no list of names; write e.g. [cup/blue]")
        found[name] = tuple(str(entry).strip("/") for entry in entries)
    return found
