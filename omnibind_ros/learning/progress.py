"""Progress bars of the commands that train and measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

NamedProgress = Callable[[str, int, int, Mapping[str, float]], None]
"""Called with a task's name, its steps done, all its steps, and the metrics of the last one."""


def no_named_progress(name: str, done: int, total: int, metrics: Mapping[str, float]) -> None:
    """Ignore the progress."""


class Steps:
    """Shows steps that cannot be counted, one after the other; each is done as the next begins."""

    def __init__(self, progress: NamedProgress) -> None:
        """Show nothing yet.

        Args:
            progress: Called with 0 of 1 as a step begins, and with 1 of 1 as it ends.
        """
        self._progress = progress
        self._running = ""

    def begin(self, name: str) -> None:
        """End the step before, and begin one."""
        self.end()
        self._running = name
        self._progress(name, 0, 1, {})

    def end(self) -> None:
        """End the step that runs, if there is one."""
        if self._running:
            self._progress(self._running, 1, 1, {})
            self._running = ""


@contextmanager
def progress_bars() -> Iterator[NamedProgress]:
    """Show one bar for each task, with the metrics of its last step, on the standard error."""
    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[metrics]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int, metrics: Mapping[str, float]) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total, metrics="")
            parts = [f"loss {metrics['loss']:.2f}"] if "loss" in metrics else []
            if "validation_objects" in metrics:
                parts.append(f"validation {metrics['validation_objects']:.1%}")
            bars.update(tasks[name], completed=done, total=total, metrics=", ".join(parts))

        yield show
