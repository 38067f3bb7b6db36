"""Campaigns of random inputs that are led by coverage, one process a target (docs/reliability.md).

It goes on where it was ended. Findings are in FOLDER/TARGET: an input, and what it caused.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from campaign import targets  # noqa: E402 - the path is set above

MOST_STARTS = 12
"""Starts of a target's process, after which a target that ends it each time is given up."""

PER_PROCESS = 250_000
"""Inputs of one process: atheris's instrumentation keeps up to 1.2 kB an input of some code that
keeps nothing without it, so that a million of them would reach the limit of memory."""

NOTHING = {
    "inputs": 0,
    "seconds": 0.0,
    "raised": 0,
    "slowest_s": 0.0,
    "peak_mb": 0,
    "ended": 0,
    "starts": 0,
}


def joined(before: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a target after one more process."""
    most = {name: max(before[name], status.get(name, 0)) for name in ("slowest_s", "peak_mb")}
    sums = {name: before[name] + status.get(name, 0) for name in ("inputs", "seconds", "raised")}
    return {**before, **most, **sums, "seconds": round(sums["seconds"], 1)}


def counted(figures: dict[str, Any], status: Path) -> dict[str, Any]:
    """Return the figures with what a process has written down, once: the file is deleted."""
    if not status.exists():
        return figures
    try:
        done = json.loads(status.read_text())
    except ValueError:  # the process was killed while it wrote
        done = {}
    status.unlink()
    return joined(figures, done)


def one_target(name: str, folder: Path, wanted: int, seconds: int) -> dict[str, Any]:
    """Run a target until it has had its inputs or its time, and return its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.json"
    figures = {**NOTHING, **(json.loads(state.read_text()) if state.exists() else {})}
    status = folder / "status.json"
    figures = counted(figures, status)  # of a campaign that was ended by hand
    until = time.monotonic() + seconds
    while figures["inputs"] < wanted and time.monotonic() < until:
        runs = min(wanted - figures["inputs"], PER_PROCESS)
        left = {"runs": runs, "seconds": int(until - time.monotonic()) + 1}
        figures["starts"] += 1
        command = [sys.executable, str(HERE / "child.py"), name, str(folder)]
        command += [f"--{key}={value}" for key, value in left.items()]
        command += [f"--seed={figures['starts']}"]
        before = figures["inputs"]
        ended = set(folder.glob("ended-*"))
        with (folder / "log.txt").open("ab") as log:
            code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
        figures = counted(figures, status)
        figures["ended"] += len(set(folder.glob("ended-*")) - ended) or bool(code)
        state.write_text(json.dumps(figures))
        if code and (figures["inputs"] == before or figures["starts"] >= MOST_STARTS):
            break
    return figures


def findings(folder: Path) -> list[str]:
    """Return the names of what was found."""
    kinds = ("raised-*.input", "slow.input", "ended-*")
    return sorted(file.name for kind in kinds for file in folder.glob(kind))


def row(name: str, figures: dict[str, Any], found: int) -> str:
    """Return a line of the table."""
    rate = figures["inputs"] / figures["seconds"] if figures["seconds"] else 0.0
    return (
        f"{name:28s} {figures['inputs']:>9d} {figures['seconds']:>8.0f} s {rate:>8.0f}/s "
        f"{found:>3d} found {figures['slowest_s'] * 1e3:>7.1f} ms {figures['peak_mb']:>5d} MB"
    )


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="families or FAMILY.TARGET; without: all")
    parser.add_argument("--runs", type=int, default=0, help="inputs of each; 0: as documented")
    parser.add_argument("--seconds", type=int, default=1800, help="time of each at most")
    parser.add_argument("--folder", type=Path, default=HERE.parents[2] / "build" / "fuzz")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(arguments)


def main() -> int:
    """Run the campaigns, print a line for each target, and return 1 if anything was found."""
    args = parsed()
    try:
        wanted = targets.names(args.targets)
    except ValueError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    if importlib.util.find_spec("atheris") is None:
        print(
            "fuzz: atheris is missing: pip install -c constraints.txt -r requirements/fuzz.txt "
            "(it has wheels for Linux on x86-64)",
            file=sys.stderr,
        )
        return 2
    results = {}
    for name in wanted:
        folder = args.folder / name
        asked = args.runs or targets.inputs_asked(name)
        figures = one_target(name, folder, asked, args.seconds)
        found = findings(folder)
        print(row(name, figures, len(found)), flush=True)
        results[name] = {**figures, "asked": asked, "found": found}
        if args.json is not None:
            args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    short = [name for name, one in results.items() if one["inputs"] < one["asked"]]
    total = sum(one["inputs"] for one in results.values())
    print(f"{total} inputs, {sum(len(one['found']) for one in results.values())} findings")
    if short:
        print(f"not all inputs yet: {', '.join(short)}; run it again to go on")
    return int(any(one["found"] for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
