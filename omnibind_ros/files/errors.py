"""Errors of this room."""

from __future__ import annotations

from pathlib import Path


class FileError(ValueError):
    """A file that cannot be used; its text is one sentence: which file, why, what to do.

    Attributes:
        path: The file.
        reason: Why it cannot be used and what to do, without the file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Create it; the arguments are the attributes."""
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
