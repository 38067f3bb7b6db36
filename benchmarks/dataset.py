"""How fast a dataset is read: samples a second of one modality, and of all seven.

Samples are read from the shards and decoded, in random order, by several processes at once. The
files are in the page cache, as they are in training from the second epoch on. Two figures: samples
a second of wall-clock time, and of processor time, which tells what a quiet machine would do.

Usage: python3 benchmarks/dataset.py DIR [--workers 2] [--seconds 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.modalities import MODALITIES

TASKS: dict[str, Sequence[str]] = {name: (name,) for name in MODALITIES} | {
    "all": tuple(MODALITIES)
}


def read(folder: Path, seed: int, seconds: float, start: Barrier, results: Any) -> None:
    """Read for some seconds each task, and put samples a second into `results`."""
    cv2.setNumThreads(1)
    dataset = Dataset.open(folder)
    for task, modalities in TASKS.items():
        selection = dataset.select(modalities=modalities)
        order = np.random.default_rng(seed).permutation(len(selection))
        for index in order[:50]:
            selection[int(index)][modalities[0]]
        start.wait()
        begun, used, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - begun < seconds:
            sample = selection[int(order[done % len(order)])]
            for modality in modalities:
                sample[modality]
            done += 1
        wall, processor = time.perf_counter() - begun, time.process_time() - used
        results.put((task, done / wall, done / processor))


def main() -> None:
    """Print a table, and write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(options.workers), context.Queue()
    workers = [
        context.Process(target=read, args=(options.dataset, seed, options.seconds, start, results))
        for seed in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    rates, processor_rates = dict.fromkeys(TASKS, 0.0), dict.fromkeys(TASKS, 0.0)
    for _ in range(options.workers * len(TASKS)):
        task, rate, processor_rate = results.get(timeout=120 + 10 * options.seconds)
        rates[task] += rate
        processor_rates[task] += processor_rate
    for worker in workers:
        worker.join()
    table = Table("read", "samples/s", "samples/s of processor time")
    for task, rate in rates.items():
        table.add_row(task, f"{rate:,.0f}", f"{processor_rates[task]:,.0f}")
    Console().print(table)
    if options.json:
        figures = {
            "workers": options.workers,
            "samples_per_s": rates,
            "samples_per_processor_s": processor_rates,
        }
        options.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
