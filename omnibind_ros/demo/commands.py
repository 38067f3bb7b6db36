"""The command `omnibind demo`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

RUN_DEMO = LazyFunction("omnibind_ros.demo.run", "run_demo")
CONNECT = LazyFunction("omnibind_ros.nodes.demo_client", "connect")
NEEDS = "run `make setup` and `source env.sh`, or install omnibind_ros[demo] beside ROS 2"


def add_demo(commands: Any) -> None:
    """Add `demo` to the parser of `omnibind`."""
    demo = commands.add_parser("demo", help="recognise photographs over real ROS topics")
    demo.add_argument(
        "--duration", type=float, default=30.0, metavar="S", help="length of the run (30 s)"
    )
    demo.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    demo.add_argument("--no-table", action="store_true", help="print lines instead of the table")
    demo.set_defaults(run=_run, needs=NEEDS)


def _run(options: argparse.Namespace) -> int:
    return int(RUN_DEMO(options.duration, CONNECT, options.json, not options.no_table))
