"""The options of the commands `omnibind train ...`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction
from omnibind_ros.worker_options import add_worker_options

from .af.commands import add_fusion

NEEDS = "install omnibind_ros[train,sim]"


def add_train(commands: Any) -> None:
    """Add `train` and its actions to the parser of `omnibind`."""
    train = commands.add_parser("train", help="train encoders from a dataset")
    actions = train.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_students(actions)
    add_fusion(actions)


def _add_students(actions: Any) -> None:
    students = actions.add_parser(
        "students", help="adapt the image teacher and train the students it teaches"
    )
    for name, metavar, required, text in (
        ("--data", "DIR", True, "the dataset"),
        ("--out", "DIR", True, "where to"),
        ("--cache", "DIR", False, "where prepared tensors are kept (OUT/cache)"),
        ("--config", "FILE", False, "how (the defaults of docs/how-to/training.md)"),
    ):
        students.add_argument(name, type=Path, metavar=metavar, required=required, help=text)
    add_worker_options(students, "prepare samples")
    students.add_argument(
        "--resume", action="store_true", help="go on with the interrupted run in --out"
    )
    students.set_defaults(
        check=_read_config,
        run=LazyFunction("omnibind_ros.learning.cad.training", "run_command"),
        needs=NEEDS,
    )


def _read_config(options: argparse.Namespace) -> None:
    """Put the configuration in the place of its file."""
    from .config_file import read_config  # noqa: PLC0415 - other commands start without it

    options.config = read_config(options.config)
