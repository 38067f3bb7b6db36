"""Runs the command `omnibind study`."""

from __future__ import annotations

import argparse
import sys

from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.learning.progress import progress_bars

from .study.run import run_study


def run_study_command(options: argparse.Namespace) -> int:
    """Carry out a study with progress bars, and return the exit status.

    Args:
        options: As `commands.add_evaluation` adds them; plan holds the runs, and data the folders
            of datasets by name.

    Raises:
        ValueError: A run cannot be carried out.
        OSError: A file cannot be read or written.
    """
    try:
        with (
            chosen_workers(options.workers, options.dask, options.work) as workers,
            progress_bars() as progress,
        ):
            done = run_study(
                options.plan,
                options.data,
                options.out,
                options.work,
                workers,
                progress,
            )
    except KeyboardInterrupt:
        print("interrupted: the same command continues the study", file=sys.stderr)
        raise
    total = len(options.plan)
    print(f"{done} of {total} runs carried out; the others had results in {options.out}")
    return 0
