"""Processor time of a result of the perception node: all but encoders, decoding and publishing.

Usage: python3 benchmarks/own_share.py [--bundle DIR] [--results N] [--json FILE]

Seven sensors show one label after the other, for 6 s each, with 30 results a second. Before each
result the image encoder runs, so that it finds the processor's caches as in the node. In the second
run the camera shows another label all the time, and is found to contradict the others. Processor
time is that of the thread: waiting for a busy processor does not count.
"""

from __future__ import annotations

from omnibind_ros.runtime.threads import limit_blas_threads

if __name__ == "__main__":
    limit_blas_threads()  # before NumPy is imported

# isort: split
import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.fusion import AdaptiveFusion, Fused
from omnibind_ros.nodes import messages
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.history import History, HistorySettings
from omnibind_ros.runtime.perception import Perception, PerceptionResult

RATE, STAY = 30, 180
"""Results a second, and for each label."""

SENSORS = {
    "image": 9.0,
    "text": 0.5,
    "touch": 12.0,
    "thermal": 9.0,
    "event": 15.0,
    "points": 5.0,
    "audio": 14.0,
}
"""Embeddings a second, as they were counted before the simulated robot."""

NOISE = 0.05
"""Standard deviation that is added to each value of an embedding."""


class Show:
    """Sensors that show one label after the other; stands for an engine.

    Attributes:
        cpu_time: Processor time, which is not looked at.
        now: Monotonic time, seconds.
        liar: A sensor that shows another label; empty: none.
    """

    def __init__(self, bank: LabelBank, liar: str) -> None:
        """Create it with nothing shown."""
        self.cpu_time = CpuTime()
        self.now = 100.0
        self._bank, self._liar = bank, liar
        self._rng = np.random.default_rng(0)
        self._shown: dict[str, StoredEmbedding] = {}

    def step(self, turn: int) -> None:
        """Turn to the next result."""
        self.now += 1 / RATE
        label = turn // STAY * 7
        for sensor, rate in SENSORS.items():
            if sensor in self._shown and self._rng.random() > rate / RATE:
                continue
            truth = label + 50 if sensor == self._liar else label
            mean = self._bank.prototypes[self._bank.first[truth % len(self._bank.labels)]]
            values = mean + self._rng.normal(0, NOISE, len(mean))
            values = np.asarray(values / np.linalg.norm(values), np.float32)
            stamp = int(self.now * 1e9)
            self._shown[sensor] = StoredEmbedding(values, 0.9, None, stamp, "", self.now)

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return all."""
        return [FreshEmbedding(name, name, each) for name, each in self._shown.items()]

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Do nothing."""

    def forget(self, before: float) -> None:
        """Do nothing."""

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Do nothing."""


class Timed:
    """A fusion rule, and the processor seconds that it has taken."""

    def __init__(self, fusion: AdaptiveFusion) -> None:
        """Wrap a fusion rule."""
        self.fusion = fusion
        self.spent = 0.0

    def fuse(self, *arguments: Any) -> Fused:
        """Fuse, as described in `Fusion.fuse`."""
        before = time.thread_time()
        try:
            return self.fusion.fuse(*arguments)
        finally:
            self.spent += time.thread_time() - before


def measure(bundle: Bundle, results: int, liar: str) -> dict[str, float]:
    """Return the milliseconds of a result's parts, and how often a sensor was named."""
    bank = LabelBank.load(bundle.root, bundle.root / bundle.manifest.labels.path, None)
    recogniser = Recogniser(bank, bundle.manifest.calibration)
    show = Show(bank, liar)
    made: list[PerceptionResult] = []
    history = History(HistorySettings())
    fusion = Timed(AdaptiveFusion.load(bundle))
    perception = Perception(fusion, recogniser, made.append, lambda: show.now, history)
    encoder = bundle.encoder("image")
    picture = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    took = np.zeros((results, 2))
    named = 0
    for turn in range(results):
        show.step(turn)
        encoder.encode(picture)
        began = time.thread_time()
        perception.update(show)
        fused = time.thread_time()
        result = made.pop()
        messages.embedding(result, "model")
        messages.recognition(result)
        took[turn] = fused - began, time.thread_time() - fused
        named += bool(result.recognition.contradicting)
    if fusion.fusion.failures:
        raise RuntimeError("the fusion network failed, so this is not its speed")
    fuse, make = took.mean(0) * 1e3
    return {
        "fuse_ms": round(float(fuse), 3),
        "network_ms": round(fusion.spent / results * 1e3, 3),
        "messages_ms": round(float(make), 3),
        "named_share": round(named / results, 3),
    }


def main() -> None:
    """Print a table, and write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--results", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bundle = Bundle.load(resolve_bundle(options.bundle))
    figures: dict[str, dict[str, Any]] = {}
    table = Table(
        "run", "fuse and recognise [ms]", "of these, network", "messages [ms]", "a sensor is named"
    )
    for name, liar in (("all agree", ""), ("the camera lies", "image")):
        figures[name] = found = measure(bundle, options.results, liar)
        table.add_row(name, *map(str, found.values()))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
