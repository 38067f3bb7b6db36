"""Reads what SQLite gives of a damaged .db3 file, up to the damage and behind it.

The tables are those of rosbag2_storage_sqlite3, schemas 1 to 4; the format of the file:
https://www.sqlite.org/fileformat.html. SQLite fills what is missing of a page with zeros, and
has no checksums. So the file is shown to SQLite through a virtual file system in which a page that
is not wholly there, or that holds nothing but zeros, is an input error. (A message that ends in a
whole page of zeros, as a black picture may, is left out with it; this is so in damaged files only.)
"""

from __future__ import annotations

import os
import uuid
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import apsw

from .salvage import Channel, Lost, Record, Salvaged
from .temporary import Source, read_at

MAGIC = b"SQLite format 3\0"
HEADER = 100
LAST_ID = 2**62
AFTER = "FROM messages NOT INDEXED WHERE id > ? ORDER BY id"


def database_is_whole(path: os.PathLike[str]) -> bool:
    """Return whether a database has as many bytes as its header says; reads the header only."""
    with open(path, "rb") as stream:  # noqa: PTH123 - a path-like object
        header = stream.read(HEADER)
        size = os.fstat(stream.fileno()).st_size
    page, pages = _pages(header)
    return bool(page) and size % page == 0 and (not pages or size >= page * pages)


def _pages(header: bytes) -> tuple[int, int]:
    """Return the bytes of a page, and the number of pages where the header says it, else 0."""
    if len(header) < HEADER or not header.startswith(MAGIC):
        return 0, 0
    page = int.from_bytes(header[16:18], "big")
    page = 65_536 if page == 1 else page
    known = header[24:28] == header[92:96]
    return page, int.from_bytes(header[28:32], "big") if known else 0


class _File(apsw.VFSFile):
    """The whole pages of a file that is open already."""

    def __init__(self, descriptor: int, page: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size // page * page

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        data = read_at(self._descriptor, amount, offset) if offset + amount <= self._size else b""
        if not data.strip(b"\0"):
            raise apsw.IOError(f"nothing is at byte {offset}")
        if offset == 0 and len(data) >= 20:
            # Readable without a write-ahead log, which is not here.
            data = data[:18] + b"\1\1" + data[20:]
        return data

    def xFileSize(self) -> int:  # noqa: N802
        return self._size

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xClose(self) -> None:  # noqa: N802
        pass

    def xSectorSize(self) -> int:  # noqa: N802
        return 0

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: ARG002, N802
        return False


class _FileSystem(apsw.VFS):
    def __init__(self, name: str, descriptor: int, page: int) -> None:
        self._file = (descriptor, page)
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return super().xOpen(name, flags) if name is None else _File(*self._file)


class SalvagedSqlite(Salvaged):
    """What SQLite gives of a damaged database.

    Args:
        source: The file.

    Raises:
        apsw.Error: Not even its list of topics is readable.
    """

    def __init__(self, source: Source) -> None:
        """Read the times and places of all messages that are readable."""
        super().__init__(source)
        header = read_at(self.descriptor, HEADER, 0)
        page, pages = _pages(header)
        if not page:
            raise apsw.NotADBError("its first bytes are not those of a database")
        size = os.fstat(self.descriptor).st_size
        if size < page * pages:
            self.lost.append(Lost(f"it was cut at byte {size} of {page * pages}"))
        name = f"omnibind-{uuid.uuid4().hex}"
        self._system = _FileSystem(name, self.descriptor, page)
        self._database = apsw.Connection(
            "file:bag?immutable=1",
            flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
            vfs=name,
        )
        # Without it, SQLite refuses each file with fewer pages than its header says.
        self._database.execute("PRAGMA writable_schema = ON")
        self._read_topics()
        self._index = sorted(self._scan())
        self._times = [time for time, _, _ in self._index]
        self.count = len(self._index)
        self.start = self._times[0] if self._times else 0
        self.end = self._times[-1] + 1 if self._times else 0

    def close(self) -> None:
        """Close the database and the file."""
        if hasattr(self, "_database"):
            self._database.close()
        if hasattr(self, "_system"):
            self._system.unregister()
            del self._system
        super().close()

    def _rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from self._database.execute(query, values)

    def _read_topics(self) -> None:
        definitions: dict[str, tuple[str, str, str]] = {}
        with suppress(apsw.Error):  # schemas before 4 have no such table
            for msgtype, *rest in self._rows(
                "SELECT topic_type, encoding, encoded_message_definition, type_description_hash "
                "FROM message_definitions"
            ):
                definitions[msgtype] = (rest[0], rest[1], rest[2])
        for key, topic, msgtype, encoding in self._rows(
            "SELECT id, name, type, serialization_format FROM topics"
        ):
            self.channels[key] = Channel(
                topic, msgtype, encoding, *definitions.get(msgtype, ("", "", ""))
            )

    def _scan(self) -> Iterator[tuple[int, int, int]]:
        """Yield time, id and topic of each message of which all bytes are readable."""
        last, gaps, invalid, damaged = 0, 0, 0, False
        query = f"SELECT id, topic_id, timestamp, data {AFTER}"
        while True:
            try:
                for key, topic, time, data in self._rows(query, last):
                    gaps += key - last - 1 if last else 0
                    last = key
                    if topic in self.channels and isinstance(time, int) and isinstance(data, bytes):
                        yield time, key, topic
                    else:
                        invalid += 1
                break
            except apsw.Error:
                damaged = True
                step = self._readable_after(last)
                if step is None:
                    break
                gaps += step - last
                last = step
        if damaged:
            self.lost.append(Lost("some of its pages are missing or damaged", gaps))
        if invalid:
            self.lost.append(Lost("some of its rows are no messages of a known topic", invalid))

    def _readable_after(self, last: int) -> int | None:
        """Return the smallest id found above `last` behind which a message is readable."""

        def readable(key: int) -> bool:
            with suppress(apsw.Error):
                rows = self._database.execute(
                    "SELECT id, data FROM messages NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1",
                    (key,),
                )
                return bool(rows.fetchall())
            return False

        step = 1
        while not readable(last + step):
            step *= 2
            if last + step > LAST_ID:
                return None
        low, high = last + step // 2, last + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if readable(middle) else (middle, high)
        return high

    def _messages(self, keys: Collection[int], start: int, stop: int) -> Iterator[Record]:
        for place in range(bisect_left(self._times, start), bisect_left(self._times, stop)):
            time, key, topic = self._index[place]
            if topic in keys:
                ((data,),) = self._rows("SELECT data FROM messages WHERE id = ?", key)
                yield Record(topic, time, data)
