"""Opens a file as the messages of a sensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .errors import FileError
from .formats.arrays import open_array_file, usual_modality
from .formats.clouds import open_cloud_file
from .formats.event_streams import open_event_file
from .formats.pictures import open_picture_file
from .formats.sounds import open_sound_file
from .formats.texts import open_text_file, sentence
from .kinds import MODALITIES_OF, kind_of
from .modality import check_modality, told_by_name
from .recording import Recording

Open = Callable[[Path, str], Recording]

OPENERS: dict[str, Open] = {
    "picture": open_picture_file,
    "sound": open_sound_file,
    "cloud": open_cloud_file,
    "array": open_array_file,
    "events": open_event_file,
    "text": open_text_file,
}
"""By kind of file, what opens it."""

LEVELS = 4
"""How many folders above a file may say its modality."""


class Source(NamedTuple):
    """A file, or a sentence, whose modality is known.

    Attributes:
        path: The file; of a sentence the sentence itself.
        modality: A key of `MODALITIES`.
        text: The sentence; empty for a file.
    """

    path: Path
    modality: str
    text: str = ""


def find_modality(path: Path, kind: str, levels: int = LEVELS) -> str:
    """Return the modality of a file: what names of file and folders say, or the usual one.

    Args:
        path: The file.
        kind: Its kind.
        levels: How many folders above it are looked at.

    Raises:
        FileError: It is an array that cannot be read.
    """
    told = told_by_name(path.absolute(), kind, levels)
    if told:
        return told
    return usual_modality(path) if kind == "array" else MODALITIES_OF[kind][0]


def find_source(path: Path, modality: str = "") -> Source:
    """Return a file with its modality.

    Args:
        path: The file.
        modality: Its modality; empty: as `find_modality`.

    Raises:
        FileError: It cannot be used.
    """
    kind = kind_of(path)
    if modality:
        check_modality(path, kind, modality)
    return Source(path, modality or find_modality(path, kind))


def open_source(source: Source) -> Recording:
    """Open a file or sentence.

    Raises:
        FileError: It cannot be used.
    """
    if source.text:
        return sentence(source.text)
    kind = kind_of(source.path)
    check_modality(source.path, kind, source.modality)
    try:
        return OPENERS[kind](source.path, source.modality)
    except OSError as error:
        raise FileError(
            source.path, f"it cannot be read ({error.strerror}); check the path"
        ) from error
    except FileError:
        raise
    except Exception as error:  # a damaged file may raise anything; only it is left out
        raise FileError(
            source.path,
            f"it could not be read ({type(error).__name__}: {str(error)[:80]}); restore the file",
        ) from error
