"""Errors of datasets."""

from __future__ import annotations

from omnibind_ros.plain_text import SentenceError, one_line


class DatasetError(SentenceError):
    """A dataset that cannot be built or read; the text is one sentence."""


class SkipError(DatasetError):
    """One sample that cannot be made; it is left out and counted, and the others go on.

    Attributes:
        what: The file or object.
        reason: Why, without `what`, so that equal reasons are counted together.
    """

    def __init__(self, what: str, reason: str) -> None:
        """Keep what is left out, and why."""
        self.what, self.reason = one_line(what), one_line(reason)
        super().__init__(f"{self.what}: {self.reason}")

    def __reduce__(self) -> tuple[type[SkipError], tuple[str, str]]:
        """Allow pickling, from one process to another."""
        return type(self), (self.what, self.reason)
