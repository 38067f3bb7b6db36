"""What the figures should reach, and whether they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.learning.cad.losses import PLAIN

Result = Mapping[str, Any]


class Target(NamedTuple):
    """A figure to be reached.

    Attributes:
        what: What it is.
        goal: At least this much, or at most where `most` is set.
        found: What was measured; None where it was not.
        unit: Of both.
        most: Whether less is better.
    """

    what: str
    goal: float
    found: float | None
    unit: str
    most: bool = False

    @property
    def verdict(self) -> str:
        """Say in a few words whether it is reached, and by how much it is missed."""
        if self.found is None:
            return "not measured"
        gap = self.goal - self.found if not self.most else self.found - self.goal
        if gap <= 1e-9:
            return "reached"
        unit = "" if self.unit == "AUROC" else (" points" if self.unit == "%" else f" {self.unit}")
        return f"missed by {gap:.3f}" if not unit else f"missed by {gap:.1f}{unit}"


def fusion_targets(found: Result) -> Iterator[Target]:
    """Yield the targets of an evaluation of the bundle."""
    for name, part in found["summary"].items():
        where = "all combinations" if name == "all" else "without text"
        yield Target(f"AF over the mean, {where}", 4.05, part["gain_over_mean"], "points")
        worst = part["worst_against_best_single"]
        yield Target(
            f"AF over the best single member, {where}, at worst ({worst['combination']})", -0.5,
            worst["points"], "points",
        )  # fmt: skip
        worst = part["worst_addition"]
        yield Target(
            f"what another fresh modality changes, {where}, at worst ({worst['addition']})", -1.0,
            worst["points"], "points",
        )  # fmt: skip
    robust = found["robustness"]
    for fault in next(iter(robust.values()), {}):
        losses = {modality: faults[fault]["af_loss"] for modality, faults in robust.items()}
        worst = max(losses, key=lambda name: losses[name])
        yield Target(
            f"AF's loss by one faulty sensor, {fault.replace('_', ' ')}, at worst ({worst})", 2.0,
            losses[worst], "points", most=True,
        )  # fmt: skip
    everything = found["combinations"]["+".join(found["modalities"])]
    yield Target("all modalities fused, top-1", 90.0, everything["af"], "%")
    yield Target("ECE of all modalities fused", 5.0, found["ece"], "%", most=True)
    yield Target("AUROC of unknown things", 0.85, found["auroc_unknown"], "AUROC")


REAL = {
    "audio": ("real sounds, named as their set names them", 85.0),
    "thermal": ("real thermal pictures, named as their set names them", 90.0),
}
"""By modality, a target of what `measure_recordings` says under own_names."""


def real_targets(real: Result) -> Iterator[Target]:
    """Yield the targets of held-out recordings."""
    for modality, (what, goal) in REAL.items():
        of = real.get(modality, {})
        own = of.get("own_names")
        if own is None:
            yield Target(what, goal, None, "%")
            continue
        where = f"{', '.join(of['sources'])}: {len(own['labels'])} names, {of['samples']} samples"
        yield Target(f"{what} ({where})", goal, own["top1"], "%")


def student_targets(students: Result, scale: Result) -> Iterator[Target]:
    """Yield the targets of the students."""
    if not students:
        return
    gains = {m: _gain(entry) for m, entry in students.items()}
    known = [gain for gain in gains.values() if gain is not None]
    yield Target(
        "touch: CAD over the best plain objective, 10% of its data", 4.34, gains.get("touch"),
        "points",
    )  # fmt: skip
    yield Target(
        "five students: the same, on average", 3.0, float(np.mean(known)) if known else None,
        "points",
    )  # fmt: skip
    cad = scale.get("cad", {}).get("10", {}).get("mean")
    plain = scale.get("cross_entropy", {}).get("30", {}).get("mean")
    lead = None if cad is None or plain is None else cad - plain
    yield Target("CAD with 10% of the data over cross-entropy with 30%", 0.0, lead, "points")
    full = [gain for e in students.values() if (gain := _gain(e.get("at_100", {}))) is not None]
    yield Target(
        "CAD over the best plain objective, 100%, the worst student", 0.0,
        min(full, default=None), "points",
    )  # fmt: skip


def digit_targets(students: Result, fusion: Result | None) -> Iterator[Target]:
    """Yield the targets of the digits set.

    Args:
        students: `study_results.students` of it; nothing is yielded where it is empty.
        fusion: The result of the fusion of all modalities, where there is one.
    """
    if not students:
        return
    events = students.get("event", {})
    yield Target(
        "digits, events: CAD over the best plain objective, 10% of their data", 4.34,
        _gain(events), "points",
    )  # fmt: skip
    parts = fusion["summary"] if fusion else {}
    for name, where in (("all", "all combinations"), ("without_text", "those without text")):
        gain = parts.get(name, {}).get("gain_over_mean")
        yield Target(f"digits: AF over the mean, {where}", 4.05, gain, "points")
    every = fusion["combinations"]["+".join(fusion["modalities"])]["af"] if fusion else None
    yield Target("digits: all four fused, top-1", 99.0, every, "%")


def _gain(entry: Result) -> float | None:
    plain = [entry[name] for name in PLAIN if name in entry]
    return float(entry["cad"] - max(plain)) if plain and "cad" in entry else None
