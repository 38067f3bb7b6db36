"""All measurements of one fusion on test objects, as one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, EncodedFaults
from omnibind_ros.learning.config import TrainingError

from .baselines import all_rules, train_concat
from .combinations import measure_combinations, select_modalities, summarise
from .metrics import confusion, top_k
from .retrieval import measure_retrieval
from .robustness import measure_robustness
from .unknown import measure_open_vocabulary, measure_unknown

Fuse = Callable[[Members], tuple[Floats, Floats]]
"""Members -> fused embeddings [B, D] and weights [B, N]."""

Progress = Callable[[str, int, int], None]
"""(name of the measurement, steps done, steps) -> None."""


@dataclass(frozen=True)
class MeasurementConfig:
    """How a fusion is measured.

    Attributes:
        calibration: Temperature and thresholds.
        unknown: Classes that training has not seen; they have no label.
        training: How the fusion was trained; the perceptron is trained in the same way.
        seed: Of the random generator.
        faulty_samples: Number of test samples that faults are measured on, at most.
        encoded_faults: Embeddings of samples with faults.
    """

    calibration: Calibration
    unknown: Sequence[str] = ()
    training: FusionConfig = field(default_factory=FusionConfig)
    seed: int = 0
    faulty_samples: int = 150
    encoded_faults: EncodedFaults = field(default_factory=dict)


def no_stage_progress(what: str, done: int, total: int) -> None:
    """Report no progress."""


def measure_fusion(
    data: EmbeddingSet,
    fuse: Fuse,
    config: MeasurementConfig,
    progress: Progress = no_stage_progress,
) -> dict[str, Any]:
    """Measure a fusion, and the rules that it is compared with, on test objects.

    Args:
        data: Embeddings of validation and test samples, with all classes in the bank.
        fuse: Adaptive Fusion.
        config: How.
        progress: Called after each step.

    Returns:
        combinations, summary, robustness, retrieval, confusion, ece, auroc_unknown, unknown,
        singles, and the numbers of classes, objects and samples tested.

    Raises:
        TrainingError: There is no test sample that has every modality, or too little to train the
            perceptron on.
    """
    temperature = config.calibration.temperature
    known, unknown = data.without_classes(config.unknown)
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
    training = replace(config.training, left_out=[])  # `known` is without them already
    concat = train_concat(known, training, temperature, lambda *done: progress("perceptron", *done))
    rules = all_rules(lambda members: fuse(members)[0], test.bank, concat)
    combinations = measure_combinations(
        test, rules, temperature, lambda *done: progress("combinations", *done)
    )
    rng = np.random.default_rng(config.seed)
    subset = test.samples(np.sort(rng.permutation(len(test))[: config.faulty_samples]))
    robust = measure_robustness(
        subset,
        {name: rules[name] for name in ("af", "mean")},
        temperature,
        config.seed,
        config.encoded_faults,
        lambda *done: progress("faults", *done),
    )
    everything = "+".join(test.modalities)
    fused = test.bank.similarities(fuse(members_of(test, temperature))[0])
    table = confusion(fused.argmax(1), test.labels, len(test.bank.labels))
    unseen = unknown.complete().split("test")
    detection: dict[str, Any] = {}
    if len(unseen):
        detection = measure_unknown(test, unseen, fuse, config.calibration)
        naming = all_rules(lambda members: fuse(members)[0], data.bank, None)
        detection["open_vocabulary"] = measure_open_vocabulary(
            data.split("test").complete(), config.unknown, naming, temperature
        )
    return {
        "combinations": combinations,
        "summary": summarise(combinations),
        "robustness": robust,
        "retrieval": measure_retrieval(test),
        "confusion": {"labels": list(test.bank.labels), "counts": table.tolist()},
        "ece": combinations[everything]["ece"],
        "auroc_unknown": detection.get("margin"),
        "unknown": detection | {"classes": list(config.unknown)},
        "singles": _singles(known.split("test"), fuse, temperature),
        "classes": len(np.unique(test.labels)),
        "objects": len(np.unique(test.objects)),
        "samples": len(test),
        "modalities": list(test.modalities),
        "temperature": temperature,
    }


def _singles(data: EmbeddingSet, fuse: Fuse, temperature: float) -> dict[str, dict[str, float]]:
    """Return the accuracy of each modality alone, on all test samples that have it."""
    singles = {}
    for m, name in enumerate(data.modalities):
        part = data.samples(data.present[:, m])
        if not len(part):
            continue
        alone = select_modalities(members_of(part, temperature), part, (name,))
        encoder = part.bank.similarities(part.values[:, m])
        singles[name] = {
            "encoder": top_k(encoder, part.labels),
            "af": top_k(part.bank.similarities(fuse(alone)[0]), part.labels),
            "samples": len(part),
            "classes": len(np.unique(part.labels)),
        }
    return singles
