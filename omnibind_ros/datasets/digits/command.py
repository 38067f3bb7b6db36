"""The command `omnibind dataset build digits`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from omnibind_ros.datasets.building.command import add_build_options, run_build
from omnibind_ros.datasets.errors import DatasetError

from .plan import SAMPLES, DigitsPlan

RECORDINGS = "OMNIBIND_RECORDINGS"
"""Environment variable with the default of --recordings."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, metavar="N", help=f"samples ({SAMPLES})"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the pairing (0)")
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help=f"folder with nmnist and fsdd (the environment variable {RECORDINGS})",
    )
    add_build_options(parser)


def make_plan(options: argparse.Namespace) -> DigitsPlan:
    """Return the plan for the options.

    Raises:
        DatasetError: No recordings are named, or they do not suffice.
    """
    folder = options.recordings or os.environ.get(RECORDINGS)
    if not folder:
        raise DatasetError(
            f"the digits set needs recordings: name a folder with nmnist and fsdd by --recordings "
            f"or {RECORDINGS}"
        )
    return DigitsPlan(Path(folder), options.samples, options.seed)


def run(options: argparse.Namespace) -> int:
    """Build the set; options as `add_arguments` adds them; raises DatasetError.

    Returns:
        The exit status.
    """
    return run_build(make_plan(options), options)
