"""The commands `omnibind train ...`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that the others start without it
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .af.commands import add_fusion

if TYPE_CHECKING:
    from .cad.training import Progress

NEEDS = "install omnibind_ros[train,sim]"


def add_train(commands: Any) -> None:
    """Add `train` and its actions to the parser of `omnibind`."""
    train = commands.add_parser("train", help="train encoders from a dataset")
    actions = train.add_subparsers(dest="action", metavar="ACTION", required=True)
    students = actions.add_parser(
        "students", help="adapt the image teacher and train the students it teaches"
    )
    add_training_options(students)
    students.add_argument(
        "--config", type=Path, metavar="FILE", help="how (the defaults of docs/how-to/training.md)"
    )
    students.add_argument(
        "--resume", action="store_true", help="go on with the interrupted run in --out"
    )
    students.set_defaults(run=_train_students, needs=NEEDS)
    add_fusion(actions)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what every training takes: --data, --out, --cache and --workers."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the dataset")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="where prepared tensors are kept (OUT/cache)"
    )
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes that prepare (one a core)"
    )


def _train_students(options: argparse.Namespace) -> int:
    from .config import read_config

    config = read_config(options.config)  # before the slow imports, as it is what one mistypes

    from .cad.training import train_students
    from .tensors.cache import build_cache

    workers = options.workers or os.cpu_count() or 1
    where = options.cache or options.out / "cache"
    try:
        with progress_bars() as progress:
            cache = build_cache(
                options.data, where, config.teacher, workers,
                lambda done, total: progress("tensors", done, total, {}),
            )  # fmt: skip
            measured = train_students(cache, options.out, config, options.resume, progress)
    except KeyboardInterrupt:
        print("interrupted: the same command with --resume goes on", file=sys.stderr)
        raise
    for modality, found in measured.items():
        shares = [
            f"{split} objects {found[f'{split}_objects']:.1%}"
            for split in ("validation", "test")
            if f"{split}_objects" in found
        ]
        shares += [
            f"{origin} test samples {found[f'test_samples_{origin}']:.1%}"
            for origin in ("simulated", "recorded")
            if f"test_samples_{origin}" in found
        ]
        print(f"{modality}: {', '.join(shares) or 'no held-out objects'}")
    print(f"trained {options.out}")
    return 0


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show one bar for each thing that is done, with the figures of its last step."""
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

    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, figures="")
            parts = [f"loss {figures['loss']:.2f}"] if "loss" in figures else []
            if "validation_objects" in figures:
                parts.append(f"validation {figures['validation_objects']:.1%}")
            bars.update(tasks[what], completed=done, total=total, figures=", ".join(parts))

        yield show
