"""Reports of progress, from functions that take long to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of steps done, and the number there will be."""


def no_progress(done: int, total: int) -> None:
    """Show nothing."""
