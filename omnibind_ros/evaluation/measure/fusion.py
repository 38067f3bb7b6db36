"""All measurements of one fusion on test objects, as one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, EncodedFaults, training_samples
from omnibind_ros.learning.config import TrainingError

from .baselines import LEARNED, TrainedRule, all_rules, plain_rules, train_rule
from .bootstrap import ObjectBootstrap
from .combinations import Rule, measure_combinations, select_modalities, summarise
from .comparisons import PARTS, compare_with_parts, gains_over_best, validation_accuracies
from .metrics import confusion, top_k
from .outcomes import Outcomes, several
from .paper import paper_intervals, paper_table
from .retrieval import measure_retrieval
from .robustness import measure_robustness
from .unknown import measure_known, measure_open_vocabulary, measure_unknown

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
        training: How the fusion was trained; the learned baselines are trained in the same way.
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
        combinations, summary, robustness, retrieval, confusion, ece, known, auroc_unknown,
        unknown, singles, the numbers of classes, objects and samples tested; and what `headline`
        returns.

    Raises:
        TrainingError: There is no test sample that has every modality, or too little to train the
            baselines on.
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
    learned = {
        name: train_rule(name, known, training, temperature, _stage(progress, name))
        for name in LEARNED
    }
    final = {name: trained.rule for name, trained in learned.items()}
    rules = all_rules(lambda members: fuse(members)[0], test.bank, final)
    combinations, outcomes = measure_combinations(
        test, rules, temperature, _stage(progress, "combinations")
    )
    _, held_back = training_samples(known, training)
    validation = validation_accuracies(held_back, _before_refit(learned, test), temperature)
    rng = np.random.default_rng(config.seed)
    subset = test.samples(np.sort(rng.permutation(len(test))[: config.faulty_samples]))
    robust = measure_robustness(
        subset,
        {name: rules[name] for name in ("af", "mean")},
        temperature,
        config.seed,
        config.encoded_faults,
        _stage(progress, "faults"),
    )
    everything = "+".join(test.modalities)
    fused = test.bank.similarities(fuse(members_of(test, temperature))[0])
    table = confusion(fused.argmax(1), test.labels, len(test.bank.labels))
    unseen = unknown.complete().split("test")
    detection: dict[str, Any] = {}
    if len(unseen):
        detection = measure_unknown(test, unseen, fuse, config.calibration)
        naming = all_rules(lambda members: fuse(members)[0], data.bank)
        detection["open_vocabulary"] = measure_open_vocabulary(
            data.split("test").complete(), config.unknown, naming, temperature
        )
    return {
        "combinations": combinations,
        "summary": summarise(combinations),
        **headline(outcomes, validation, config.seed),
        "robustness": robust,
        "retrieval": measure_retrieval(test),
        "confusion": _occurring(test.bank.labels, table),
        "ece": combinations[everything]["ece"],
        "known": measure_known(test, fuse, config.calibration),
        "auroc_unknown": detection.get("margin"),
        "unknown": detection | {"classes": list(config.unknown)},
        "singles": _singles(known.split("test"), fuse, temperature),
        "classes": len(np.unique(test.labels)),
        "objects": len(np.unique(test.objects)),
        "samples": len(test),
        "modalities": list(test.modalities),
        "temperature": temperature,
    }


def headline(
    outcomes: Outcomes, validation: Mapping[str, Mapping[str, float]], seed: int = 0
) -> dict[str, Any]:
    """Return the main figures, with intervals by a bootstrap over objects.

    Args:
        outcomes: Of all rules on test samples.
        validation: Accuracies of the baselines on validation objects (`validation_accuracies`).
        seed: Of the bootstrap.

    Returns:
        `paper` and `paper_intervals`, the rows of the paper's tables; `gain_over_best_learned` and
        `gain_over_best_learned_without_text`, AF over the best of all baselines in points, None
        where there are no such combinations; `best_learned`, how these come about; `comparisons`,
        the tests of AF against single members and smaller sets; and `intervals`: of AF's top-1 with
        all modalities, and of each rule's mean over each part of the combinations.
    """
    bootstrap = ObjectBootstrap(outcomes.objects, seed=seed)
    best = gains_over_best(outcomes, validation, bootstrap)
    gains = {part: best.get(part, {}).get("gain") for part in PARTS}
    intervals: dict[str, Any] = {
        part: {rule: bootstrap.interval(outcomes.mean(rule, names)) for rule in outcomes.correct}
        for part, lacks in PARTS.items()
        if (names := several(outcomes.combinations, lacks))
    }
    everything = outcomes.combinations[-1]
    return {
        "paper": paper_table(outcomes),
        "paper_intervals": paper_intervals(outcomes, bootstrap),
        "gain_over_best_learned": gains["all"],
        "gain_over_best_learned_without_text": gains["without_text"],
        "best_learned": best,
        "comparisons": compare_with_parts(outcomes, bootstrap),
        "intervals": {"everything": bootstrap.interval(outcomes.of("af", everything))} | intervals,
    }


def _occurring(labels: Sequence[str], counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the labels that samples or answers have, and their part of a confusion matrix."""
    kept = np.flatnonzero(counts.any(0) | counts.any(1))
    return {
        "labels": [labels[i] for i in kept.tolist()],
        "counts": counts[np.ix_(kept, kept)].tolist(),
    }


def _stage(progress: Progress, name: str) -> Callable[[int, int], None]:
    """Return a function that reports (steps done, steps) of a measurement."""
    return lambda done, total: progress(name, done, total)


def _before_refit(learned: Mapping[str, TrainedRule], data: EmbeddingSet) -> dict[str, Rule]:
    """Return all baselines as they were before training on the objects held back."""
    first = {name: trained.before_refit for name, trained in learned.items()}
    return plain_rules(data.bank) | first


def _singles(data: EmbeddingSet, fuse: Fuse, temperature: float) -> dict[str, dict[str, float]]:
    """Return the accuracy of each modality alone, on all test samples that have it."""
    singles, right = {}, data.bank.categories.right_answers
    for m, name in enumerate(data.modalities):
        part = data.samples(data.present[:, m])
        if not len(part):
            continue
        alone = select_modalities(members_of(part, temperature), part, (name,))
        encoder = part.bank.similarities(part.values[:, m])
        singles[name] = {
            "encoder": top_k(encoder, part.labels, right=right),
            "af": top_k(part.bank.similarities(fuse(alone)[0]), part.labels, right=right),
            "samples": len(part),
            "classes": len(np.unique(part.labels)),
        }
    return singles
