"""Shows how much of each room the tests run, and ends with an error below the goals.

Usage: python3 tools/coverage_table.py FILE [--nodes]

FILE is what `coverage json` or `pytest --cov-report=json:FILE` has written, with branches.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

LINES = {
    "runtime": 95.0,
    "sensors": 95.0,
    "encoders": 95.0,
    "fusion": 95.0,
    "recognition": 95.0,
    "nodes": 88.0,
}
"""By room, percent of the lines that tests must run."""

BRANCHES = 85.0
"""Percent of the branches of each room."""

WORST = 8
"""Files that are listed."""


class Room(NamedTuple):
    """What tests run of a room.

    Attributes:
        name: Of the room.
        lines: Percent of its lines.
        branches: Percent of its branches; 100 if it has none.
    """

    name: str
    lines: float
    branches: float


def rooms(files: Mapping[str, Any]) -> Iterator[Room]:
    """Yield each room that has goals and was measured.

    Args:
        files: By path, what coverage.py says of a file: `files` of its JSON.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for path, of in files.items():
        name = _room(path)
        summary = of["summary"]
        keys = ("covered_lines", "num_statements", "covered_branches", "num_branches")
        for place, key in enumerate(keys):
            counts[name][place] += summary[key]
    for name in LINES:
        if counts[name][1]:
            lines, all_lines, branches, all_branches = counts[name]
            yield Room(name, 100 * lines / all_lines, 100 * branches / max(all_branches, 1))


def failures(found: Mapping[str, Room], names: list[str]) -> Iterator[str]:
    """Yield a sentence for each room that was not measured, or is below its goals."""
    for name in names:
        room = found.get(name)
        if room is None:
            yield f"{name} was not measured"
            continue
        of_kinds = (("lines", room.lines, LINES[name]), ("branches", room.branches, BRANCHES))
        for kind, share, goal in of_kinds:
            if share < goal:
                yield f"{name}: tests run {share:.1f}% of the {kind}, {goal:g}% are the goal"


def _room(path: str) -> str:
    parts = Path(path).parts
    place = parts.index("omnibind_ros")
    return parts[place + 1]


def _worst(files: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files with most lines that no test runs, and these lines."""
    by_missing = sorted(files.items(), key=lambda each: -len(each[1]["missing_lines"]))
    for path, of in by_missing[:WORST]:
        if of["missing_lines"]:
            lines = ", ".join(_ranges(of["missing_lines"]))
            yield f"{path}: {of['summary']['percent_covered']:.0f}%, not run: {lines}"


def _ranges(numbers: list[int]) -> Iterator[str]:
    """Yield consecutive numbers as '3-5', single ones as '7'."""
    start = last = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and number == last + 1:
            last = number
            continue
        yield str(start) if start == last else f"{start}-{last}"
        if number is not None:
            start = last = number


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="the JSON of coverage.py")
    parser.add_argument("--nodes", action="store_true", help="the nodes alone were measured")
    options = parser.parse_args()
    files = json.loads(options.file.read_text(encoding="utf-8"))["files"]
    found = {room.name: room for room in rooms(files)}
    print(f"{'room':12} {'lines':>7} {'branches':>9}")
    for room in found.values():
        print(f"{room.name:12} {room.lines:6.1f}% {room.branches:8.1f}%")
    for line in _worst(files):
        print(line)
    names = [name for name in LINES if (name == "nodes") == options.nodes]
    missed = list(failures(found, names))
    for sentence in missed:
        print(f"coverage_table.py: {sentence}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
