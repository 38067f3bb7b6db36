"""What `omnibind run` starts, without ROS: the node's command line and other programs."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from .launch_arguments import PERCEPTION, read_arguments
from .launch_plan import LaunchError, boolean, overrides

NODE = "perception"


def check(options: argparse.Namespace) -> None:
    """Check the arguments of `omnibind run`, before anything is imported that is slow.

    Args:
        options: Its `arguments`.

    Raises:
        LaunchError: They cannot be used.
    """
    given = read_arguments(options.arguments)
    programs(given, Path())


def full_name(namespace: str, name: str = NODE) -> str:
    """Return the full name of a node."""
    return "/".join(["", *filter(None, namespace.strip("/").split("/")), name])


def node_arguments(given: Mapping[str, str], file: Path, folder: Path) -> list[str]:
    """Return the ROS arguments with which the perception node is started.

    Args:
        given: The launch arguments, see `read_arguments`.
        file: The parameter file.
        folder: Takes a second parameter file with what the arguments set over the first.

    Raises:
        LaunchError: The file or an argument cannot be used.
    """
    node = full_name(given["namespace"])
    arguments = ["--ros-args", "--params-file", str(file), "--log-level", given["log_level"]]
    namespace = node.rpartition("/")[0]
    if namespace:
        arguments += ["-r", f"__ns:={namespace}"]
    found = overrides(file, node, given)
    if found:
        # A key that is the node's full name wins over any other key of the first file.
        over = folder / "arguments.yaml"
        over.write_text(yaml.safe_dump({node: {"ros__parameters": found}}), encoding="utf-8")
        arguments += ["--params-file", str(over)]
    return arguments


def programs(given: Mapping[str, str], view: Path) -> list[list[str]]:
    """Return the command lines of the other programs that the arguments ask for.

    Args:
        given: The launch arguments.
        view: The file that rviz shows.

    Raises:
        LaunchError: One of them is not installed.
    """
    namespace = full_name(given["namespace"]).rpartition("/")[0] or "/"
    ros = ["--ros-args", "-r", f"__ns:={namespace}"]
    found = []
    if boolean("overlay", given["overlay"]):
        found.append([_ros2("overlay"), "run", "rqt_image_view", "rqt_image_view"])
        found[-1] += ["perception/overlay", *ros]
    if boolean("rviz", given["rviz"]):
        found.append([_program("rviz2", "rviz"), "-d", str(view), *ros])
    return found


def _program(name: str, argument: str) -> str:
    path = shutil.which(name)
    if path is None:
        distribution = os.environ.get("ROS_DISTRO", "DISTRIBUTION")
        raise LaunchError(
            f"{argument}:=true needs {name}, which is not on the path; install "
            f"ros-{distribution}-{name} and source it, or leave out {argument}"
        )
    return path


def _ros2(argument: str) -> str:
    path = shutil.which("ros2")
    if path is None:
        raise LaunchError(
            f"{argument}:=true needs ros2 and rqt_image_view, which are not on the path; source a "
            f"full ROS 2, or leave out {argument}"
        )
    return path


def listing() -> str:
    """Return the arguments with their defaults, one a line."""
    return "\n".join(
        f"{argument.name}:={argument.default}\n    {argument.description}"
        for argument in PERCEPTION
    )
