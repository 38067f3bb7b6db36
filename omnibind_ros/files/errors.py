"""Errors of this room."""

from __future__ import annotations

from pathlib import Path

from omnibind_ros.plain_text import SentenceError, one_line


class FileError(SentenceError):
    """A file that cannot be used; its text is one sentence: which file, why, what to do.

    Attributes:
        path: The file.
        reason: Why it cannot be used and what to do, without the file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Create it; the arguments are the attributes, what the reason quotes may be anything."""
        reason = one_line(reason)
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
