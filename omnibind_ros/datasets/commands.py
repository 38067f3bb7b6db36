"""The commands `omnibind dataset ...`.

Each command is a module with `add_arguments(parser)` and `run(options)`. It is imported when the
command is used, because these modules and their libraries take seconds to import.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

NEEDS = "install omnibind_ros[sim]"


class LateParser(argparse.ArgumentParser):
    """A parser that imports the module of its command, and gets its arguments, when it is used."""

    def __init__(self, *args: Any, module: str = "", **more: Any) -> None:
        """Take the arguments of ArgumentParser, and the module below `omnibind_ros.datasets`."""
        super().__init__(*args, **more)
        self._module = module

    def fill(self) -> None:
        """Add the arguments, unless that is done already.

        Raises:
            ImportError: A package of the extra `sim` is missing.
        """
        name, self._module = self._module, ""
        if name:
            command = importlib.import_module(f"omnibind_ros.datasets.{name}")
            command.add_arguments(self)
            self.set_defaults(run=command.run, needs=NEEDS)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments, then parse; end with a sentence where a package is missing."""
        try:
            self.fill()
        except ImportError as error:
            self.exit(1, f"{self.prog}: the Python module {error.name} is missing: {NEEDS}.\n")
        return super().parse_known_args(args, namespace)


def add_dataset(commands: Any) -> None:
    """Add `dataset` and its actions to the parser of `omnibind`."""
    dataset = commands.add_parser("dataset", help="build, combine and inspect datasets")
    actions = dataset.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=LateParser
    )
    build = actions.add_parser("build", help="build a dataset, or resume an interrupted build")
    sets = build.add_subparsers(dest="set", metavar="SET", required=True, parser_class=LateParser)
    sets.add_parser("digits", help="recorded digits in four modalities", module="digits.command")
    sets.add_parser(
        "household", help="object models in simulated modalities", module="household.command"
    )
    actions.add_parser(
        "combine",
        help="combine datasets by the meaning of their labels",
        module="combining.command",
    )
    actions.add_parser(
        "inspect", help="count a dataset and draw its contact sheet", module="inspection.command"
    )
