"""Encodes the files and folders that a command names, and collects why others are left out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors.region import Region

from .errors import FileError
from .folder import FolderFile, list_folder, taken_for_photographs
from .opening import Source, find_source
from .perceiver import EncodedFile, FilePerceiver
from .sensors import FileOptions


class FileEncoder:
    """Encodes files by the parts of a perceiver.

    Attributes:
        perceiver: Encodes and recognises.
        left_out: Why files are left out.
        notes: How folders were read, where that may surprise.
    """

    def __init__(self, bundle: Bundle, options: argparse.Namespace) -> None:
        """Create it.

        Args:
            bundle: Has the encoders.
            options: As `commands.add_file_options` adds them.

        Raises:
            ValueError: An option cannot be used.
        """
        self.left_out: list[FileError] = []
        self.notes: list[str] = []
        self._modality: str = options.modality
        self.perceiver = FilePerceiver(
            bundle,
            FileOptions(
                reference=options.reference,
                axes=options.axes,
                unit=options.unit,
                region=Region.parse(options.roi) if options.roi else None,
            ),
        )

    def named(self, given: str) -> EncodedFile | None:
        """Encode what a user names (`named_source`); None if it is left out."""
        return self._try(lambda: named_source(given, self._modality))

    def files_of(self, folder: Path) -> list[FolderFile]:
        """Return the files of a folder that may be encoded.

        Raises:
            FileError: It is no folder.
        """
        listing = list_folder(folder, self._modality)
        self.left_out += listing.left_out
        if not self._modality and (note := taken_for_photographs(folder, listing.files)):
            self.notes.append(note)
        return listing.files

    def listed(self, files: list[FolderFile]) -> Iterator[tuple[FolderFile, EncodedFile]]:
        """Encode files of folders, and yield those that are not left out."""
        for file in files:
            encoded = self._try(partial(Source, file.path, file.modality))
            if encoded is not None:
                yield file, encoded

    def _try(self, find: Callable[[], Source]) -> EncodedFile | None:
        try:
            return self.perceiver.encode(find())
        except FileError as error:
            self.left_out.append(error)
            return None


def named_source(given: str, modality: str) -> Source:
    """Return what a user names: a file, MODALITY:FILE, or text:SENTENCE.

    Args:
        given: What was typed.
        modality: The modality of files that name none; empty: as the file says.

    Raises:
        FileError: The file cannot be used.
    """
    prefix, colon, rest = given.partition(":")
    if colon and prefix in MODALITIES and not Path(given).exists():
        if prefix == "text" and not Path(rest).is_file():
            return Source(Path(rest[:40].replace("/", " ")), "text", rest or " ")
        return find_source(Path(rest), prefix)
    return find_source(Path(given), modality)
