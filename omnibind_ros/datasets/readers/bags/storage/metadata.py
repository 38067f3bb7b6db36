"""What metadata.yaml says of a bag, and which files of the folder make up the bag.

The format: rosbag2's BagMetadata, versions 1 to 9
(https://github.com/ros2/rosbag2/blob/rolling/rosbag2_storage/include/rosbag2_storage/bag_metadata.hpp).
Nothing in it is trusted: where it and the files disagree, the files decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from omnibind_ros.safe_yaml import load_yaml

METADATA = "metadata.yaml"
PLUGINS = {".db3": "sqlite3", ".mcap": "mcap"}
"""By suffix of a file, the storage plugin that wrote it."""
COMPRESSED = (".zstd", ".zst")


@dataclass(frozen=True)
class Declared:
    """What the metadata says of a file or of the whole bag.

    Attributes:
        count: Number of messages.
        start: Time of the first message, ns since the epoch.
        end: Time of the last message, ns since the epoch, inclusive.
    """

    count: int
    start: int
    end: int


@dataclass(frozen=True)
class Metadata:
    """The content of metadata.yaml; without a file, or where a part is not valid, empty.

    Attributes:
        plugin: The storage plugin; empty if none is named.
        names: Names of the files, without folders.
        whole: What is said of the bag.
        files: By name, what is said of a file (since version 5).
        digests: By message type, the hash of its definition (since version 7).
        problem: Why the file cannot be used, or an empty text.
    """

    plugin: str = ""
    names: tuple[str, ...] = ()
    whole: Declared | None = None
    files: Mapping[str, Declared] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


SINCE_LYRICAL = re.compile(r"(?P<number>\d+)_(?P<name>.*)_\d{4}_\d{2}_\d{2}-\d{2}_\d{2}_\d{2}")
"""A file of a bag as rosbag2 names it since Lyrical, `3_kitchen_2026_06_01-12_30_00`; before it was
`kitchen_3`."""


def stored_as(path: Path) -> str:
    """Return the storage plugin of a file by its name, or '' if it is none of a bag."""
    name = path.with_suffix("") if path.suffix in COMPRESSED else path
    return PLUGINS.get(name.suffix, "")


def storage_files(folder: Path) -> list[Path]:
    """Return the .db3 and .mcap files of a folder, compressed or not, in order of their numbers."""
    paths = [path for path in folder.iterdir() if stored_as(path) and path.is_file()]
    return sorted(paths, key=_order)


def read_metadata(folder: Path) -> Metadata:
    """Read metadata.yaml as far as it is valid."""
    path = folder / METADATA
    if not path.exists():
        return Metadata(problem=f"{METADATA} is missing; the files are read without it")
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
        info = content["rosbag2_bagfile_information"]
        return Metadata(
            plugin=str(info.get("storage_identifier") or ""),
            names=tuple(PurePosixPath(name).name for name in info.get("relative_file_paths") or ()),
            whole=_declared(info),
            files={
                PurePosixPath(entry["path"]).name: declared
                for entry in info.get("files") or ()
                if (declared := _declared(entry))
            },
            digests={
                entry["topic_metadata"]["type"]: digest
                for entry in info.get("topics_with_message_count") or ()
                if (digest := entry["topic_metadata"].get("type_description_hash"))
            },
        )
    except (OSError, UnicodeDecodeError) as error:
        cause = f"{type(error).__name__}"
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        cause = f"no valid YAML in line {mark.line + 1}" if mark else "no valid YAML"
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        cause = "it does not describe a bag"
    return Metadata(problem=f"{METADATA} cannot be used ({cause}); the files are read without it")


def _declared(entry: Mapping[str, Any]) -> Declared | None:
    try:
        start = int(entry["starting_time"]["nanoseconds_since_epoch"])
        duration = int(entry["duration"]["nanoseconds"])
        return Declared(int(entry["message_count"]), start, start + duration)
    except (KeyError, TypeError, ValueError, OverflowError):  # the last: an infinite number
        return None


def _split_name(path: Path) -> tuple[str, int]:
    """Divide the name of a file of a split bag into the bag's name and its number, else -1."""
    name = path.name.split(".")[0]
    match = SINCE_LYRICAL.fullmatch(name)
    if match:
        return match["name"], int(match["number"])
    match = re.fullmatch(r"(.*)_(\d+)", name)
    return (match[1], int(match[2])) if match else (name, -1)


def choose_files(folder: Path, metadata: Metadata) -> tuple[list[Path], list[str]]:
    """Return the files of a bag that are read, and one sentence for each thing that is wrong.

    Files that the metadata does not name are read only where they continue the numbering of the
    named ones, or where no named file exists: a copy or a conversion beside them would double
    every message.
    """
    there = storage_files(folder)
    named, problems = _named_files(there, metadata)
    chosen = named or _one_plugin(there, metadata.plugin)
    series = {_series(path) for path in chosen}
    numbers = {_split_name(path) for path in chosen}
    for path in there:
        if path in chosen:
            continue
        number = _split_name(path)
        if number[1] >= 0 and number not in numbers and _series(path) in series:
            chosen = [*chosen, path]
            problems.append(f"{path.name} is not named in {METADATA} but is read, by its number")
        else:
            problems.append(
                f"{path.name} is left out, as its messages may be those of {chosen[0].name} again; "
                "move it to a folder of its own to read it"
            )
    plugins = " and ".join(sorted({stored_as(path) for path in chosen}))
    if chosen and not metadata.problem and metadata.plugin != plugins:
        said = f"is {metadata.plugin!r}" if metadata.plugin else "is empty"
        problems.append(
            f"storage_identifier in {METADATA} {said}, the files are {plugins}; the files decide"
        )
    return sorted(chosen, key=_order), problems


def _named_files(there: list[Path], metadata: Metadata) -> tuple[list[Path], list[str]]:
    """Return the files that the metadata names, compressed or not, and what is missing."""
    named, missing = [], []
    for name in metadata.names:
        same = [path for path in there if _unpacked_name(path.name) == _unpacked_name(name)]
        exact = [path for path in same if path.name == name]
        if same:
            named.append((exact or same)[0])
        else:
            missing.append(name)
    if missing and there and not named:
        found = ", ".join(path.name for path in there)
        return [], [
            f"{METADATA} names {', '.join(missing)}, in the folder is {found}, which is read"
        ]
    return named, [
        f"{name} is named in {METADATA} but is not in the folder; its messages are left out"
        f"{_extent(metadata.files.get(name), metadata.whole)}"
        for name in missing
    ]


def _one_plugin(there: list[Path], plugin: str) -> list[Path]:
    """Return the files of one plugin, each only once, compressed or not."""
    kinds = {stored_as(path) for path in there}
    if len(kinds) > 1 and plugin not in kinds:  # a bag and what it was converted to
        plugin = "mcap"
    once: dict[str, Path] = {}
    for path in there:  # the uncompressed one comes first
        if plugin not in kinds or stored_as(path) == plugin:
            once.setdefault(_unpacked_name(path.name), path)
    return list(once.values())


def _unpacked_name(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in COMPRESSED else name


def _order(path: Path) -> tuple[tuple[str, int], str]:
    return _split_name(path), path.name


def _series(path: Path) -> tuple[str, str]:
    return _split_name(path)[0], "".join(path.suffixes)


def _extent(declared: Declared | None, whole: Declared | None) -> str:
    if declared is None or whole is None:
        return ""
    first, last = ((time - whole.start) / 1e9 for time in (declared.start, declared.end))
    return f" ({declared.count} messages, {first:.3f} to {last:.3f} s)"
