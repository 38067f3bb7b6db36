"""How long a build takes on processes of this machine and on workers of a Dask scheduler.

Usage: python3 benchmarks/cluster.py --furniture DIR [--samples 128] [--most 2] [--json FILE]

Builds --samples samples of the household set, in shards of 16, on 1 to --most processes and on as
many Dask workers; scheduler and workers are started here, and their start counts. All datasets must
have the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.datasets.household.plan import plan_household
from omnibind_ros.simulation.objects.catalogue import read_catalogue

SHARD = 16


class Cost(NamedTuple):
    """Seconds by the clock, and of processors in this process and those that it has ended."""

    seconds: float
    processor: float

    @classmethod
    def now(cls) -> Cost:
        """Return what was spent until now."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.monotonic(), sum(each.ru_utime + each.ru_stime for each in used))

    def since(self, before: Cost) -> Cost:
        """Return what was spent since then."""
        seconds, processor = self.seconds - before.seconds, self.processor - before.processor
        return Cost(round(seconds, 1), round(processor, 1))


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Run a scheduler and workers; yield the scheduler's address."""
    folder.mkdir()
    place = folder / "scheduler.json"
    options = ["--scheduler-file", str(place), "--no-dashboard"]
    worker = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0"],
        *[["worker", *worker]] * workers,
    ]
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as log:
        try:
            for kind, *rest in commands:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, *rest],
                        cwd=folder,
                        stdout=log,
                        stderr=log,
                    )
                )
                while not place.is_file():
                    time.sleep(0.05)
            yield str(json.loads(place.read_text())["address"])
        finally:
            for process in started:
                process.kill()
                process.wait()


def digest(folder: Path) -> str:
    """Return a hash of all files of a dataset."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def main() -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--furniture", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--most", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    plan = plan_household(options.samples, 0, read_catalogue(options.furniture))
    figures: dict[str, dict[int, Cost]] = {"processes": {}, "dask": {}}
    digests = set()
    with tempfile.TemporaryDirectory() as name:
        for count in range(1, options.most + 1):
            out, before = Path(name, f"processes{count}"), Cost.now()
            build_dataset(plan, out, workers=count, shard_size=SHARD)
            for process in multiprocessing.active_children():
                process.join()  # so that their processor time is counted
            figures["processes"][count] = Cost.now().since(before)
            digests.add(digest(out))
            out, before = Path(name, f"dask{count}"), Cost.now()
            with (
                cluster(Path(name, f"cluster{count}"), count) as address,
                chosen_workers(0, address, Path(name)) as workers,
            ):
                build_dataset(plan, out, workers=workers, shard_size=SHARD)
            figures["dask"][count] = Cost.now().since(before)
            digests.add(digest(out))
            for kind, costs in figures.items():
                seconds, processor = costs[count]
                print(
                    f"{count} {kind}: {seconds:.1f} s, {processor:.1f} s of processor", flush=True
                )
    same = len(digests) == 1
    print(f"load {os.getloadavg()[0]:.1f}; the bytes are {'the same' if same else 'NOT the same'}")
    if options.json:
        options.json.write_text(json.dumps(figures | {"same_bytes": same}, indent=1) + "\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
