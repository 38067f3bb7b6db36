"""Where the packages and builds of each ROS 2 distribution's wheels are in this workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from setup_steps import ROOT

REQUIREMENTS = ROOT / "requirements"
WHEELS = ("jazzy", "kilted")
"""Distributions that there are wheels of; the first is the default."""


@dataclass(frozen=True)
class Workspace:
    """Where the packages and builds of a distribution's wheels are.

    Attributes:
        wheels: The distribution, one of WHEELS.
    """

    wheels: str = WHEELS[0]

    def _folder(self, name: str) -> Path:
        return ROOT / (name if self.wheels == WHEELS[0] else f"{name}-{self.wheels}")

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self._folder(".venv")

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def build(self) -> Path:
        """What colcon builds in."""
        return self._folder("build")

    @property
    def install(self) -> Path:
        """What colcon installs into."""
        return self._folder("install")

    def requirements(self, group: str) -> Path:
        """Return the file of a group of requirements."""
        own = group == "ros" and self.wheels != WHEELS[0]
        return REQUIREMENTS / f"{group}{f'-{self.wheels}' if own else ''}.txt"

    @property
    def pins(self) -> list[Path]:
        """The files of pins; the pins of ROS wheels in a later one replace those of the first."""
        own = [] if self.wheels == WHEELS[0] else [ROOT / f"constraints-{self.wheels}.txt"]
        return [ROOT / "constraints.txt", *own]

    def constraints(self) -> list[object]:
        """Return pip's options for the pins."""
        first, *own = self.pins
        if own:  # constraints.txt has the default distribution's versions of the same wheels
            first = self.venv / "constraints.txt"
            first.write_text(without_ros(self.pins[0].read_text(encoding="utf-8")), "utf-8")
        return [option for file in (first, *own) for option in ("-c", file)]


def without_ros(pins: str) -> str:
    """Return a file of pins without those of ROS wheels, and without their hashes."""
    return re.sub(r"(?m)^ros-.*\n(?:[ \t].*\n)*", "", pins)
