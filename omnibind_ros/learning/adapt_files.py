"""Stage zero of runs that have it in common is computed once, and kept on the disk."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from omnibind_ros.recognition.label_bank import LabelBank

from . import checkpoints
from .adapt import Adaptation, Projection, adapt
from .batches import class_numbers
from .cache import TensorCache
from .config import TrainingConfig, no_progress
from .losses import TorchBank
from .metrics import Accuracy


def adapted_teacher(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    progress: Callable[[int, int], None] = no_progress,
    where: Path | None = None,
) -> Adaptation:
    """Adapt the image teacher of a cache, or read what became of it.

    Args:
        cache: With the images' embeddings and features.
        bank: The classes to learn.
        config: Of the run; of it count `adapt`, the seed and the classes left out.
        progress: Told (epochs done, epochs).
        where: Folder of what was computed before, a file a key; None keeps nothing.

    Raises:
        TrainingError: There are fewer training objects than folds, or a file is damaged.
        OSError: The file cannot be written.
    """
    numbers = class_numbers(cache, bank)

    def made() -> Adaptation:
        return adapt(cache, TorchBank(bank), numbers, config.adapt, config.seed, progress)

    if where is None:
        return made()
    facts = [cache.key, asdict(config.adapt), config.seed, list(bank.labels)]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    where.mkdir(parents=True, exist_ok=True)
    path = where / f"{key[:16]}.pt"
    # Of several processes that want it the first computes, and the others wait for it.
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            checkpoints.save(path, {"key": key, **_packed(made())})
    return _unpacked(checkpoints.load(path))


def _packed(found: Adaptation) -> dict[str, Any]:
    said = {
        name: {split: tuple(value) for split, value in getattr(found, name).items()}
        for name in ("before", "after")
    }
    return said | {
        "projection": found.projection.state_dict(),
        "image": torch.from_numpy(found.image),
        "taught": torch.from_numpy(found.taught),
        "crossed": tuple(found.crossed) if found.crossed else None,
        "kept": found.kept,
    }


def _unpacked(said: dict[str, Any]) -> Adaptation:
    projection = Projection(*said["projection"]["weight"].shape)
    projection.load_state_dict(said["projection"])
    before, after = (
        {split: Accuracy(*value) for split, value in said[name].items()}
        for name in ("before", "after")
    )
    return Adaptation(
        projection, said["image"].numpy(), said["taught"].numpy(), before, after,
        Accuracy(*said["crossed"]) if said["crossed"] else None, float(said["kept"]),
    )  # fmt: skip
