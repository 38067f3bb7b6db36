"""Say where the packages that omnibind_ros imports come from, and which come from the wrong place.

Usage: python3 tools/check_installation.py, with the Python and in the shell that will run the
nodes. The exit status is 1 if anything is wrong. Needs nothing but the standard library.
"""

from __future__ import annotations

import importlib
import os
import site
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MODULES = ("numpy", "cv2", "onnxruntime", "rclpy", "cv_bridge", "omnibind_msgs", "omnibind_ros")

OPTIONAL = frozenset({"cv_bridge"})

NUMPY_1 = frozenset({"humble", "iron", "jazzy", "kilted"})
"""Distributions on Ubuntu 22.04 and 24.04, whose compiled packages need NumPy 1 and OpenCV 4."""


class Found(NamedTuple):
    """A module.

    Attributes:
        path: Its file; empty if it cannot be imported.
        version: Its version; empty if it has none.
        error: Why it cannot be imported.
    """

    path: str
    version: str = ""
    error: str = ""


def find(name: str) -> Found:
    """Import a module, and return where it was found."""
    try:
        module = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a broken package raises at import
        return Found("", error=f"{type(error).__name__}: {error}")
    path = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [""])))
    return Found(str(path), str(getattr(module, "__version__", "")))


def problems(found: Mapping[str, Found], distribution: str, user_site: str, root: str) -> list[str]:
    """Return a sentence for each module that is missing or comes from the wrong place.

    Args:
        found: The modules by name.
        distribution: The sourced ROS 2 distribution; empty for none.
        user_site: Folder of `pip install --user`.
        root: Folder of this checkout.
    """
    said = []
    constraint = f"constraints/{distribution}.txt"
    for name, module in found.items():
        if module.error and (name not in OPTIONAL or "No module" not in module.error):
            said.append(
                f"{name} cannot be imported ({module.error}); see docs/how-to/installation.md"
            )
        elif module.path.startswith(user_site + os.sep) and distribution:
            said.append(
                f"{name} {module.version} comes from {user_site}, where it hides the system's; "
                f"remove it with `pip uninstall {name}`, and install into a virtual environment"
            )
    # The wheels of ROS are built for both versions.
    wheels = sys.prefix != sys.base_prefix and found["rclpy"].path.startswith(sys.prefix + os.sep)
    if distribution in NUMPY_1 and not wheels:
        for name, most in (("numpy", 1), ("cv2", 4)):
            version = found[name].version
            if version and int(version.split(".")[0]) > most:
                said.append(
                    f"{name} {version} comes from {found[name].path}, but the packages of ROS 2 "
                    f"{distribution} need version {most}; remove it, and install with "
                    f"`-c {constraint}`"
                )
    rclpy = found["rclpy"].path
    installed = Path(f"/opt/ros/{distribution}")
    if distribution and rclpy and installed.is_dir() and installed not in Path(rclpy).parents:
        said.append(
            f"rclpy comes from {rclpy}, not from the sourced ROS 2 {distribution}; leave the "
            "virtual environment with ROS wheels, or do not source ROS"
        )
    ours = found["omnibind_ros"].path
    if ours and not os.path.realpath(ours).startswith(os.path.realpath(root) + os.sep):
        said.append(
            f"omnibind_ros comes from {ours}, not from this checkout; source the setup of the "
            "workspace that you mean"
        )
    return said


def main() -> int:
    """Print the table and the sentences, and return the exit status."""
    found = {name: find(name) for name in MODULES}
    for name, module in found.items():
        print(f"{name:14} {module.version:12} {module.path or module.error}")
    root = str(Path(__file__).resolve().parent.parent)
    said = problems(found, os.environ.get("ROS_DISTRO", ""), site.getusersitepackages(), root)
    for sentence in said:
        print(f"check: {sentence}", file=sys.stderr)
    if not said:
        print("check: every package comes from where it should")
    return bool(said)


if __name__ == "__main__":
    raise SystemExit(main())
