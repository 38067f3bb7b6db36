"""The folder of enrolled labels: a file for each, safe for several processes and sudden ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omnibind_ros.atomic_files import TEMPORARY, write_atomic
from omnibind_ros.plain_text import same_text

from .enrolled_file import (
    MAX_BYTES,
    EnrolledError,
    EnrolledLabel,
    NewerEnrolledError,
    View,
    from_bytes,
    to_bytes,
)

SUFFIX = ".npz"
LOCK = ".lock"
PATIENCE = 2.0
"""Seconds that a change waits for another process to finish its own."""

AUTO = "auto"
"""Value of the parameter `enrolled` for the default folder."""


def enrolled_path(value: str, node: str) -> Path | None:
    """Return the folder that a value of the parameter `enrolled` means.

    Args:
        value: A folder; `AUTO`: one under ROS_HOME (~/.ros where it is not set); '': none.
        node: Name of the node with its namespace, such as /robot/perception.

    Raises:
        EnrolledError: The user has no home folder.
    """
    if not value:
        return None
    if value == AUTO:
        home = os.environ.get("ROS_HOME") or "~/.ros"
        value = str(Path(home, "omnibind_ros", "enrolled", node.strip("/")))
    path = os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser raises in more ways
    if path.startswith("~"):
        raise EnrolledError(
            f"the folder {value} of enrolled labels cannot be found, as this user has no home "
            "folder; set the parameter enrolled to another folder"
        )
    return Path(path).absolute()


@dataclass(frozen=True)
class _Read:
    """What was read of a file: a label, or why there is none."""

    changed: tuple[int, ...]
    label: EnrolledLabel | None
    problem: str


class EnrolledFolder:
    """Reads and writes enrolled labels; not thread-safe.

    A file is replaced by a rename, so that at every moment it is the old one or the new one, even
    if the process is killed. Changes are made under a lock, and to what is in the folder at that
    moment, so that no process undoes what another one has done.
    """

    def __init__(self, path: Path) -> None:
        """Create it; the folder is made with the first label.

        Args:
            path: The folder.
        """
        self.path = path
        self._read: dict[Path, _Read] = {}

    def labels(self) -> tuple[dict[str, EnrolledLabel], list[str]]:
        """Return the labels in the folder, and a sentence for each file that cannot be used.

        The labels' keys are `same_text` of their names. A file that has not changed is not read
        again.
        """
        labels: dict[str, EnrolledLabel] = {}
        problems = []
        known, self._read = self._read, {}
        try:
            paths = sorted(path for path in self.path.iterdir() if not _hidden(path))
        except (FileNotFoundError, NotADirectoryError):
            return {}, []
        except OSError as error:
            return {}, [
                f"the folder {self.path} of enrolled labels cannot be read ({error.strerror}); "
                "set the parameter enrolled to another folder"
            ]
        for path in paths:
            read = self._read_file(path, known.get(path))
            if read is None:
                continue
            self._read[path] = read
            if read.label is None:
                problems.append(read.problem)
            elif (key := same_text(read.label.name)) in labels:
                labels[key] = labels[key].joined(read.label.views)  # a copied file
            else:
                labels[key] = read.label
        return labels, problems

    def check(self) -> str:
        """Make the folder; return why labels cannot be kept in it in one sentence, '' if they can.

        A file that a killed process has not finished is removed, which is told too.
        """
        try:
            with self._locked():
                left = self._unfinished()
                for path in left:
                    path.unlink()
        except EnrolledError as error:
            return f"{error}; what is enrolled from now on is lost when the node ends"
        if left:
            names = ", ".join(path.name for path in left)
            return (
                f"{names} in {self.path} was left by a process that ended while it wrote, and is "
                "removed; the last enrolment is lost, enroll it again"
            )
        return ""

    def add(self, name: str, views: Sequence[View]) -> Path:
        """Add views to a label, a new one or one in the folder, and return its file.

        Raises:
            EnrolledError: They cannot be written; the folder is as it was.
        """
        with self._locked():
            paths = self._files_of(name)
            old = self._label(paths)
            label = EnrolledLabel(name, ()) if old is None else old
            path = paths[0] if paths else self._free_path(name)
            self._write(path, label.joined(tuple(views)))
            return path

    def delete(self, name: str) -> None:
        """Remove a label's file, or its files if it was copied; without one, do nothing.

        Raises:
            EnrolledError: It cannot be removed.
        """
        with self._locked():
            self._remove(self._files_of(name))

    def rename(self, name: str, new_name: str) -> None:
        """Rename a label; if there is none of this name, do nothing.

        Raises:
            EnrolledError: The new file cannot be written, or the old one cannot be removed.
        """
        with self._locked():
            paths = self._files_of(name)
            label = self._label(paths)
            if label is None:
                return
            # First the new file: a process that is killed now leaves both, and no view is lost.
            path = self._free_path(new_name)
            self._write(path, EnrolledLabel(new_name, label.views))
            self._remove(paths)

    def _files_of(self, name: str) -> list[Path]:
        self.labels()
        key = same_text(name)
        return [
            path
            for path, read in self._read.items()
            if read.label is not None and same_text(read.label.name) == key
        ]

    def _label(self, paths: Sequence[Path]) -> EnrolledLabel | None:
        labels = [read.label for path in paths if (read := self._read[path]).label is not None]
        for other in labels[1:]:
            labels[0] = labels[0].joined(other.views)
        return labels[0] if labels else None

    def _free_path(self, name: str) -> Path:
        """Return a path for a label that no file has, such as a damaged one."""
        words = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
        digest = hashlib.sha256(same_text(name).encode()).hexdigest()[:8]
        stem = "-".join(filter(None, (words, digest)))
        path = self.path / f"{stem}{SUFFIX}"
        count = 1
        while os.path.lexists(path):
            count += 1
            path = self.path / f"{stem}-{count}{SUFFIX}"
        return path

    def _write(self, path: Path, label: EnrolledLabel) -> None:
        try:
            write_atomic(path, to_bytes(label))
        except OSError as error:
            raise EnrolledError(
                f"{path} cannot be written ({error.strerror}); free the disk or set the parameter "
                "enrolled to another folder"
            ) from error

    def _remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EnrolledError(
                    f"{path} cannot be removed ({error.strerror}); make the folder writable"
                ) from error

    def _unfinished(self) -> list[Path]:
        return sorted(self.path.glob(f"*{SUFFIX}{TEMPORARY}"))

    @staticmethod
    def _read_file(path: Path, known: _Read | None) -> _Read | None:
        what = f"{path} is not used:"
        try:
            found = path.stat()
            changed = (found.st_ino, found.st_size, found.st_mtime_ns)
            if known is not None and known.changed == changed:
                return known
            if path.suffix != SUFFIX or not stat.S_ISREG(found.st_mode):
                problem = f"{what} it is no file of an enrolled label; move it elsewhere"
                return _Read(changed, None, problem)
            if found.st_size > MAX_BYTES:
                problem = (
                    f"{what} it has {found.st_size >> 20} MiB, too many for a label; remove it"
                )
                return _Read(changed, None, problem)
            return _Read(changed, from_bytes(path.read_bytes()), "")
        except FileNotFoundError:
            return None  # another process has just removed it
        except OSError as error:
            return _Read((), None, f"{what} it cannot be read ({error.strerror}); make it readable")
        except NewerEnrolledError as error:
            return _Read(changed, None, f"{what} {error}, or enroll the label again")
        except EnrolledError as error:
            return _Read(changed, None, f"{what} {error}; remove it and enroll the label again")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Make the folder and hold its lock.

        Raises:
            EnrolledError: The folder cannot be written, or another process holds the lock.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            end = time.monotonic() + PATIENCE
            while not _lock(lock):
                if time.monotonic() > end:
                    raise EnrolledError(
                        f"another process has been changing {self.path} for {PATIENCE:g} s; end it "
                        "or set the parameter enrolled to another folder"
                    )
                time.sleep(0.01)
            yield
        except OSError as error:
            raise self._not_writable(error) from error
        finally:
            os.close(lock)

    def _not_writable(self, error: OSError) -> EnrolledError:
        return EnrolledError(
            f"the folder {self.path} of enrolled labels cannot be written ({error.strerror}); make "
            "it writable or set the parameter enrolled to another folder"
        )


def _lock(lock: int) -> bool:
    """Return whether a lock could be taken; it goes with the process that holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hidden(path: Path) -> bool:
    """Return whether a file is no concern of the user: the lock, or one that is being written."""
    return path.name.startswith(".") or path.name.endswith(SUFFIX + TEMPORARY)
