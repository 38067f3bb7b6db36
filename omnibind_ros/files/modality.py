"""Which modality a file has: as the user says, as the folders' names say, or the usual one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorRegistry

from .errors import FileError
from .kinds import MODALITIES_OF

MORE_WORDS: dict[str, tuple[str, ...]] = {
    "image": ("visible", "photo", "photos"),
    "touch": ("gel",),
    "thermal": ("infrared", "ir", "flir"),
    "event": ("event", "events", "dvs"),
    "points": ("pointclouds", "clouds"),
    "audio": ("sound", "sounds"),
}
"""Words of folders' and files' names, beside those of topics' names."""


@cache
def words_of_modalities() -> dict[str, str]:
    """Return the modality that a word in the name of a folder or file stands for.

    The words are those by which `discover` knows topics, and `MORE_WORDS`.
    """
    words: dict[str, str] = {name: name for name in MODALITIES}
    for kind in SensorRegistry.installed():
        words |= {word: kind.modality for word in kind.discover if word}
    for modality, more in MORE_WORDS.items():
        words |= dict.fromkeys(more, modality)
    return words


def words(name: str) -> list[str]:
    """Return the words of a folder's or file's name, in lower case."""
    return re.findall(r"[a-z]+|\d+", name.lower())


def modality_words(name: str) -> list[str]:
    """Return the modalities that the words of a name stand for, in order."""
    known = words_of_modalities()
    return [known[word] for word in words(name) if word in known]


def without_modality(name: str) -> str:
    """Return a name without the words that stand for modalities, its other words joined by '_'."""
    known = words_of_modalities()
    return "_".join(word for word in words(name) if word not in known)


def told_by_name(path: Path, kind: str, levels: int) -> str:
    """Return the modality that a file's name, or a folder above it, stands for; '' if none does.

    The nearest name counts, and only modalities that a file of this kind may have.

    Args:
        path: The file.
        kind: Its kind, a key of `kinds.SUFFIXES`.
        levels: How many folders above it are looked at.
    """
    for name in (path.stem, *(parent.name for parent in list(path.parents)[:levels])):
        for modality in reversed(modality_words(name)):
            if modality in MODALITIES_OF[kind]:
                return modality
    return ""


def check_modality(path: Path, kind: str, modality: str) -> None:
    """Check that a file may have a modality.

    Raises:
        FileError: A file of this kind cannot have it.
    """
    if modality not in MODALITIES_OF[kind]:
        raise FileError(
            path,
            f"a file of this kind ({kind}) cannot be {modality}; it can be "
            f"{' or '.join(MODALITIES_OF[kind])}",
        )
