"""Regenerates constraints.txt: one pin for each package, for every supported Python.

Usage: python3 tools/lock.py [--upgrade] [--ros NAME]. Without --upgrade, pins that still satisfy
requirements/*.txt stay as they are. With --ros, constraints-NAME.txt is written: the pins of the
ROS wheels of requirements/ros-NAME.txt, beside the other pins of constraints.txt.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from setup_steps import ROOT
from workspaces import REQUIREMENTS, WHEELS, Workspace, without_ros

TARGET = ROOT / "constraints.txt"
RESOLVER = "uv==0.13.9"

# Resolved for these machines only; the pins' own markers need not repeat it.
MACHINES = (
    "platform_machine == 'x86_64'",
    "platform_python_implementation == 'CPython'",
    "sys_platform == 'linux'",
    "python_full_version < '3.15'",
)

PROJECT = f"""\
[project]
name = "pins"
version = "0"
requires-python = ">=3.10"

[tool.uv]
environments = ["{" and ".join(MACHINES)}"]
"""

HEADER = """\
# Every package of requirements/*.txt and all that they need, pinned for CPython
# 3.10 to 3.14 on x86-64 Linux. Written by `make lock`; edit requirements/ instead.
"""

WHEELS_HEADER = """\
# Pins of the ROS wheels of another distribution than constraints.txt has; the other packages are
# those of constraints.txt. Written by `make lock ROS=...`; edit requirements/ instead.
"""


def tidy(line: str) -> str:
    """Return a pin without the markers that hold on every machine resolved for."""
    name, _, marker = line.partition(";")
    wanted = [part for part in marker.strip().split(" and ") if part and part not in MACHINES]
    return f"{name.strip()} ; {' and '.join(wanted)}\n" if wanted else f"{name.strip()}\n"


def resolve(files: list[Path], before: str, constraints: str = "") -> list[str] | None:
    """Return the pins of files of requirements; None if there are none that fit each other.

    Args:
        files: The requirements.
        before: Pins that stay as they are where they still fit.
        constraints: Pins that must stay as they are.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
        pins = home / "constraints.txt"
        if before:
            pins.write_text(before, encoding="utf-8")
        (home / "fixed.txt").write_text(constraints, encoding="utf-8")
        venv.create(home / "venv", with_pip=True)
        python = home / "venv" / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", RESOLVER]
        compile_pins = [
            *(str(python), "-m", "uv", "pip", "compile", "--quiet", "--universal"),
            *("--python-version", "3.10", "--no-header", "--no-annotate", "--no-emit-index-url"),
            *("--output-file", str(pins), "--constraints", "fixed.txt"),
            *map(str, files),
        ]
        for command in (pip, compile_pins):
            if subprocess.run(command, cwd=home, check=False).returncode:
                return None
        lines = pins.read_text(encoding="utf-8").splitlines()
        return [tidy(line) for line in lines if line[:1].isalnum()]


def main() -> int:
    """Resolve requirements/*.txt and write constraints.txt, or constraints-NAME.txt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument(
        "--ros", default=WHEELS[0], choices=WHEELS, help="pin the ROS wheels of this distribution"
    )
    args = parser.parse_args()

    default = args.ros == WHEELS[0]
    target = TARGET if default else ROOT / f"constraints-{args.ros}.txt"
    before = target.read_text("utf-8") if target.exists() and not args.upgrade else ""
    if default:
        files = [f for f in sorted(REQUIREMENTS.glob("*.txt")) if not f.name.startswith("ros-")]
        body = resolve(files, before)
    else:
        own = [Workspace(args.ros).requirements("ros")]
        found = resolve(own, before, without_ros(TARGET.read_text(encoding="utf-8")))
        body = found and [pin for pin in found if pin.startswith("ros-")]
    if body is None:
        return 1
    header = HEADER if default else WHEELS_HEADER
    target.write_text(header + "".join(body), encoding="utf-8")
    print(f"wrote {target.name}: {len(body)} pins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
