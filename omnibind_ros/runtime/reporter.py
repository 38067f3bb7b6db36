"""Where messages to the user go."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Takes messages to the user; the logger of a ROS node is one."""

    def info(self, message: str) -> object:
        """Report what happens as it should."""
        ...

    def warning(self, message: str) -> object:
        """Report what limits the results."""
        ...

    def error(self, message: str) -> object:
        """Report what does not work."""
        ...
