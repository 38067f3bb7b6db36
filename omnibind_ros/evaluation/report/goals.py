"""The goals of the figures, and whether they are reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.learning.cad.losses import PLAIN

from .goal import Goal
from .markdown import table
from .paper import PART_WORDS, interval
from .pictures import WORDS
from .real import real_goals


def best_baseline_goals(evaluation: JsonObject) -> Iterator[Goal]:
    """Yield the goals of AF against the best baseline, its members and smaller sets.

    Nothing is yielded for an evaluation of an older version, which lacks the figures.
    """
    for part, of in evaluation.get("best_learned", {}).items():
        where = f"{PART_WORDS[part]} ({WORDS[of['baseline']]}; 95% {interval(of['interval'])})"
        yield Goal(f"AF over the best baseline, {where}", 4.05, of["gain"], "points")
    words = {
        "against_best_single": "combinations significantly more than {} below their best member",
        "additions": "added modalities that cost significantly more than {}",
    }
    for name, of in evaluation.get("comparisons", {}).items():
        worst = f"worst {of['worst']['points']:+.1f}: {of['worst']['name']}"
        what = f"{words[name].format(of['margin'])} ({worst})"
        yield Goal(what, 0, float(len(of["significant"])), f"of {of['tested']}", most=True)


def fusion_goals(evaluation: JsonObject) -> Iterator[Goal]:
    """Yield the goals of the bundle."""
    yield from best_baseline_goals(evaluation)
    for name, part in evaluation["summary"].items():
        where = PART_WORDS[name]
        yield Goal(f"AF over the mean, {where}", 4.05, part["gain_over_mean"], "points")
        if "comparisons" in evaluation:
            continue  # tested for significance instead
        worst = part["worst_against_best_single"]
        what = f"AF over the best single member, {where}, at worst ({worst['combination']})"
        yield Goal(what, -0.5, worst["points"], "points")
        worst = part["worst_addition"]
        what = f"change by adding a modality, {where}, at worst ({worst['addition']})"
        yield Goal(what, -1.0, worst["points"], "points")
    yield from fault_goals(evaluation["robustness"])
    everything = evaluation["combinations"]["+".join(evaluation["modalities"])]
    ends = evaluation.get("intervals", {}).get("everything")
    fused = "all modalities fused, top-1" + (f" (95% {interval(ends)})" if ends else "")
    yield Goal(fused, 92.0, everything["af"], "%")
    yield Goal("ECE of all modalities fused", 3.0, evaluation["ece"], "%", most=True)
    yield Goal("AUROC of unknown objects", 0.85, evaluation["auroc_unknown"], "AUROC")


FAULT_GOALS = {"noise": 1.0, "dead": 2.0, "stale": 2.0}
"""Points that a faulty sensor may cost compared with leaving it out."""

LYING_GOALS = {"3": ("sets of three", 8.0), "5+": ("sets of five or more", 4.0)}
"""The same for a sensor that observes another object, by the size of the set."""


def fault_goals(robustness: JsonObject) -> Iterator[Goal]:
    """Yield the goals of combinations with one faulty sensor."""
    for fault in next(iter(robustness.values()), {}):
        faults = {modality: by[fault] for modality, by in robustness.items()}
        words = f"AF's loss by one faulty sensor, {fault.replace('_', ' ')}"
        if fault in FAULT_GOALS or "af_loss_by_size" not in next(iter(faults.values())):
            worst = max(faults, key=lambda name: faults[name]["af_loss"])
            ends = faults[worst].get("af_loss_interval")
            where = f"{worst}; 95% {interval(ends)}" if ends else worst
            goal = FAULT_GOALS.get(fault, 2.0)
            what = f"{words}, at worst ({where})"
            yield Goal(what, goal, faults[worst]["af_loss"], "points", most=True)
            continue
        for size, (where, goal) in LYING_GOALS.items():
            losses = {
                modality: of["af_loss_by_size"][size]
                for modality, of in faults.items()
                if size in of["af_loss_by_size"]
            }
            if losses:
                worst = max(losses, key=lambda name: losses[name])
                what = f"{words}, {where}, at worst ({worst})"
                yield Goal(what, goal, losses[worst], "points", most=True)


REAL = {
    "audio": ("real sounds among the names of their set", 85.0),
    "thermal": ("real thermal pictures among the names of their set", 90.0),
}
"""By modality, the goal of the figure `own_names` of `measure_recordings`."""


def recording_goals(real: JsonObject) -> Iterator[Goal]:
    """Yield the goals of held-out recordings."""
    for modality, (what, goal) in REAL.items():
        recordings = real.get(modality, {})
        own = recordings.get("own_names")
        if own is None:
            yield Goal(what, goal, None, "%")
            continue
        sources, samples = ", ".join(recordings["sources"]), recordings["samples"]
        where = f"{sources}: {len(own['labels'])} names, {samples} samples"
        yield Goal(f"{what} ({where})", goal, own["top1"], "%")


def student_goals(
    students: JsonObject, scale: JsonObject, tested: JsonObject | None = None
) -> Iterator[Goal]:
    """Yield the goals of the students.

    Args:
        students: `students` of `read_study`.
        scale: Likewise.
        tested: `student_gains` of it, for intervals.
    """
    if not students:
        return
    plain = (tested or {}).get("cad", {}).get("plain", {})
    gains = {m: _gain(entry) for m, entry in students.items()}
    known = [gain for gain in gains.values() if gain is not None]
    touch = gains.get("touch")
    what = "touch: CAD over the best plain objective, 10% of its data"
    yield Goal(what + _ends(plain.get("touch")), 4.34, touch, "points")
    papers = _gain(students.get("touch", {}), "omnibind")
    if papers is not None:
        what = "touch: the paper's CAD over the best plain objective, 10% of its data"
        of = (tested or {}).get("omnibind", {}).get("plain", {}).get("touch")
        yield Goal(what + _ends(of), 4.34, papers, "points")
    mean = float(np.mean(known)) if known else None
    what = "five students: the same, on average" + _ends(plain.get("mean"))
    yield Goal(what, 3.0, mean, "points")
    alike = (tested or {}).get("cad", {}).get("cross_entropy_from_image")
    if alike:
        what = "five students: CAD over cross-entropy that begins alike" + _ends(alike["mean"])
        yield Goal(what, 3.0, alike["mean"]["points"], "points")
    cad = scale.get("cad", {}).get("10", {}).get("mean")
    entropy = scale.get("cross_entropy", {}).get("30", {}).get("mean")
    lead = None if cad is None or entropy is None else cad - entropy
    yield Goal("CAD with 10% of the data over cross-entropy with 30%", 0.0, lead, "points")
    full = [gain for e in students.values() if (gain := _gain(e.get("at_100", {}))) is not None]
    lowest = min(full, default=None)
    yield Goal("CAD over the best plain objective, 100%, the worst student", 0.0, lowest, "points")


def _ends(gain: JsonObject | None) -> str:
    return f" (95% {interval(gain['interval'])})" if gain else ""


def digit_goals(students: JsonObject, fusion: JsonObject | None) -> Iterator[Goal]:
    """Yield the goals of the digits set.

    Args:
        students: The students of its study; nothing is yielded where it is empty.
        fusion: The result of the fusion of all modalities; None where there is none.
    """
    if not students:
        return
    what = "digits, events: CAD over the best plain objective, 10% of their data"
    yield Goal(what, 4.34, _gain(students.get("event", {})), "points")
    parts = fusion["summary"] if fusion else {}
    for name, where in (("all", "all combinations"), ("without_text", "those without text")):
        gain = parts.get(name, {}).get("gain_over_mean")
        yield Goal(f"digits: AF over the mean, {where}", 4.05, gain, "points")
    every = fusion["combinations"]["+".join(fusion["modalities"])]["af"] if fusion else None
    yield Goal("digits: all four fused, top-1", 99.0, every, "%")


def _gain(entry: JsonObject, objective: str = "cad") -> float | None:
    plain = [entry[name] for name in PLAIN if name in entry]
    return float(entry[objective] - max(plain)) if plain and objective in entry else None


def goals_section(
    evaluation: JsonObject | None,
    household: JsonObject,
    digits: JsonObject,
    runs: Sequence[JsonObject],
) -> list[str]:
    """Return the section with all goals; empty where nothing was measured.

    Args:
        evaluation: The evaluation of the bundle; None where there is none.
        household: What `read_study` returned of the household data.
        digits: What `read_study` returned of the digits.
        runs: All results of the study.
    """
    goals: list[Goal] = []
    if evaluation is not None:
        goals += real_goals(evaluation.get("real", {}))
        goals += fusion_goals(evaluation)
        if "recordings" in evaluation:
            goals += recording_goals(evaluation["recordings"])
    goals += student_goals(
        household["students"], household["scale"], household.get("student_gains")
    )
    fusions = (r for r in runs if (r["kind"], r["data"], r.get("tag")) == ("fusion", "digits", ""))
    goals += digit_goals(digits["students"], next(fusions, None))
    if not goals:
        return []
    head = ("figure", "goal", "measured", "verdict")
    return ["## At a glance", table(head, [goal.row() for goal in goals])]
