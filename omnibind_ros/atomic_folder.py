"""Replaces a folder atomically: at every moment it is the old one or the new one, complete."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""Constants of Linux's renameat2(2)."""


class BusyFolderError(ValueError):
    """Another process is replacing the folder; the text is one sentence."""


def staging_folder(out: Path) -> Path:
    """Return where the new folder is built: beside the old one, so that a rename suffices."""
    return out.parent / f".{out.name}.new"


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """Open an empty folder that replaces another one when the block ends without an exception.

    At every moment `out` is the old folder or the new one, even if the process is killed: the next
    call removes what a killed process left beside it. After an exception the old one is unchanged.

    Args:
        out: The folder to replace; it need not exist.

    Raises:
        BusyFolderError: Another process is replacing it.
        OSError: A folder cannot be written.
    """
    out = out.resolve()
    stage = staging_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    stage.mkdir(exist_ok=True)
    lock = os.open(stage, os.O_RDONLY)
    try:
        _lock(lock, stage, out)
        _empty(stage)
        try:
            yield stage
            _flush(stage)
            _swap(stage, out)
        finally:
            # The stage is now the old folder, or a new one that failed.
            shutil.rmtree(stage, ignore_errors=True)
    finally:
        os.close(lock)


def _lock(lock: int, stage: Path, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = os.path.samestat(os.fstat(lock), stage.stat())
    except (BlockingIOError, FileNotFoundError):
        held = False
    if not held:
        raise BusyFolderError(f"another process is writing {out}; wait until it has ended")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _flush(folder: Path) -> None:
    """Write to the disk, so that after a power cut no file is without its content."""
    for path in (*folder.iterdir(), folder):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _swap(stage: Path, out: Path) -> None:
    if not out.exists():
        stage.rename(out)
    elif not _swap_names(stage, out):
        # File systems that cannot swap names (NFS): for an instant neither folder exists.
        old = out.parent / f".{out.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        try:
            stage.rename(out)
        except OSError:
            old.rename(out)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _swap_names(one: Path, other: Path) -> bool:
    """Swap two folders' names in one step; return whether the file system can.

    Raises:
        OSError: It can, but not for these folders.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(other))
