"""The commands `omnibind bag ...`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction
from omnibind_ros.runtime.threads import limit_blas_threads

DEFAULT_NODE = "/perception"
STORAGES = ("mcap", "sqlite3")
MEMORY = 512
"""MB that the last seconds of all topics may take."""


def add_bag(commands: Any) -> None:
    """Add `bag` and its actions to the parser of `omnibind`."""
    bag = commands.add_parser("bag", help="record sensors, replay recordings, ask what if")
    actions = bag.add_subparsers(dest="action", metavar="ACTION", required=True)
    record = actions.add_parser(
        "record",
        help="record the sensors of a perception node, or what it is taught",
        description="Records the topics of a perception node's sensors as their messages arrive, "
        "with its ~/teaching, the camera_info of pictures, /tf and /tf_static, to a bag that "
        "`ros2 bag` reads. "
        "Ctrl-C ends it. With --teach the bag keeps only what was shown during enrolments, and "
        "`omnibind dataset combine bag:DIR` has it with its labels.",
    )
    add = record.add_argument
    add("--teach", action="store_true", help="keep only what enrolments have learned from")
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="the bag's folder (a new one below ~/.ros/omnibind_ros/recordings)",
    )
    add("--topics", nargs="+", default=[], metavar="T", help="topics (those of the node's sensors)")
    add("--duration", type=_positive, metavar="S", help="end after S seconds")
    add(
        "--node",
        default=DEFAULT_NODE,
        metavar="NAME",
        help=f"the perception node, with its namespace ({DEFAULT_NODE})",
    )
    add("--storage", choices=STORAGES, default=STORAGES[0], help="the bag's storage (mcap)")
    add(
        "--memory",
        type=_positive,
        default=MEMORY,
        metavar="MB",
        help=f"with --teach: memory for the last minute of all topics ({MEMORY})",
    )
    record.set_defaults(
        run=LazyFunction("omnibind_ros.nodes.bag_recording", "run_record"),
        needs="run `make setup` and `source env.sh`, or source ROS 2 and its workspace",
    )
    _add_replay(actions)
    _add_report(actions)


def _add_replay(actions: Any) -> None:
    parser = actions.add_parser(
        "replay",
        help="what the perception node would have said of a bag, in virtual time",
        description="Runs the decoders, scheduler, encoders and fusion of the perception node on a "
        "bag, in virtual time: messages arrive when they were recorded, and encodes take the times "
        "of a fixed table, so that each run gives the same. Prints the labels over time and the "
        "share of each sensor.",
    )
    _add_common(parser)
    add = parser.add_argument
    add(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out a sensor (none); may be repeated, or name several: a,b",
    )
    add(
        "--delay",
        action="append",
        default=[],
        metavar="NAME=S",
        help="let a sensor's messages arrive S seconds later (none); may be repeated",
    )
    add(
        "--swap",
        action="append",
        default=[],
        metavar="NAME=BAG",
        help="take a sensor's messages from another bag (none); may be repeated",
    )
    add("--json", type=Path, metavar="FILE", help="write all results to FILE")
    parser.set_defaults(
        run=LazyFunction("omnibind_ros.bags.run_replay", "run_replay"),
        check=_prepare,
        needs="install omnibind_ros[cpu]",
    )


def _add_report(actions: Any) -> None:
    parser = actions.add_parser(
        "report",
        help="write a page about a bag: labels, weights, gaps, and what if",
        description="Writes one HTML file, which needs no network: states of the sensors, labels, "
        "weights and latencies over time, and for each sensor what would have been said without "
        "it, with it late, and with it lying.",
    )
    _add_common(parser)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="FILE", help="the HTML file")
    add(
        "--lies",
        type=Path,
        metavar="BAG",
        help="another bag, whose sensors a lying sensor shows (another part of the same bag)",
    )
    add(
        "--workers", type=_whole, default=0, metavar="N", help="processes that compute (one a core)"
    )
    parser.set_defaults(
        run=LazyFunction("omnibind_ros.bags.run_replay", "run_report"),
        check=_prepare,
        needs="install omnibind_ros[cpu]",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "bag",
        type=Path,
        metavar="BAG",
        help="the bag's folder, or 'demo' for the one that comes with this package",
    )
    add(
        "--bundle",
        default="",
        metavar="BUNDLE",
        help="name or folder of a bundle (that of --params, else household)",
    )
    add(
        "--params",
        type=Path,
        metavar="FILE",
        help="parameter file of the node /perception (its defaults, and the sensors that the bag's "
        "labels.yaml names or that have default topics)",
    )
    add("--quiet", action="store_true", help="no progress bar")


def _prepare(_options: argparse.Namespace) -> None:
    """Limit the threads of NumPy, before it is imported: with more, results may differ by rounding.

    On a busy computer they are slower too: threads of OpenBLAS wait for each other in a loop.
    """
    limit_blas_threads()


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not in 0 .. 256")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value
