"""A plan of small samples, quickly made, for the tests of building and reading."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.splits import stratified_splits

LABELS = ("chair", "lamp", "table")

SPLIT_OF = {
    each: split
    for first, label in enumerate(LABELS)
    for each, split in stratified_splits(f"{label}-{n}" for n in range(first, 30, 3)).items()
}
"""By object, its split."""


@dataclass(frozen=True)
class TinyPlan:
    """Samples of seven modalities of a few bytes each.

    Attributes:
        samples: How many.
        seed: Of the noise.
        bad: Indices that cannot be had.
        audio_only: Indices of recorded sounds.
        pause: Seconds that each takes.
        dies: Index at which the process is killed while `armed` is there.
        armed: A file.
    """

    samples: int
    seed: int = 0
    bad: tuple[int, ...] = ()
    audio_only: tuple[int, ...] = ()
    pause: float = 0.0
    dies: int = -1
    armed: Path | None = None

    def __len__(self) -> int:
        return self.samples

    def describe(self) -> dict[str, Any]:
        return {
            "name": "tiny",
            "seed": self.seed,
            "version": "1",
            "summary": "A test.",
            "sources": [{"name": "here", "licence": "CC0-1.0", "credit": "nobody"}],
            "skipped": {},
        }

    def item(self, index: int) -> Item:
        time.sleep(self.pause)
        if index in self.bad:
            raise SkipError(f"object {index}", "the mesh has no faces")
        if index == self.dies and self.armed is not None and self.armed.exists():
            os._exit(9)
        label = LABELS[index % len(LABELS)]
        data = self.data(index)
        if index in self.audio_only:
            data = {"audio": data["audio"]}
        origin = "recorded" if index in self.audio_only else "simulated"
        return Item(
            key=f"tiny-{index:05d}",
            label=label,
            object_id=f"{label}-{index % 30}",
            split=SPLIT_OF[f"{label}-{index % 30}"],
            modalities={name: lambda value=value: value for name, value in data.items()},
            origin=dict.fromkeys(data, origin),
            source="here",
            licence="CC0-1.0",
            author="nobody",
            meta={"index": index},
        )

    def data(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, index])
        n = 20
        thermal = rng.normal(22, 1, (12, 16)).astype(np.float32)
        thermal[:, : 4 * (1 + index % len(LABELS))] += 20  # as wide as its class
        return {
            "image": rng.integers(0, 256, (24, 24, 3), np.uint8),
            "text": [f"sentence {index}", "another"],
            "touch": rng.integers(0, 256, (2, 12, 16, 3), np.uint8),
            "thermal": thermal,
            "event": {
                "x": rng.integers(0, 16, n).astype(np.uint16),
                "y": rng.integers(0, 16, n).astype(np.uint16),
                "t": np.sort(rng.integers(0, 1000, n)).astype(np.int64),
                "p": rng.integers(0, 2, n).astype(np.uint8),
                "width": 16,
                "height": 16,
                "duration_ns": 1000,
            },
            "points": rng.normal(size=(30, 3)).astype(np.float32),
            "audio": rng.integers(-3000, 3000, 1600).astype(np.int16),
        }
