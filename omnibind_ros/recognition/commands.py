"""The commands `omnibind labels ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omnibind_ros.lazy import LazyFunction

DEFAULT_NODE = "perception"


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
        action.set_defaults(
            run=LazyFunction("omnibind_ros.recognition.run_labels", f"run_{name}"),
            needs="install what requirements/run.txt lists",
        )
