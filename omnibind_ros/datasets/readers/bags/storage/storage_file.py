"""One file of a bag: read by rosbags and, where it is damaged, by what is whole in it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2.storage_mcap import McapReader

from omnibind_ros.plain_text import SentenceError

from .file_reader import FOREVER, FileReader
from .indexed import IndexedMcap, IndexedSqlite
from .mcap import MAGIC as MCAP_MAGIC
from .mcap import RECORD
from .mcap_salvage import SalvagedMcap
from .metadata import Declared, stored_as
from .sqlite_salvage import SalvagedSqlite
from .sqlite_view import MAGIC as SQLITE_MAGIC
from .sqlite_view import database_is_whole
from .temporary import make_source, read_at

FOOTER = struct.Struct("<BQQQI8s")
"""Opcode, length, summary_start, summary_offset_start, summary_crc, magic (MCAP specification)."""

CAUSES = 3
"""Number of causes that a sentence names."""


class UnreadableFileError(SentenceError):
    """A file of which nothing can be read; the text is a sentence."""


class StorageFile:
    """An open .db3 or .mcap file.

    Attributes:
        name: Name of the file.
        plugin: 'sqlite3' or 'mcap', by its first bytes.

    Args:
        path: The file.

    Raises:
        UnreadableFileError: Nothing in it can be read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.name = path.name
        self._why = ""  # why rosbags does not read it
        try:
            self._source = make_source(path)
        except OSError as error:
            raise UnreadableFileError(f"{self.name} is left out, as {error}") from error
        try:
            self.plugin = self._plugin(stored_as(path))
            self._reader = self._open()
        finally:
            self._source.delete()

    def _plugin(self, by_name: str) -> str:
        descriptor = self._source.open()
        try:
            head = read_at(descriptor, max(len(SQLITE_MAGIC), len(MCAP_MAGIC)), 0)
        finally:
            os.close(descriptor)
        if head.startswith(SQLITE_MAGIC):
            return "sqlite3"
        if head.startswith(MCAP_MAGIC):
            return "mcap"
        why = "it is empty" if not head else f"its first bytes are not those of a {by_name} file"
        raise self._unreadable(why)

    def _unreadable(self, why: str) -> UnreadableFileError:
        return UnreadableFileError(
            f"{self.name} is left out, as {'; '.join([why, *self._source.problems])}"
        )

    def _open(self) -> FileReader:
        if self.plugin == "sqlite3" and not database_is_whole(self._source.path):
            return self._salvage("its end is missing")
        try:
            if self.plugin == "sqlite3":
                return IndexedSqlite(self._source)
            if self._lacks_index():  # rosbags would unpack every chunk without a limit
                return self._salvage("")
            with closing(McapReader(self._source.path)) as reader:
                reader.open()
                if reader.chunks:
                    return IndexedMcap(self._source, reader)
        except Exception as error:  # noqa: BLE001 - whatever rosbags makes of damaged bytes
            return self._salvage(str(error))
        # rosbags scans a file without chunks for each query, and only if its times are sorted.
        return self._salvage("")

    def _lacks_index(self) -> bool:
        """Return whether the footer of an MCAP file is there and says that there is no summary."""
        descriptor = self._source.open()
        try:
            size = os.fstat(descriptor).st_size
            footer = read_at(descriptor, FOOTER.size, max(size - FOOTER.size, 0))
        finally:
            os.close(descriptor)
        if len(footer) < FOOTER.size:
            return False
        _, _, summary, _, _, magic = FOOTER.unpack(footer)
        return bool(magic == MCAP_MAGIC and summary == 0)

    def _salvage(self, why: str, hints: tuple[int, ...] = ()) -> FileReader:
        self._why = why
        try:
            if self.plugin == "sqlite3":
                return SalvagedSqlite(self._source)
            return SalvagedMcap(self._source, hints)
        # What the libraries make of damaged bytes.
        except Exception as error:
            raise self._unreadable(f"nothing in it can be read ({error})") from error

    @property
    def count(self) -> int:
        """Number of messages."""
        return self._reader.count

    @property
    def start(self) -> int:
        """Time of the first message, ns; without messages, 2**63 - 1."""
        return self._reader.start if self._reader.count else FOREVER

    @property
    def end(self) -> int:
        """Time after the last message, ns; without messages, 0."""
        return self._reader.end if self._reader.count else 0

    @property
    def damaged(self) -> bool:
        """Whether messages of the file are lost."""
        return bool(self._reader.lost or self._source.problems)

    @property
    def connections(self) -> list[Connection]:
        """Its topics."""
        return self._reader.connections

    def messages(
        self, chosen: Callable[[Connection], bool], start: int | None, stop: int | None
    ) -> Iterator[tuple[Connection, int, bytes]]:
        """Yield connection, time in ns and bytes of messages, by time.

        Where damage is found on the way, the file is searched for what is whole, and reading goes
        on from there.

        Args:
            chosen: Says which connections are read.
            start: Beginning, in ns.
            stop: End, in ns, exclusive.

        Raises:
            UnreadableFileError: Nothing more can be read.
        """
        reader = self._reader
        now, done = start, list[tuple[str, bytes]]()  # what was yielded of the time `now`
        try:
            for connection, time, raw in self._read(chosen, start, stop):
                if time != now:
                    now, done = time, []
                done.append((connection.topic, raw))
                yield connection, time, raw
        # What rosbags makes of damaged bytes; errors of the caller do not come here.
        except Exception as error:
            if not isinstance(reader, IndexedMcap | IndexedSqlite):
                raise UnreadableFileError(
                    f"{self.name} cannot be read further ({error})"
                ) from error
            if self._reader is reader:
                chunks = reader.chunks if isinstance(reader, IndexedMcap) else ()
                hints = tuple(chunk.offset - RECORD.size for chunk in chunks)
                self._reader = self._salvage(str(error), hints)
        else:
            return
        for connection, time, raw in self._read(chosen, now, stop):
            if time == now and (connection.topic, raw) in done:
                done.remove((connection.topic, raw))
                continue
            yield connection, time, raw

    def _read(
        self, chosen: Callable[[Connection], bool], start: int | None, stop: int | None
    ) -> Iterator[tuple[Connection, int, bytes]]:
        connections = [each for each in self._reader.connections if chosen(each)]
        if connections:
            yield from self._reader.messages(connections, start, stop)

    def problem(self, begin: int, declared: Declared | None) -> str:
        """Return a sentence on what was left out or repaired, '' if nothing was.

        Args:
            begin: Time of the bag's first message, ns; times in the sentence count from it.
            declared: What the metadata says of the file.
        """
        reader = self._reader
        if isinstance(reader, IndexedMcap | IndexedSqlite):
            return (
                f"{self.name}: {'; '.join(self._source.problems)}" if self._source.problems else ""
            )
        causes = [*self._source.problems, *dict.fromkeys(lost.cause for lost in reader.lost)]
        if not causes:
            return (
                f"{self.name} is read in full by a scan of all of it, as rosbags refuses it "
                f"({self._why})"
                if self._why
                else ""
            )
        if len(causes) > CAUSES:
            causes = [*causes[:CAUSES], f"and {len(causes) - CAUSES} more"]
        read = "no message is readable"
        if reader.count:
            first, last = (reader.start - begin) / 1e9, (reader.end - 1 - begin) / 1e9
            read = f"{reader.count} whole messages are read ({first:.3f} to {last:.3f} s)"
        known = sum(lost.count for lost in reader.lost)
        missing = declared.count - reader.count if declared else 0
        lost_text = ""
        if declared and missing > 0:
            end = (declared.end - begin) / 1e9
            lost_text = f", {missing} are lost; it had {declared.count}, to {end:.3f} s"
        elif known:
            lost_text = f", at least {known} are lost"
        return f"{self.name} is damaged: {'; '.join(causes)}; {read}{lost_text}"


def is_cdr(connection: Connection) -> bool:
    """Return whether the messages of a connection are serialized as CDR."""
    extension = connection.ext
    return isinstance(extension, ConnectionExtRosbag2) and extension.serialization_format == "cdr"
