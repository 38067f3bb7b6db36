"""Recordings of real sensors: what the bundle says of them, and the goals of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from omnibind_ros.evaluation import JsonObject

from .goal import Goal
from .markdown import percent, table

WRONG_KNOWN = 10.0
"""Largest share of samples that may be wrong and known, percent."""

FEW = 20
"""Sets of fewer samples are shown, but have no goal: one sample is five points or more of them."""


HEAD = (
    *("recordings", "samples", "names", "named right", "balanced"),
    *("right among all labels", "known", "wrong and known", "linear probe"),
)


class NamedGoal(NamedTuple):
    """The goal of one set, where it was measured.

    Attributes:
        key: Name of the set in `measure_real`'s figures.
        what: The figure in words.
        figure: Its key.
        goal: Lowest value that is accepted, percent.
    """

    key: str
    what: str
    figure: str
    goal: float


GOALS = (
    NamedGoal(
        "image_grocery_store",
        "photographs of groceries, 43 names, top-1",
        "top1_candidates",
        20.5,
    ),
    NamedGoal(
        "points_kinect_tabletop_rgbd:points",
        "Kinect clouds of household things, eight names, balanced",
        "balanced_candidates",
        60.0,
    ),
    NamedGoal(
        "paired_rgb_thermal_roadscene_crops:thermal",
        "thermal pictures at street level, three names, balanced",
        "balanced_candidates",
        80.0,
    ),
    NamedGoal(
        "thermal_hituav_crops",
        "thermal pictures from a drone, four names, balanced",
        "balanced_candidates",
        60.0,
    ),
)
"""The names of sets are those of the folders; a set of another name has no goal of its own."""


def real_goals(real: Mapping[str, JsonObject]) -> Iterator[Goal]:
    """Yield the goals of the recordings that were measured.

    Args:
        real: `real` of an evaluation, as `measure_real` returns it.
    """
    for each in GOALS:
        if real.get(each.key, {}).get("n"):
            yield Goal(each.what, each.goal, real[each.key][each.figure], "%")
    large = {name: of["wrong_known"] for name, of in real.items() if of["n"] >= FEW}
    if large:
        worst = max(large, key=lambda name: large[name])
        what = f"wrong and known on the worst set of {FEW} or more recordings ({worst})"
        yield Goal(what, WRONG_KNOWN, large[worst], "%", most=True)


def real_sections(evaluation: JsonObject | None) -> list[str]:
    """Return the section with a row for each set; empty where none was measured."""
    real = {name: of for name, of in (evaluation or {}).get("real", {}).items() if of["n"]}
    if not real:
        return []
    return [
        "## On recordings of real sensors",
        "Recordings that nobody here made, by the node's own path "
        "(`omnibind evaluate --bundle household --real DIR`; the sets: "
        "[recognise files](how-to/recognise_files.md#measure-a-bundle-on-real-recordings)). "
        "Percent. 'Named right' is among the names of the set's classes, 'balanced' the mean over "
        "these classes; known, and wrong and known, are among the bundle's own labels. The linear "
        "probe is what the encoder's features tell of these classes where labels are given.",
        table(HEAD, [_row(name, of) for name, of in real.items()]),
    ]


def _row(name: str, of: Mapping[str, Any]) -> tuple[str, ...]:
    shown = name if of["modality"] in name else f"{name} ({of['modality']})"
    shares = ("top1_candidates", "balanced_candidates", "top1", "known", "wrong_known", "probe")
    return (shown, str(of["n"]), str(of["classes"]), *(percent(of[share]) for share in shares))
