"""What a simulated sample costs, sensor by sensor, and how fast the simulator runs live.

Usage: python3 benchmarks/simulator.py [--catalogue DIR] [--objects 12] [--json FILE]

Times are CPU times of this process with one thread, so that a busy machine changes them little: a
sample that takes 0.2 s of it is taken in 0.2 s by one core.
"""

# ruff: noqa: E402 - the number of threads is read when NumPy is imported

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.language.descriptions import Description
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.objects.meshes import load_entry
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.simulator import Simulator

DESCRIPTION = Description(
    kind="thing",
    parts=("several parts", "an outside"),
    place=("somewhere in the house", "out of doors"),
    use=("help people", "be looked at"),
    sounds=("fan", "clock"),
)
"""The cost does not depend on what is said, so one description does for all."""


def orbit(simulator: Simulator, second: float) -> View:
    """Return where a robot is that drives around the object at half a metre a second."""
    size = float(np.linalg.norm(simulator.subject.model.size))
    reach, middle = 1.3 * size + 0.3, float(simulator.subject.model.size[2]) / 2
    angle = 0.5 / reach * second
    place = (reach * math.cos(angle), reach * math.sin(angle), middle + 0.3 * reach)
    return View(place, (0.0, 0.0, middle), 50.0)


def bulk(simulators: list[Simulator]) -> dict[str, float]:
    """Return the CPU time in ms of each sensor alone, of none, and of a whole sample."""
    spent: dict[str, float] = {}
    cases = {"shared": (), **{name: (name,) for name in MODALITIES}, "sample": tuple(MODALITIES)}
    for name, modalities in cases.items():
        begun = time.process_time()
        for number, simulator in enumerate(simulators):
            simulator.sample(np.random.default_rng(number), modalities)
        spent[name] = (time.process_time() - begun) / len(simulators) * 1e3
    return {
        name: max(value - (spent["shared"] if name in MODALITIES else 0), 0)
        for name, value in spent.items()
    }


def live(simulators: list[Simulator], calls: int) -> list[float]:
    """Return the CPU time in s of each call of `render`, at 10 Hz along an orbit."""
    spent = []
    for simulator in simulators:
        simulator.render(orbit(simulator, 0.0), 0.0)
        for number in range(1, calls + 1):
            second = number / 10
            begun = time.process_time()
            simulator.render(orbit(simulator, second), second)
            spent.append(time.process_time() - begun)
    return spent


def main() -> None:
    """Print a table, and write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", type=Path, help="folder of .sh3f files (else fetched)")
    parser.add_argument("--objects", type=int, default=12)
    parser.add_argument("--calls", type=int, default=40, help="live calls an object")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    entries = read_catalogue(options.catalogue or fetch()).entries
    chosen = entries[:: max(len(entries) // options.objects, 1)][: options.objects]
    simulators = [Simulator(load_entry(entry), "thing", DESCRIPTION) for entry in chosen]
    for simulator in simulators:
        simulator.sample(np.random.default_rng(0))  # patterns and code are warm
    costs, calls = bulk(simulators), live(simulators, options.calls)
    figures = {
        "objects": len(simulators),
        "sensor_ms": {name: round(costs[name], 1) for name in MODALITIES},
        "shared_ms": round(costs["shared"], 1),
        "sample_ms": round(costs["sample"], 1),
        "samples_per_s": round(1e3 / costs["sample"], 2),
        "live_hz": round(1 / float(np.mean(calls)), 1),
        "live_ms_p95": round(float(np.percentile(calls, 95)) * 1e3, 1),
    }
    table = Table("what", "ms on one core", title=f"{len(simulators)} objects")
    for name, value in costs.items():
        table.add_row(name, f"{value:.1f}")
    Console().print(table)
    print(
        f"{figures['samples_per_s']} samples/s; live {figures['live_hz']} Hz on average, "
        f"95% of calls within {figures['live_ms_p95']} ms"
    )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
