"""Adaptive Fusion against the best baseline, its best members and smaller sets, with bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.learning.af.corruptions import members_of
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import all_combinations, combination_name

from .bootstrap import LEVEL, ObjectBootstrap, holm
from .combinations import Rule, select_modalities
from .outcomes import Outcomes, several

BELOW_BEST_SINGLE = 0.5
"""Points that a combination may be below its best single member."""

LOSS_BY_ADDITION = 1.0
"""Points that an added modality may cost."""

PARTS = {"all": "", "without_text": "text"}
"""Parts of the combinations of two or more: by name, the modality that they lack."""


def validation_accuracies(
    data: EmbeddingSet, rules: Mapping[str, Rule], temperature: float
) -> dict[str, dict[str, float]]:
    """Measure rules on validation objects, to choose the best one.

    Args:
        data: Samples of objects that the rules were not trained on. A combination is measured on
            those that have all of its members, and left out where there is none.
        rules: By name.
        temperature: Of the members' entropies.

    Returns:
        By part of the combinations (`PARTS`) that has some, each rule's mean top-1 in percent.

    Raises:
        TrainingError: No sample has two modalities.
    """
    found: dict[str, dict[str, float]] = {}
    for names in all_combinations(data.modalities):
        places = [data.modalities.index(name) for name in names]
        part = data.samples(np.asarray(data.present[:, places].all(1)))
        if len(names) < 2 or not len(part):
            continue
        members = select_modalities(members_of(part, temperature), part, names)
        found[combination_name(names)] = {
            rule: float(100 * part.is_right(score(members).argmax(1)).mean())
            for rule, score in rules.items()
        }
    if not found:
        raise TrainingError(
            "no validation object that is held back has two modalities, so that the best baseline "
            "cannot be chosen; use a larger dataset"
        )
    parts = {part: several(list(found), lacks) for part, lacks in PARTS.items()}
    return {
        part: {rule: float(np.mean([found[name][rule] for name in names])) for rule in rules}
        for part, names in parts.items()
        if names
    }


def gains_over_best(
    outcomes: Outcomes,
    validation: Mapping[str, Mapping[str, float]],
    bootstrap: ObjectBootstrap,
) -> dict[str, Any]:
    """Compare Adaptive Fusion with the baseline that is best on validation objects.

    Args:
        outcomes: Of AF and all baselines on test samples.
        validation: What `validation_accuracies` returned of the baselines.
        bootstrap: Of the test samples' objects.

    Returns:
        By part of the combinations: `baseline`, the name of the best one; `gain`, AF minus this
        baseline in points, the mean over the combinations; `interval`; `validation`, each
        baseline's top-1 on validation objects; and `gains` and `intervals` over each baseline.
    """
    found: dict[str, Any] = {}
    for part, accuracies in validation.items():
        names = several(outcomes.combinations, PARTS[part])
        best = max(accuracies, key=lambda rule: accuracies[rule])
        af = outcomes.mean("af", names)
        gains = {rule: af - outcomes.mean(rule, names) for rule in accuracies}
        means = {rule: float(gain.mean()) for rule, gain in gains.items()}
        intervals = {rule: bootstrap.interval(gain) for rule, gain in gains.items()}
        found[part] = {
            "baseline": best,
            "gain": means[best],
            "interval": intervals[best],
            "validation": dict(accuracies),
            "gains": means,
            "intervals": intervals,
        }
    return found


class _Comparison(NamedTuple):
    """A difference in points that should not be below a bound: its name, and each sample's [N]."""

    name: str
    difference: npt.NDArray[np.float64]


def compare_with_parts(outcomes: Outcomes, bootstrap: ObjectBootstrap) -> dict[str, Any]:
    """Test whether a combination, or an added modality, is worse than it may be.

    The best single member of a combination is the one that is best on these very samples.

    Args:
        outcomes: Of AF and the mean on test samples.
        bootstrap: Of their objects.

    Returns:
        `against_best_single` and `additions`, of combinations of two or more: `margin`, how many
        points may be lost; `tested`, the number of comparisons; `mean`, their mean difference in
        points; `worst`, the lowest one; and `significant`, those that are below the margin at a
        level of 5% after Holm's correction. Each has name, points, interval and corrected p.
    """
    pairs = several(outcomes.combinations)
    singles = {name: outcomes.single(name) for name in outcomes.combinations if "+" not in name}
    against, additions = [], []
    for name in pairs:
        members = name.split("+")
        best = max(members, key=lambda member: float(singles[member].mean()))
        af = outcomes.of("af", name)
        against.append(_Comparison(name, af - singles[best]))
        for added in members:
            rest = "+".join(member for member in members if member != added)
            additions.append(_Comparison(f"{added} to {rest}", af - outcomes.of("af", rest)))
    return {
        "against_best_single": _tested(against, BELOW_BEST_SINGLE, bootstrap),
        "additions": _tested(additions, LOSS_BY_ADDITION, bootstrap),
    }


def _tested(
    comparisons: Sequence[_Comparison], margin: float, bootstrap: ObjectBootstrap
) -> dict[str, Any]:
    p = holm(np.array([bootstrap.p_below(each.difference, -margin) for each in comparisons]))
    points = [float(each.difference.mean()) for each in comparisons]

    def entry(place: int) -> dict[str, Any]:
        return {
            "name": comparisons[place].name,
            "points": points[place],
            "interval": bootstrap.interval(comparisons[place].difference),
            "p": float(p[place]),
        }

    return {
        "margin": margin,
        "tested": len(comparisons),
        "mean": float(np.mean(points)),
        "worst": entry(int(np.argmin(points))),
        "significant": [entry(place) for place in np.flatnonzero(p < LEVEL).tolist()],
    }
