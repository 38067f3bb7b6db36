"""Reads files of which the index is whole, by rosbags' readers of single files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rosbags.interfaces import Connection
from rosbags.rosbag2.storage_mcap import McapReader
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Reader

from .file_reader import FileReader
from .mcap import RECORD, Chunk, McapFile
from .temporary import Source


def _extent(metadata: Any) -> tuple[int, int, int]:
    """Return the number of messages, and the times of the first and behind the last, ns."""
    return metadata.message_count, metadata.start_time, metadata.end_time


class IndexedMcap(McapFile):
    """An MCAP file with an index of chunks; the index is read by rosbags.

    The chunks are not, as rosbags takes a record of zeros for a record, and as readers of one file
    would move each other's place in it.

    Args:
        source: The file.
        reader: The open reader, which may be closed afterwards.
    """

    def __init__(self, source: Source, reader: McapReader) -> None:
        """Take over the index."""
        super().__init__(source)
        self._connections = list(reader.connections)
        self.chunks = sorted(
            (
                Chunk(
                    chunk.chunk_start_offset + RECORD.size,
                    chunk.chunk_length - RECORD.size,
                    chunk.message_start_time,
                    chunk.message_end_time,
                    dict(chunk.channel_count),
                )
                for chunk in reader.chunks
            ),
            key=lambda chunk: chunk.start,
        )
        self.count, self.start, self.end = _extent(reader.metadata)

    @property
    def connections(self) -> list[Connection]:
        """The topics."""
        return self._connections


class IndexedSqlite(FileReader):
    """A database that SQLite opens.

    Args:
        source: The file.

    Raises:
        Exception: It is damaged, or has not the tables of a bag.
    """

    def __init__(self, source: Source) -> None:
        """Open the database."""
        super().__init__(source)
        # rosbags puts the path into a URI as it is.
        self._reader = Sqlite3Reader(Path(quote(str(source.path))))
        self._reader.open()
        self.count, self.start, self.end = _extent(self._reader.metadata)

    @property
    def connections(self) -> list[Connection]:
        """The topics."""
        return self._reader.connections

    def messages(
        self,
        connections: Collection[Connection],
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[tuple[Connection, int, bytes]]:
        """Yield connection, time in ns and bytes of messages, by time."""
        yield from self._reader.messages(connections, start, stop)
