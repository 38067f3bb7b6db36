"""The command `omnibind`.

Each room declares its commands in its `commands.py`; the function that runs a command is imported
when the command is given (`LazyFunction`). A command's parser sets `run`, which takes the options
and returns the exit status, and `needs`, a sentence on what to install where a module is missing.
It may set `check`, which checks the options before the slow imports of `run`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from omnibind_ros import __version__
from omnibind_ros.bags.commands import add_bag
from omnibind_ros.datasets.commands import add_dataset
from omnibind_ros.demo.commands import add_demo, add_view
from omnibind_ros.doctor.commands import add_doctor
from omnibind_ros.evaluation.commands import add_evaluation
from omnibind_ros.export.adapt_command import add_adapt
from omnibind_ros.export.bundle_commands import add_bundle
from omnibind_ros.export.commands import add_export
from omnibind_ros.files.commands import add_embed, add_recognise
from omnibind_ros.lazy import LazyFunction
from omnibind_ros.learning.commands import add_train
from omnibind_ros.nodes.commands import add_run
from omnibind_ros.recognition.commands import add_labels


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: What was typed after `omnibind`; None for this process's own.
    """
    options = make_parser().parse_args(arguments)
    try:
        if hasattr(options, "check"):
            options.check(options)
        run = options.run.load() if isinstance(options.run, LazyFunction) else options.run
        return int(run(options))
    except KeyboardInterrupt:
        return 130
    except ImportError as error:
        missing = error.name or str(error)
        return _fail(options, f"the Python module {missing} is missing: {options.needs}.")
    except (OSError, RuntimeError, ValueError) as error:
        return _fail(options, " ".join(str(error).split()) or type(error).__name__)


def _fail(options: argparse.Namespace, sentence: str) -> int:
    print(f"omnibind {options.command}: {sentence}", file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `omnibind` and all its commands."""
    parser = argparse.ArgumentParser(
        prog="omnibind",
        description="Multi-modal perception for ROS 2.",
    )
    parser.add_argument("--version", action="version", version=f"omnibind {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_demo(commands)
    add_run(commands)
    add_doctor(commands)
    add_view(commands)
    add_recognise(commands)
    add_embed(commands)
    add_bundle(commands)
    add_dataset(commands)
    add_bag(commands)
    add_train(commands)
    add_export(commands)
    add_adapt(commands)
    add_evaluation(commands)
    add_labels(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
