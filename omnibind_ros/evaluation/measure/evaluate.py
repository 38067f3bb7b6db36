"""Everything that is measured of a fusion on held-out objects, as JSON can hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, EncodedFaults, similarities
from omnibind_ros.learning.config import TrainingError

from .baselines import all_rules, train_concat
from .combinations import measure_combinations, only, summarise
from .metrics import confusion, top_k
from .retrieval import measure_retrieval
from .robustness import measure_robustness
from .unknown import measure_open_vocabulary, measure_unknown

Fuse = Callable[[Members], tuple[Floats, Floats]]
"""Members -> fused embeddings [B, D] and weights [B, N]."""

Progress = Callable[[str, int, int], None]
"""(what is measured, steps done, steps) -> nothing."""


@dataclass(frozen=True)
class Plan:
    """What is measured, and how.

    Attributes:
        calibration: Temperature and thresholds.
        unknown: Classes that training has not seen; they have no label.
        training: How the perceptron is trained; the fusion was trained alike.
        seed: Decides all chance.
        faulty_samples: Test samples on which faults are tried, at most.
        recorded: What encoders say of faulty samples.
    """

    calibration: Calibration
    unknown: Sequence[str] = ()
    training: FusionConfig = field(default_factory=FusionConfig)
    seed: int = 0
    faulty_samples: int = 150
    recorded: EncodedFaults = field(default_factory=dict)


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


def measure(
    data: EmbeddingSet, fuse: Fuse, plan: Plan, progress: Progress = _silent
) -> dict[str, Any]:
    """Measure a fusion and what it is compared with, on test objects.

    Args:
        data: Embeddings of validation and test samples, with all classes in the bank.
        fuse: Adaptive Fusion.
        plan: How.
        progress: Told what is under way.

    Returns:
        combinations, summary, robustness, retrieval, confusion, ece, auroc_unknown, unknown,
        singles, and the counts classes, objects and samples of what was tested.

    Raises:
        TrainingError: There is no test sample that has every modality, or too little to train the
            perceptron on.
    """
    temperature = plan.calibration.temperature
    known, unknown = data.without_classes(plan.unknown)
    test = known.split("test").complete()
    if not len(test):
        raise TrainingError(
            f"no test sample has all of {', '.join(data.modalities)}; use a larger dataset, or "
            "evaluate fewer modalities"
        )
    if len(data.modalities) < 2:
        raise TrainingError(
            f"there is {data.modalities[0]} only; combinations need two modalities at least"
        )
    training = replace(plan.training, left_out=[])  # they have left `known` already
    concat = train_concat(known, training, temperature, lambda *done: progress("perceptron", *done))
    rules = all_rules(lambda members: fuse(members)[0], test.bank, concat)
    combinations = measure_combinations(
        test, rules, temperature, lambda *done: progress("combinations", *done)
    )
    chance = np.random.default_rng(plan.seed)
    few = test.samples(np.sort(chance.permutation(len(test))[: plan.faulty_samples]))
    robust = measure_robustness(
        few, {name: rules[name] for name in ("af", "mean")}, temperature, plan.seed,
        plan.recorded, lambda *done: progress("faults", *done),
    )  # fmt: skip
    everything = "+".join(test.modalities)
    fused = similarities(test.bank, fuse(members_of(test, temperature))[0])
    table = confusion(fused.argmax(1), test.labels, len(test.bank.labels))
    strangers = unknown.complete().split("test")
    found_out: dict[str, Any] = {}
    if len(strangers):
        found_out = measure_unknown(test, strangers, fuse, plan.calibration)
        naming = all_rules(lambda members: fuse(members)[0], data.bank, None)
        found_out["open_vocabulary"] = measure_open_vocabulary(
            data.split("test").complete(), plan.unknown, naming, temperature
        )
    return {
        "combinations": combinations,
        "summary": summarise(combinations),
        "robustness": robust,
        "retrieval": measure_retrieval(test),
        "confusion": {"labels": list(test.bank.labels), "counts": table.tolist()},
        "ece": combinations[everything]["ece"],
        "auroc_unknown": found_out.get("margin"),
        "unknown": found_out | {"classes": list(plan.unknown)},
        "singles": _singles(known.split("test"), fuse, temperature),
        "classes": len(np.unique(test.labels)),
        "objects": len(np.unique(test.objects)),
        "samples": len(test),
        "modalities": list(test.modalities),
        "temperature": temperature,
    }


def _singles(data: EmbeddingSet, fuse: Fuse, temperature: float) -> dict[str, dict[str, float]]:
    """Return how well each modality does alone on all test samples that have it."""
    found = {}
    for m, name in enumerate(data.modalities):
        there = data.samples(data.present[:, m])
        if not len(there):
            continue
        alone = only(members_of(there, temperature), there, (name,))
        encoder = similarities(there.bank, there.values[:, m])
        found[name] = {
            "encoder": top_k(encoder, there.labels),
            "af": top_k(similarities(there.bank, fuse(alone)[0]), there.labels),
            "samples": len(there),
            "classes": len(np.unique(there.labels)),
        }
    return found
