"""A file of a bundle that was checked, and stays that file whatever happens to its folder."""

from __future__ import annotations

import hashlib
import os
import weakref
from pathlib import Path

BLOCK = 1 << 20


class CheckedFile:
    """A file that is kept open from its check on.

    A bundle is replaced by a rename while nodes use it (`atomic_folder`), and a sensor that is
    added later needs an encoder of the bundle that was checked. An open file is still the old one.

    Attributes:
        path: Its path.
        sha256: SHA-256 of its content when it was checked, in hexadecimal.
    """

    def __init__(self, path: Path) -> None:
        """Open a file and compute its hash.

        Raises:
            OSError: It cannot be read.
        """
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        self._state = self._present_state()
        self.sha256 = self._digest()

    def place(self) -> Path:
        """Return a path under which the checked file can be read, also after it was replaced."""
        own = os.fstat(self._file)
        try:
            now = self.path.stat()
            replaced = (now.st_dev, now.st_ino) != (own.st_dev, own.st_ino)
        except OSError:  # it was removed, or its folder was
            replaced = True
        return Path(f"/proc/self/fd/{self._file}") if replaced else self.path

    def unchanged(self) -> bool:
        """Return whether the file has the content that was checked.

        Raises:
            OSError: It cannot be read.
        """
        state = self._present_state()
        if state != self._state:
            if self._digest() != self.sha256:
                return False
            self._state = state
        return True

    def _present_state(self) -> tuple[int, int, int]:
        found = os.fstat(self._file)
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _digest(self) -> str:
        digest, at = hashlib.sha256(), 0
        while block := os.pread(self._file, BLOCK, at):
            digest.update(block)
            at += len(block)
        return digest.hexdigest()
