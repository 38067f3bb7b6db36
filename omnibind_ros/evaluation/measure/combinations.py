"""Every combination of modalities, named by each rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.corruptions import Members, members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet, probabilities
from omnibind_ros.learning.config import no_progress
from omnibind_ros.modalities import all_combinations, combination_name

from .metrics import calibration_error, mean_average_precision, top_k

Rule = Callable[[Members], Floats]
"""Members -> scores [B, L] of the labels."""


def only(members: Members, data: EmbeddingSet, names: Sequence[str]) -> Members:
    """Return members of some modalities; the places of the others are empty."""
    kept = np.isin(data.modalities, names)
    present = members.present & kept
    return members._replace(
        values=members.values * present[..., None], age=members.age * present,
        quality=members.quality * present,
        entropy=np.where(present, members.entropy, np.float32(1)), present=present,
    )  # fmt: skip


def measure_combinations(
    data: EmbeddingSet,
    rules: Mapping[str, Rule],
    temperature: float,
    progress: Callable[[int, int], None] = no_progress,
) -> dict[str, dict[str, float]]:
    """Measure every combination.

    Args:
        data: Test samples that have every modality, so that all combinations name the same ones.
        rules: By name; `af` among them.
        temperature: Of the softmax that makes probabilities of AF's similarities.
        progress: Told (combinations done, combinations).

    Returns:
        By names joined with '+': each rule's top-1 and `best_single`, the best member's alone, in
        percent; and of AF top5, map and ece, in percent.

    Raises:
        TrainingError: There is no such sample.
    """
    members = members_of(data, temperature)
    chosen = list(all_combinations(data.modalities))
    found: dict[str, dict[str, float]] = {}
    for number, names in enumerate(chosen):
        part = only(members, data, names)
        figures: dict[str, float] = {}
        for name, rule in rules.items():
            scores = rule(part)
            figures[name] = top_k(scores, data.labels)
            if name == "af":
                figures |= {
                    "top5": top_k(scores, data.labels, 5),
                    "map": mean_average_precision(scores, data.labels),
                    "ece": calibration_error(probabilities(scores, temperature), data.labels),
                }
        # One member alone is what its encoder says: no rule is asked.
        single = [found[name]["best_single"] for name in names if name in found]
        figures["best_single"] = max(single) if len(names) > 1 else figures["mean"]
        found[combination_name(names)] = figures
        progress(number + 1, len(chosen))
    return found


def summarise(found: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Return what the combinations say together, with all of them and with those without text.

    Returns:
        Under `all` and `without_text`: how many combinations of two or more there are; the mean
        top-1 of each rule over them; gain_over_mean, AF's less the mean's, in points;
        worst_against_best_single, AF's least lead over the best member, and of which combination;
        worst_addition, what the worst addition of a fresh modality changes, and which.
    """
    without = {name: v for name, v in found.items() if "text" not in name.split("+")}
    parts = {"all": found, "without_text": without}
    return {name: _summary(part) for name, part in parts.items() if any("+" in n for n in part)}


def _summary(found: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    several = {name: figures for name, figures in found.items() if "+" in name}
    rules = [r for r in next(iter(several.values())) if r not in ("top5", "map", "ece")]
    means = {rule: float(np.mean([f[rule] for f in several.values()])) for rule in rules}
    lead = {name: f["af"] - f["best_single"] for name, f in several.items()}
    worst = min(lead, key=lambda name: lead[name])
    changes = {
        f"{added} to {'+'.join(rest)}": several[name]["af"] - found["+".join(rest)]["af"]
        for name in several
        for added in name.split("+")
        if (rest := [other for other in name.split("+") if other != added])
    }
    hurt = min(changes, key=lambda name: changes[name])
    return {
        "combinations": len(several),
        "top1": means,
        "gain_over_mean": means["af"] - means["mean"],
        "worst_against_best_single": {"combination": worst, "points": lead[worst]},
        "worst_addition": {"addition": hurt, "points": changes[hurt]},
    }
