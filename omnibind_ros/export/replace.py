"""Folders that are replaced whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnibind_ros.encoders.manifest import BundleError

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux (renameat2(2))."""


def staging_folder(out: Path) -> Path:
    """Return where the successor of a folder is built: beside it, so that a rename suffices."""
    return out.parent / f".{out.name}.new"


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """Open an empty folder that takes the place of another when all went well.

    At every moment `out` is the old folder or the new one, also for a process that is killed: what
    that leaves beside it is removed by the next. After an exception the old one is as it was.

    Args:
        out: The folder to replace; it need not be there yet.

    Raises:
        BundleError: Another process is replacing it.
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
            # The folder of that name is what is not wanted: the old one, or a failed new one.
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
        raise BundleError(f"another process is writing {out}; wait until it has ended")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _flush(folder: Path) -> None:
    """Write through to the disk: a power cut must not leave a name without its content."""
    for path in (*folder.iterdir(), folder):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _swap(stage: Path, out: Path) -> None:
    if not out.exists():
        stage.rename(out)
    elif not _exchange(stage, out):
        # File systems without an exchange (NFS): for an instant there is neither.
        old = out.parent / f".{out.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        try:
            stage.rename(out)
        except OSError:
            old.rename(out)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders' names in one step; return whether the system can.

    Raises:
        OSError: It can, but not these.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(other))
