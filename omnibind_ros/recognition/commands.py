"""The commands `omnibind labels ...`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

DEFAULT_NODE = "perception"
RECORDINGS = {
    "list": "list the labels of recordings instead",
    "delete": "delete what recordings hold of the label as well",
}
"""What --recordings does, by action."""


def add_labels(commands: Any) -> None:
    """Add `labels` and its actions to the parser of `omnibind`."""
    labels = commands.add_parser("labels", help="list, rename and delete enrolled labels")
    actions = labels.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text, arguments in (
        ("list", "list the labels that ~/enroll has learned", ()),
        ("rename", "rename an enrolled label", ("label", "new_label")),
        ("delete", "delete an enrolled label with all of its views", ("label",)),
    ):
        action = actions.add_parser(name, help=text)
        for argument in arguments:
            action.add_argument(argument, metavar=argument.upper())
        place = action.add_mutually_exclusive_group()
        place.add_argument(
            "--folder", type=Path, metavar="DIR", help="the folder of the parameter enrolled"
        )
        place.add_argument(
            "--node",
            default=DEFAULT_NODE,
            metavar="NAME",
            help=f"the node whose default folder is meant, with its namespace ({DEFAULT_NODE})",
        )
        if name != "rename":
            action.add_argument(
                "--recordings",
                nargs="?",
                const="",
                metavar="DIR",
                help=f"{RECORDINGS[name]}: a bag or a folder of bags (the node's own)",
            )
        action.set_defaults(
            run=_runner(name),
            needs="install what requirements/run.txt lists",
        )


def _runner(name: str) -> Callable[[argparse.Namespace], int]:
    """Return what runs an action: on the enrolled labels, or with --recordings on these too."""

    def run(options: argparse.Namespace) -> int:
        recordings = getattr(options, "recordings", None) is not None
        module = "bags.run_recordings" if recordings else "recognition.run_labels"
        return int(LazyFunction(f"omnibind_ros.{module}", f"run_{name}")(options))

    return run
