"""How long the report of a bag takes, and whether it is the same each time.

Usage: python3 benchmarks/bag_report.py [--bag BAG] [--runs N] [--workers N] [--json FILE]
       python3 benchmarks/bag_report.py --costs
       python3 benchmarks/bag_report.py --phases

Each run is a process of its own, start and loading of the bundle included. `other_cores` says how
many cores other programs used meanwhile: figures of a busy machine are too large. --costs measures
instead how long decoding and encoding one sample of each sensor takes in one thread
(`omnibind_ros/bags/replay/costs.py`). --phases prints the processor seconds of each part of a
report: encoding each sensor, the replay of the recording, and three answers to 'what if'.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from omnibind_ros.runtime.threads import limit_blas_threads

if __name__ == "__main__":
    limit_blas_threads()  # before NumPy is imported

from omnibind_ros.bags.replay.feed import all_of
from omnibind_ros.bags.replay.places import find_bag
from omnibind_ros.bags.replay.player import Player, at_rate
from omnibind_ros.bags.replay.senses import sense, sensed_channel
from omnibind_ros.bags.replay.sensors import read_parameters, read_recording
from omnibind_ros.bags.report.computing import WHAT_IF_RATE
from omnibind_ros.bags.report.what_if import Kind, Question, offers_for
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.runtime.recognising import Knowledge


def busy_seconds() -> float:
    """Return the processor seconds that all programs of the machine have used since its start."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Return the processor seconds of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command: list[str]) -> dict[str, float]:
    """Run a command, and return its wall-clock and processor time and what others used."""
    wall, own, whole = time.monotonic(), children_seconds(), busy_seconds()
    subprocess.run([sys.executable, "-m", "omnibind_ros.cli", *command], check=True)
    wall, own = time.monotonic() - wall, children_seconds() - own
    others = max(busy_seconds() - whole - own, 0.0)
    return {
        "s": round(wall, 2),
        "processor_s": round(own, 2),
        "other_cores": round(others / wall, 2),
    }


def measure(bag: Path, runs: int, workers: int) -> dict[str, Any]:
    """Return the figures of a bag."""
    recording = read_recording(bag, read_parameters(None)[1])
    seconds = (recording.end_ns - recording.start_ns) / 1e9
    found: dict[str, Any] = {"bag": str(bag), "seconds": round(seconds, 1), "workers": workers}
    with tempfile.TemporaryDirectory() as folder:
        for name, command, option in (
            ("replay", ["bag", "replay", str(bag)], "--json"),
            ("report", ["bag", "report", str(bag), "--workers", str(workers)], "--out"),
        ):
            rows, digests = [], set()
            for _ in range(runs):
                out = Path(folder, name)
                rows.append(timed([*command, "--quiet", option, str(out)]))
                content = out.read_bytes()
                digests.add(hashlib.sha256(content).hexdigest())
            best = min(row["s"] for row in rows)
            found[name] = {
                "runs": rows,
                "times_real_time": round(seconds / best, 2),
                "equal_bytes": len(digests) == 1 if runs > 1 else None,
                "kilobytes": round(len(content) / 1e3, 1),
            }
    return found


def costs(bag: Path) -> dict[str, float]:
    """Return the milliseconds of decoding and encoding one sample of each sensor, one thread."""
    bundle = Bundle.load(resolve_bundle("household"))
    recording = read_recording(bag, read_parameters(None)[1])
    found = {}
    for name, sensor in recording.sensors.items():
        bundle.encoder(sensor.modality)
        before = time.thread_time()
        count = sum(1 for _ in all_of(sensor, print))
        reading = time.thread_time() - before
        before = time.thread_time()
        sense(bundle, 1, sensor)
        found[name] = round(1e3 * (time.thread_time() - before - reading) / max(count, 1), 2)
    return found


def phases(bag: Path) -> dict[str, Any]:
    """Return the processor seconds of each part of a report, one after the other in one process."""
    imports, before = time.process_time(), time.process_time()
    found: dict[str, Any] = {"imports": round(imports, 2)}

    def done(name: str) -> None:
        nonlocal before
        found[name] = round(time.process_time() - before, 2)
        print(name, found[name], file=sys.stderr)
        before = time.process_time()

    config, values = read_parameters(None)
    recording = read_recording(bag, values)
    bundle = Bundle.load(resolve_bundle("household"))
    knowledge = Knowledge.load(bundle, config)
    done("bag, bundle and labels")
    senses = {}
    for name, sensor in recording.sensors.items():
        senses[name] = sense(bundle, config.threads, sensor)
        done(f"decode and encode {len(senses[name].offers)} of {name}")
    window = recording.start_ns, recording.end_ns
    questions = [Question(), *(Question("image", kind) for kind in Kind)]
    for question in questions:
        rate = WHAT_IF_RATE if question.kind else config.result_rate
        channels = [sensed_channel(name, each.sensor) for name, each in senses.items()]
        player = Player(bundle, knowledge, at_rate(config, rate), channels, *window)
        run = player.play(offers_for(question, senses, window, 30.0, {}), states=not question.kind)
        what = question.kind.value if question.kind else "recording as it is"
        done(f"replay, image {what}" if question.kind else f"replay, {what}")
        found[f"results, {what}"] = len(run.results)
    return found


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bag", type=Path, default=Path("demo"))
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--costs", action="store_true")
    parser.add_argument("--phases", action="store_true")
    options = parser.parse_args()
    bag = find_bag(options.bag)
    if options.costs or options.phases:
        found = costs(bag) if options.costs else phases(bag)
    else:
        found = measure(bag, options.runs, options.workers)
    text = json.dumps(found, indent=1)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
