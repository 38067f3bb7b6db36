"""The adapted image teacher of a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingConfig
from omnibind_ros.learning.progress import NamedProgress
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.shared import compute_once
from omnibind_ros.learning.teachers.adaptation import adapt
from omnibind_ros.learning.teachers.projection import Adaptation
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.recognition.label_bank import LabelBank

from .selection import class_numbers


def adapt_for_run(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    out: Path,
    shared: Path,
    fabric: Fabric,
    progress: NamedProgress,
) -> Adaptation:
    """Adapt the image teacher, or read it if it was adapted before; write it to the run.

    It takes a minute, so that an interrupted one begins again.

    Args:
        cache: The dataset's tensors.
        bank: The classes to learn.
        config: Of the run.
        out: The run's folder, where teacher.pt and teacher.json are written.
        shared: Folder of results that runs have in common.
        fabric: Runs the training.
        progress: Called after each epoch.

    Raises:
        TrainingError: It cannot be adapted as configured, or the stored file is damaged.
        OSError: A file cannot be written.
    """

    def compute() -> dict[str, Any]:
        return adapt(
            cache,
            ClassSimilarity(bank),
            class_numbers(cache, bank),
            config.adapt,
            config.seed,
            lambda done, total: progress("teacher", done, total, {}),
        ).pack()

    inputs = [cache.key, asdict(config.adapt), config.seed, list(bank.labels)]
    adapted = Adaptation.unpack(compute_once(shared, "teacher", inputs, compute))
    if fabric.is_global_zero:
        state = adapted.projection.state_dict()
        content = {"key": cache.key, "teacher": cache.teacher, "state": state}
        checkpoints.save(out / "teacher.pt", content)
        write_atomic(out / "teacher.json", json.dumps(adapted.metrics(), indent=1))
    return adapted
