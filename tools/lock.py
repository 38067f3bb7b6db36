"""Regenerates constraints.txt: one pin for each package, for every supported Python.

Usage: python3 tools/lock.py [--upgrade]. Without --upgrade, pins that still satisfy
requirements/*.txt stay as they are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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


def tidy(line: str) -> str:
    """Return a pin without the markers that hold on every machine resolved for."""
    name, _, marker = line.partition(";")
    wanted = [part for part in marker.strip().split(" and ") if part and part not in MACHINES]
    return f"{name.strip()} ; {' and '.join(wanted)}\n" if wanted else f"{name.strip()}\n"


def main() -> int:
    """Resolve requirements/*.txt and write constraints.txt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args().upgrade

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
        pins = home / "constraints.txt"
        if TARGET.exists() and not upgrade:
            pins.write_bytes(TARGET.read_bytes())
        venv.create(home / "venv", with_pip=True)
        python = home / "venv" / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", RESOLVER]
        resolve = [
            *(str(python), "-m", "uv", "pip", "compile", "--quiet", "--universal"),
            *("--python-version", "3.10", "--no-header", "--no-annotate", "--no-emit-index-url"),
            *("--output-file", str(pins)),
            *map(str, sorted((ROOT / "requirements").glob("*.txt"))),
        ]
        for command in (pip, resolve):
            done = subprocess.run(command, cwd=home, check=False)
            if done.returncode:
                return done.returncode
        lines = pins.read_text(encoding="utf-8").splitlines()
        body = [tidy(line) for line in lines if line[:1].isalnum()]
        TARGET.write_text(HEADER + "".join(body), encoding="utf-8")
    print(f"wrote {TARGET.name}: {len(body)} pins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
