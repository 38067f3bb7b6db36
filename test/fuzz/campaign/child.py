"""One target in a process of its own, led by coverage: `run.py` starts it.

Python raises what a target raises; that is written down once for each place, and the campaign goes
on. What ends the process (a fault in a library, the limit of memory, a hang) is seen by `run.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "test" / "support"), str(HERE.parent)]

SLOW = 1.0
"""Seconds of processor time from which an input is a finding."""

SPARE = 1 << 30
"""Bytes of address space that a target may take beside what it has when it begins."""

KEPT = 40
"""Findings of different places that are kept at most."""


class Tally:
    """Counts inputs and writes down what is found, so that nothing is lost if the process ends."""

    def __init__(self, folder: Path, run: Any) -> None:
        """Create it.

        Args:
            folder: Gets `status.json` and the findings.
            run: The target's function.
        """
        self._folder = folder
        self._run = run
        self._begun = time.monotonic()
        self._written = self._begun
        self._places: set[str] = set()
        self.inputs = 0
        self.raised = 0
        self.slowest = 0.0

    def __call__(self, data: bytes) -> None:
        """Try an input."""
        before = time.thread_time()
        try:
            self._run(data)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self._found(data, error)
        taken = time.thread_time() - before
        self.inputs += 1
        if taken > self.slowest:
            self.slowest = taken
            if taken > 0.1:
                self._keep(data, "slow" if taken > SLOW else "slowest", f"{taken:.2f} s")
        if self.inputs % 128 == 0 and time.monotonic() - self._written > 2:
            self.write()

    def _found(self, data: bytes, error: Exception) -> None:
        self.raised += 1
        frames = traceback.extract_tb(error.__traceback__)
        ours = [one for one in frames if "omnibind_ros" in one.filename] or frames
        cause = error.__cause__ or error.__context__
        place = f"{type(error).__name__} {ours[-1].filename}:{ours[-1].lineno} {type(cause)}"
        if place not in self._places and len(self._places) < KEPT:
            self._places.add(place)
            text = "".join(traceback.format_exception(error))
            self._keep(data, f"raised-{hashlib.sha256(place.encode()).hexdigest()[:8]}", text)

    def _keep(self, data: bytes, name: str, text: str) -> None:
        (self._folder / f"{name}.input").write_bytes(data)
        (self._folder / f"{name}.txt").write_text(text, encoding="utf-8", errors="replace")

    def write(self) -> None:
        """Write `status.json`."""
        self._written = time.monotonic()
        status = {
            "inputs": self.inputs,
            "seconds": round(self._written - self._begun, 2),
            "raised": self.raised,
            "slowest_s": round(self.slowest, 3),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        (self._folder / "status.json").write_text(json.dumps(status))


def limit_memory() -> None:
    """Let the process take `SPARE` bytes more than it has."""
    text = Path("/proc/self/statm").read_text()
    have = int(text.split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (have + SPARE, have + SPARE))


def main() -> None:
    """Run a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", type=Path, help="run this input alone")
    args = parser.parse_args()

    import atheris  # noqa: PLC0415 - --help works without it

    from campaign import targets  # noqa: PLC0415 - the path is set above

    with atheris.instrument_imports(include=["omnibind_ros"]):
        target = targets.load(args.name)
    if args.again is not None:
        begun = time.process_time()
        target.run(args.again.read_bytes())
        print(f"{time.process_time() - begun:.3f} s")
        return
    corpus = args.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    tally = Tally(args.folder, target.run)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
        tally(seed)  # whatever is imported late is imported before memory is limited
    limit_memory()
    options = [
        f"-runs={args.runs}",
        f"-max_total_time={args.seconds}",
        f"-max_len={target.longest}",
        f"-seed={args.seed}",
        f"-artifact_prefix={args.folder}/ended-",
        *("-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=0"),
        str(corpus),
    ]

    def one_input(data: bytes) -> None:
        tally(data)
        if tally.inputs >= args.runs:
            tally.write()

    atheris.Setup([sys.argv[0], *options], one_input)
    try:
        atheris.Fuzz()
    finally:
        tally.write()


if __name__ == "__main__":
    main()
