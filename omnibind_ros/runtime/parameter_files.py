"""The parameter files on a node's command line that do not reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from .launch_plan import LaunchError, NotReachedError, parameters_of


def parameter_files(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the files that follow `--params-file` in the ROS arguments of a command line.

    Args:
        arguments: The command line; ROS arguments lie between `--ros-args` and `--`.
    """
    of_ros = False
    for argument, following in pairwise([*arguments, ""]):
        if argument in ("--ros-args", "--"):
            of_ros = argument == "--ros-args"
        elif of_ros and argument == "--params-file" and following:
            yield Path(following)


def why_unreached(arguments: Sequence[str], node: str) -> list[str]:
    """Return one sentence for each parameter file without a key for a node.

    A file that cannot be read again, such as a pipe, is left out: ROS has read it.

    Args:
        arguments: The command line that the node was started with.
        node: Full name of the node, after remapping.
    """
    problems = []
    for file in parameter_files(arguments):
        try:
            parameters_of(file, node)
        except NotReachedError as error:
            problems.append(str(error))
        except LaunchError:  # ROS refuses a file that is wrong when the node starts
            continue
    return problems
