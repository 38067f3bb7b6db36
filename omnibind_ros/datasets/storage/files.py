"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only when all of it is on the disk.

    Args:
        path: Its name. A file of that name is replaced.

    Raises:
        OSError: It cannot be written. Then, and after any other exception, nothing is left of it.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # The name, too, must outlast a power cut.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a small file that is there whole or not at all; raises OSError."""
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
