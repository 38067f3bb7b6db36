"""The options of commands that do numbered tasks: on which processes and machines."""

from __future__ import annotations

import argparse


def add_worker_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --workers and --dask.

    Args:
        parser: The command's.
        what: What the processes do, for the help text.
    """
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--workers", type=int, default=0, metavar="N", help=f"processes that {what} (one a core)"
    )
    place.add_argument(
        "--dask",
        default="",
        metavar="ADDRESS",
        help=f"Dask scheduler whose workers {what}, on a shared file system (none)",
    )
