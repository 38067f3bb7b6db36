"""Accuracy of each fusion rule on every combination of modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.modalities import all_combinations, combination_name
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.prototypes import probabilities

from .metrics import calibration_error, mean_average_precision, top_k
from .outcomes import Outcomes

Rule = Callable[[Members], Floats]
"""Members -> scores [B, L] of the labels."""


class Measured(NamedTuple):
    """The figures of all combinations, and the outcomes that they are made of.

    Attributes:
        table: By names joined with '+', in percent: the top-1 of each rule; `best_single`, the
            top-1 of the best member alone; and exact, top5, map and ece of AF. An answer is right
            as `EmbeddingSet.is_right` says; `exact` is the share of the very labels of the samples.
        outcomes: Whether each rule is right about each sample.
    """

    table: dict[str, dict[str, float]]
    outcomes: Outcomes


def select_modalities(members: Members, data: EmbeddingSet, names: Sequence[str]) -> Members:
    """Return the members of some modalities; the places of the others become empty."""
    kept = np.isin(data.modalities, names)
    present = members.present & kept
    return members._replace(
        values=members.values * present[..., None],
        age=members.age * present,
        quality=members.quality * present,
        entropy=np.where(present, members.entropy, np.float32(1)),
        present=present,
    )


def measure_combinations(
    data: EmbeddingSet,
    rules: Mapping[str, Rule],
    temperature: float,
    progress: Progress = no_progress,
) -> Measured:
    """Measure every combination.

    Args:
        data: Test samples that have every modality, so that all combinations have the same ones.
        rules: By name; `af` among them.
        temperature: Of the softmax that makes probabilities of AF's similarities.
        progress: Told (combinations done, combinations).

    Raises:
        TrainingError: There is no such sample.
    """
    members = members_of(data, temperature)
    chosen, right = list(all_combinations(data.modalities)), data.bank.categories.right_answers
    table: dict[str, dict[str, float]] = {}
    correct = {name: np.zeros((len(chosen), len(data)), np.bool_) for name in rules}
    for number, names in enumerate(chosen):
        part = select_modalities(members, data, names)
        figures: dict[str, float] = {}
        for name, rule in rules.items():
            scores = rule(part)
            answers = scores.argmax(1)
            correct[name][number] = data.is_right(answers)
            figures[name] = float(100 * correct[name][number].mean())
            if name == "af":
                figures |= {
                    "exact": float(100 * (answers == data.labels).mean()),
                    "top5": top_k(scores, data.labels, 5, right),
                    "map": mean_average_precision(scores, data.labels),
                    "ece": calibration_error(
                        probabilities(scores, temperature), data.labels, right=right
                    ),
                }
        # Of one member alone the figure is that of its encoder, without any rule.
        single = [table[name]["best_single"] for name in names if name in table]
        figures["best_single"] = max(single) if len(names) > 1 else figures["mean"]
        table[combination_name(names)] = figures
        progress(number + 1, len(chosen))
    return Measured(table, Outcomes(tuple(table), data.objects, correct))


def summarise(table: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Summarise the combinations: all of them, and those without text.

    Returns:
        Under `all` and `without_text`: `combinations`, the number of those of two or more members;
        `top1`, the mean of each rule over them; `gain_over_mean`, AF minus the mean of embeddings,
        in points; `worst_against_best_single`, the lowest difference of AF to the best member and
        its combination; `worst_addition`, the lowest change by adding a modality, and which.
    """
    without = {name: v for name, v in table.items() if "text" not in name.split("+")}
    parts = {"all": table, "without_text": without}
    return {name: _summary(part) for name, part in parts.items() if any("+" in n for n in part)}


def _summary(table: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    several = {name: figures for name, figures in table.items() if "+" in name}
    rules = [r for r in next(iter(several.values())) if r not in ("exact", "top5", "map", "ece")]
    means = {rule: float(np.mean([f[rule] for f in several.values()])) for rule in rules}
    difference = {name: f["af"] - f["best_single"] for name, f in several.items()}
    worst = min(difference, key=lambda name: difference[name])
    changes = {
        f"{added} to {'+'.join(rest)}": several[name]["af"] - table["+".join(rest)]["af"]
        for name in several
        for added in name.split("+")
        if (rest := [other for other in name.split("+") if other != added])
    }
    worst_addition = min(changes, key=lambda name: changes[name])
    return {
        "combinations": len(several),
        "top1": means,
        "gain_over_mean": means["af"] - means["mean"],
        "worst_against_best_single": {"combination": worst, "points": difference[worst]},
        "worst_addition": {
            "addition": worst_addition,
            "points": changes[worst_addition],
        },
    }
