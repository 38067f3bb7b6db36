"""Shows the whole pages of a damaged database to SQLite.

The format of the file: https://www.sqlite.org/fileformat.html. SQLite fills what is missing of a
page with zeros, and a database has no checksums. So the file is shown to SQLite through a virtual
file system in which a page that is not wholly there, or holds nothing but zeros, is an input error.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from .temporary import read_at

MAGIC = b"SQLite format 3\0"
HEADER = 100


def database_is_whole(path: os.PathLike[str]) -> bool:
    """Return whether a database has as many bytes as its header says; reads the header only."""
    with open(path, "rb") as stream:  # noqa: PTH123 - a path-like object
        header = stream.read(HEADER)
        size = os.fstat(stream.fileno()).st_size
    page, pages = page_sizes(header)
    return bool(page) and size % page == 0 and (not pages or size >= page * pages)


def page_sizes(header: bytes) -> tuple[int, int]:
    """Return the bytes of a page, and the number of pages where the header says it, else 0.

    Args:
        header: The first bytes of the file, at least `HEADER`.
    """
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


@contextmanager
def database_view(descriptor: int, page: int) -> Iterator[apsw.Connection]:
    """Open the whole pages of a file as a database, for reading.

    Args:
        descriptor: The open file.
        page: Bytes of a page.

    Raises:
        apsw.Error: Its first page is damaged; queries raise it where they meet damage.
    """
    name = f"omnibind-{uuid.uuid4().hex}"
    system = _FileSystem(name, descriptor, page)
    try:
        database = apsw.Connection(
            "file:bag?immutable=1",
            flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
            vfs=name,
        )
        try:
            # Without it, SQLite refuses each file with fewer pages than its header says.
            database.execute("PRAGMA writable_schema = ON")
            yield database
        finally:
            database.close()
    finally:
        system.unregister()
