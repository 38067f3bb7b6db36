"""The commands `omnibind demo` and `omnibind view`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

RUN_PHOTOGRAPHS = LazyFunction("omnibind_ros.demo.run", "run_demo")
CONNECT = LazyFunction("omnibind_ros.nodes.demo_client", "connect")
RUN_ROOM = LazyFunction("omnibind_ros.demo.room.command", "run")
CONNECT_ROOM = LazyFunction("omnibind_ros.nodes.room_client", "connect")
RUN_VIEW = LazyFunction("omnibind_ros.demo.page.run", "run_view")
VIEW_OPTIONS = LazyFunction("omnibind_ros.demo.page.run", "ViewOptions")
CONNECT_VIEW = LazyFunction("omnibind_ros.nodes.view_client", "connect")
RUN_VISIT = LazyFunction("omnibind_ros.demo.page.run", "run_visit")
NEEDS = "run `make demo`, or install omnibind_ros[demo,sim] beside ROS 2"
VIEW_NEEDS = "run `make setup` and `source env.sh`, or install omnibind_ros[demo] beside ROS 2"
MOST_PORT = 65535

PHOTOGRAPHS_DURATION = 30.0
"""Seconds."""


def add_demo(commands: Any) -> None:
    """Add `demo` to the parser of `omnibind`."""
    demo = commands.add_parser(
        "demo", help="a simulated robot with seven senses and a page, or photographs"
    )
    demo.add_argument(
        "--scene",
        choices=("room", "photos"),
        default="room",
        help="room: a simulated robot comes upon objects, shown on a page; photos: a camera shows "
        "photographs, in a terminal",
    )
    demo.add_argument(
        "--headless",
        action="store_true",
        help="room: tell a story (plugs are pulled, a sensor lies, a label is taught) and print "
        "what changed",
    )
    demo.add_argument(
        "--duration",
        type=float,
        metavar="S",
        help="length of the run (photos: 30 s; room: 60 s, on a terminal until Ctrl-C)",
    )
    demo.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    demo.add_argument(
        "--no-table", action="store_true", help="photos: print lines instead of the table"
    )
    demo.set_defaults(run=_run, needs=NEEDS)


def _run(options: argparse.Namespace) -> int:
    if options.scene == "room":
        status = RUN_ROOM(options.duration, options.headless, options.json, CONNECT_ROOM)
        if status is not None:
            return int(status)
    duration = options.duration or PHOTOGRAPHS_DURATION
    return int(RUN_PHOTOGRAPHS(duration, CONNECT, options.json, not options.no_table))


def add_view(commands: Any) -> None:
    """Add `view` to the parser of `omnibind`."""
    view = commands.add_parser("view", help="show what a robot senses on a page in the browser")
    view.add_argument(
        "--node", default="/perception", metavar="NAME", help="the perception node (/perception)"
    )
    view.add_argument(
        "--simulator",
        default="/robot_simulator",
        metavar="NAME",
        help="the node of a simulated robot, if there is one (/robot_simulator)",
    )
    view.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to serve at (127.0.0.1); any other than this computer's own needs a token, "
        "which is printed",
    )
    view.add_argument("--port", type=_port, default=8080, help="port (8080); 0: any free one")
    view.add_argument("--no-open", action="store_true", help="do not open the browser")
    view.add_argument(
        "--duration", type=_seconds, metavar="S", help="end after S seconds (when it is stopped)"
    )
    view.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write to FILE at the end how often the page was refreshed in browsers",
    )
    view.add_argument(
        "--visit",
        metavar="URL",
        help="look at the page at URL without a screen instead, for --duration (10) seconds",
    )
    view.set_defaults(run=_view, needs=VIEW_NEEDS)


def _view(options: argparse.Namespace) -> int:
    if options.visit:
        return int(RUN_VISIT(options.visit, options.duration or 10.0, options.json))
    chosen = VIEW_OPTIONS(
        node=_full(options.node),
        simulator=_full(options.simulator),
        host=options.host,
        port=options.port,
        browser=not options.no_open,
        duration=options.duration,
        json_file=options.json,
    )
    return int(RUN_VIEW(chosen, CONNECT_VIEW))


def _full(name: str) -> str:
    return "/" + name.strip("/")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_PORT:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no port: give a number from 0 to {MOST_PORT}"
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds above 0")
    return value
