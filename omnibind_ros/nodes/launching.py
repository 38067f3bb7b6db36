"""What the launch files share. Imported by them alone, as only they need launch and launch_ros."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import LogInfo, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

from omnibind_ros.runtime.launch_plan import LaunchError, overrides, unknown_arguments
from omnibind_ros.runtime.middleware import profile_variables

SHARE = FindPackageShare("omnibind_ros")


def fast_dds_profile() -> list[Any]:
    """Return the actions that set the Fast DDS profile; a profile of the user's own wins.

    Without it Fast DDS drops most large messages.
    """
    profile = PathJoinSubstitution([SHARE, "config", "fastdds.xml"])
    return [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
        for name in profile_variables(os.environ)
    ]


def parameters(context: Any, node: str, config: str = "config") -> list[Any]:
    """Return the parameters of a node: its file, and over it the arguments that are given.

    Args:
        context: The launch context.
        node: Full name of the node.
        config: Name of the argument with the parameter file.

    Raises:
        LaunchError: The file or an argument cannot be used.
    """
    given = context.launch_configurations
    file = Path(given[config]).expanduser()
    return [str(file), overrides(file, node, given)]


def require(package: str, argument: str) -> None:
    """Check that a program's package is installed.

    Raises:
        LaunchError: It is not.
    """
    try:
        get_package_prefix(package)
    except (PackageNotFoundError, LookupError) as error:
        distribution = os.environ.get("ROS_DISTRO", "DISTRIBUTION")
        raise LaunchError(
            f"{argument}:=true needs {package}, which is not installed; install "
            f"ros-{distribution}-{package.replace('_', '-')}, or leave out {argument}"
        ) from error


def warn_of_unknown(context: Any, declared: Sequence[str]) -> list[Any]:
    """Return actions that log each argument on the command line that does not exist."""
    names = [text.split(":=")[0] for text in context.argv if ":=" in text]
    return [LogInfo(msg=problem) for problem in unknown_arguments(names, declared)]
