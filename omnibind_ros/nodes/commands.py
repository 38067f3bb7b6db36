"""The commands of the nodes: `omnibind run`."""

from __future__ import annotations

import argparse
from typing import Any

from omnibind_ros.lazy import LazyFunction

NEEDS = "run `make setup` and `source env.sh`, or source ROS 2 and its workspace"


def add_run(commands: Any) -> None:
    """Add `run` to the parser of `omnibind`."""
    run = commands.add_parser(
        "run",
        help="run the perception node, with the arguments of perception.launch.py",
        description="Runs the perception node in this process until Ctrl-C, with the arguments of "
        "launch/perception.launch.py, also where there is no `ros2 launch`. It sets the Fast DDS "
        "profile of the package, unless a profile is set.",
        epilog="For example: omnibind run config:=sensors.yaml image:=/camera/image_raw",
    )
    run.add_argument(
        "arguments",
        nargs="*",
        metavar="NAME:=VALUE",
        help="arguments of the launch file, such as image:=/camera/image_raw; --list prints them",
    )
    run.add_argument("--list", action="store_true", help="print the arguments and end")
    run.add_argument(
        "--ros-args",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="ARG",
        help="ROS arguments for the node, such as -p top_k:=3 or -r image:=/eye; the last option",
    )
    run.set_defaults(
        run=LazyFunction("omnibind_ros.nodes.run", "run_perception"),
        check=LazyFunction("omnibind_ros.runtime.launch_command", "check"),
        needs=NEEDS,
    )
