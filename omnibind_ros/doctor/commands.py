"""The command `omnibind doctor`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

DEFAULT_NODE = "/perception"
LOOK = LazyFunction("omnibind_ros.nodes.doctor", "run_doctor")
NEEDS = "run `make setup` and `source env.sh`, or source ROS 2 and its workspace"

COULD_NOT_LOOK = 2
"""Exit status where the graph could not be looked at."""


def add_doctor(commands: Any) -> None:
    """Add `doctor` to the parser of `omnibind`."""
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong with a running node's sensors, each with a command that mends it",
        description="Looks at the live graph of ROS topics and at what a perception node says of "
        "its sensors, and prints what is wrong, each with a command that mends it. Without a "
        "running node it names the topics that look like sensors, as a parameter file.",
        epilog="The exit status is 0 if nothing is wrong, 1 if something is, 2 if the graph could "
        "not be looked at.",
    )
    add = doctor.add_argument
    add(
        "--node",
        default=DEFAULT_NODE,
        metavar="NAME",
        help=f"the node, with its namespace ({DEFAULT_NODE})",
    )
    add("--duration", type=_seconds, default=10.0, metavar="S", help="how long to look (10 s)")
    add("--sensors", nargs="+", default=[], metavar="NAME", help="look at these sensors only (all)")
    add("--json", type=Path, metavar="FILE", help="write the findings to FILE, too")
    doctor.set_defaults(run=_run, needs=NEEDS)


def _run(options: argparse.Namespace) -> int:
    try:
        return int(LOOK(options))
    except ImportError as error:
        missing = error.name or str(error)
        text = f"the Python module {missing} is missing: {NEEDS}."
    except (OSError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
    print(f"omnibind doctor: {text}", file=sys.stderr)
    return COULD_NOT_LOOK


def _seconds(text: str) -> float:
    value = float(text)
    if not 2.0 <= value <= 3600.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 2 and 3600 seconds")
    return value
