"""Files that are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

TEMPORARY = ".tmp"


@contextmanager
def atomic_file(path: Path, shared: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that gets its name only when all of it is on the disk.

    Args:
        path: Its path. A file of that path is replaced.
        shared: Whether another process may write the same file at this time, such as the worker of
            a command that has ended: then each has a temporary file of its own.

    Raises:
        OSError: It cannot be written. Then, and after any other exception, no file is left.
    """
    own = f".{uuid4().hex}" if shared else ""
    temporary = path.with_name(path.name + own + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # The name must be on the disk, too, in case of a power failure.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a small file completely or not at all; raises OSError."""
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
