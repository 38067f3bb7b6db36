"""Where recordings are kept if no folder is named."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from .errors import RecordingError


def recordings_folder(node: str) -> Path:
    """Return the folder of a node's recordings, under ROS_HOME (~/.ros where it is not set).

    Args:
        node: Name of the node with its namespace, such as /robot/perception.

    Raises:
        RecordingError: The user has no home folder.
    """
    home = os.environ.get("ROS_HOME") or "~/.ros"
    value = str(Path(home, "omnibind_ros", "recordings", node.strip("/")))
    path = os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser raises in more ways
    if path.startswith("~"):
        raise RecordingError(
            "this user has no home folder to keep recordings in; name a folder with --out"
        )
    return Path(path).absolute()


def new_recording(node: str, now: datetime) -> Path:
    """Return the folder of a new recording of a node, named after the time."""
    return recordings_folder(node) / now.strftime("%Y-%m-%d-%H-%M-%S")
