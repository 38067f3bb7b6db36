"""Temporary copies of files that cannot be read where they are; the user's files stay as they are.

A copy is deleted as soon as it is open: the system keeps its content until the process closes it or
ends, however it ends.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from .metadata import COMPRESSED

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
COPY_LIMIT = 8 * 2**30
"""Bytes of a database that is copied to join it with its -wal or -journal file."""
BLOCK = 2**20


@dataclass
class Source:
    """A file to read from.

    Attributes:
        path: Where it is read.
        name: Name of the user's file, for messages.
        folder: The temporary folder that it is in; None for the user's own file.
        problems: What was repaired or left out on the way, one phrase each.
    """

    path: Path
    name: str
    folder: Path | None = None
    problems: list[str] = field(default_factory=list)
    _held: BinaryIO | None = None

    def open(self) -> int:
        """Return a new descriptor of the file, which the caller closes."""
        if self._held is not None:
            return os.dup(self._held.fileno())
        return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def delete(self) -> None:
        """Delete a temporary file; what has it open goes on reading, and `open` still works."""
        if self.folder is not None and self._held is None:
            if self.path.exists():
                self._held = self.path.open("rb")
            shutil.rmtree(self.folder, ignore_errors=True)


def make_source(path: Path) -> Source:
    """Return a file as it can be read: decompressed, and joined with its -wal or -journal file.

    Raises:
        OSError: The file cannot be read, or there is no room for a copy.
    """
    with path.open("rb") as stream:
        compressed = stream.read(4) == ZSTD_MAGIC
    if compressed:
        return _decompressed(path)
    for suffix, join in (("-wal", _joined_wal), ("-journal", _rolled_back)):
        beside = path.with_name(path.name + suffix)
        if beside.is_file() and beside.stat().st_size:
            return join(path, beside)
    return Source(path, path.name)


def _folder(size: int) -> Path:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > free:
        raise OSError(
            f"a temporary copy takes {size / 1e9:.2f} GB and {tempfile.gettempdir()} has "
            f"{free / 1e9:.2f} GB free; set TMPDIR to a larger disk"
        )
    return Path(tempfile.mkdtemp(prefix="omnibind-bag-"))


def _decompressed(path: Path) -> Source:
    folder = _folder(path.stat().st_size)
    name = path.stem if path.suffix in COMPRESSED else path.name
    source = Source(folder / name, path.name, folder)
    try:
        with path.open("rb") as packed, source.path.open("wb") as unpacked:
            stream = zstd.ZstdFile(packed)
            try:
                while block := stream.read1(BLOCK):
                    unpacked.write(block)
            except (EOFError, zstd.ZstdError):
                source.problems.append("its zstd compression ends early or is damaged")
    except BaseException:
        source.delete()
        raise
    return source


def _joined_wal(path: Path, wal: Path) -> Source:
    command = f"sqlite3 '{path.name}' 'PRAGMA wal_checkpoint(TRUNCATE)'"
    source, why = _joined(path, wal)
    if why:
        source.problems.append(
            f"the {wal.stat().st_size} bytes in {wal.name}, its last messages, are left out "
            f"({why}); to join them, run {command} in the bag's folder"
        )
    else:
        source.problems.append(
            f"{wal.name} has messages that the recorder had not yet joined with it; both are read, "
            f"from a temporary copy; to join them, run {command} in the bag's folder"
        )
    return source


def _rolled_back(path: Path, journal: Path) -> Source:
    command = f"sqlite3 '{path.name}' 'PRAGMA quick_check'"
    source, why = _joined(path, journal)
    if why:
        source.problems.append(
            f"{journal.name} has an unfinished transaction that cannot be taken back ({why}), so "
            f"its last messages may be damaged; to mend it, run {command} in the bag's folder"
        )
    else:
        source.problems.append(
            f"{journal.name} says that the recorder ended within a transaction; what it had "
            f"not finished is left out in a temporary copy; to mend it, run {command} in the bag's "
            "folder"
        )
    return source


def _joined(path: Path, beside: Path) -> tuple[Source, str]:
    """Let SQLite join copies of both files; return the file to read, and why it is not joined."""
    size = path.stat().st_size + beside.stat().st_size
    if size > COPY_LIMIT:
        return Source(
            path, path.name
        ), f"it is above {COPY_LIMIT / 2**30:.0f} GiB, too large to copy"
    try:
        folder = _folder(2 * size)
    except OSError as error:
        return Source(path, path.name), str(error)
    source = Source(folder / path.name, path.name, folder)
    try:
        shutil.copyfile(path, source.path)
        shutil.copyfile(beside, folder / beside.name)
        with closing(sqlite3.connect(source.path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            database.execute("PRAGMA journal_mode = DELETE").fetchall()
            database.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        source.delete()
        return Source(path, path.name), f"SQLite says: {error}"
    except BaseException:
        source.delete()
        raise
    return source, ""


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Read bytes of an open file; fewer at its end."""
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
