"""What the commands that build a dataset share: options, progress bar and the result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as ProgressBar

from omnibind_ros.progress import Progress
from omnibind_ros.worker_options import add_worker_options

from .builder import build_dataset
from .cluster import chosen_workers
from .plan import Plan


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every build: --out, --workers and --dask."""
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the dataset")
    add_worker_options(parser, "build")


def run_build(plan: Plan, options: argparse.Namespace) -> int:
    """Build a dataset with a progress bar, and print what was built.

    Args:
        plan: The plan.
        options: With out, workers and dask, as `add_build_options` adds them.

    Returns:
        The exit status.
    """
    try:
        with (
            chosen_workers(options.workers, options.dask, options.out.absolute().parent) as workers,
            _progress_bar(f"building {options.out}") as progress,
        ):
            report = build_dataset(plan, options.out, workers=workers, progress=progress)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on with what is missing", file=sys.stderr)
        raise
    again = f" ({report.resumed} of them were there)" if report.resumed else ""
    print(f"built {report.out}: {report.samples} samples{again}")
    if len(report.skipped):
        print(f"left out: {len(report.skipped)}; {report.out / 'README.md'} lists what and why")
    for note in plan.describe().get("notes", ()):
        print(note)
    return 0


@contextmanager
def _progress_bar(title: str) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with ProgressBar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
