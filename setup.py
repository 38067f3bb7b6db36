"""Builds the ROS 2 package omnibind_ros."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from setuptools import find_packages, setup

NAME = "omnibind_ros"
# The extras, each a file in requirements/.
GROUPS = (
    *("cpu", "gpu", "mic", "demo", "dev", "bench", "docs", "sim", "train", "cluster"),
    *("teachers-transformers", "teachers-openclip"),
)
# colcon's symlinked builds run a link to this file from another folder.
ROOT = Path(__file__).resolve().parent
# Relative names: setuptools wants them, and colcon runs this file beside the data.
HERE = Path()


def requirements(group: str) -> list[str]:
    """Return the requirements listed in requirements/GROUP.txt."""
    lines = (ROOT / "requirements" / f"{group}.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def version() -> str:
    """Return the version in package.xml, the only place where it is written."""
    return str(ET.parse(ROOT / "package.xml").findtext("version"))  # noqa: S314 - its own file


def share(folder: str, pattern: str = "**/*") -> list[tuple[str, list[str]]]:
    """Return data_files entries that lay a folder's files, tree and all, under share/."""
    found: dict[str, list[str]] = {}
    for file in sorted((HERE / folder).glob(pattern)):
        if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in file.parts):
            found.setdefault(f"share/{NAME}/{file.parent.as_posix()}", []).append(file.as_posix())
    return list(found.items())


setup(
    name=NAME,
    version=version(),
    description="One sense out of many: multi-modal perception for ROS 2",
    license="Apache-2.0",
    maintainer="omnibind_ros maintainers",
    maintainer_email="maintainers@omnibind-ros.invalid",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "**/*.yaml", "demo/page/*.js", "demo/page/*.css"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        # The environment hook puts install/omnibind_ros/bin on PATH.
        ("bin", ["bin/omnibind"]),
        *share("launch", "**/*.launch.py"),
        *share("config"),
        *share("models"),
        *share("objects"),
        *share("sample_bags"),
    ],
    entry_points={
        # setup.cfg lays these in lib/omnibind_ros, where `ros2 run` looks.
        "console_scripts": [
            f"audio_capture_node = {NAME}.nodes.audio_capture_node:main",
            f"encoder_node = {NAME}.nodes.encoder_node:main",
            f"perception_node = {NAME}.nodes.perception_node:main",
            f"picture_camera_node = {NAME}.nodes.picture_camera_node:main",
            f"robot_simulator_node = {NAME}.nodes.robot_simulator_node:main",
        ],
    },
    python_requires=">=3.10",
    install_requires=["setuptools", *requirements("run")],
    # An environment takes exactly one of cpu and gpu, e.g. `pip install '.[gpu]'`:
    # onnxruntime and onnxruntime-gpu install the same module over each other.
    # colcon takes pytest as the test runner where an extra called test asks for it.
    extras_require={
        "test": ["pytest"],
        **{group: requirements(group) for group in GROUPS},
    },
    zip_safe=True,
)
