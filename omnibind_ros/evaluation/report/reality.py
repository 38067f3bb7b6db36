"""The report's section on simulation and reality."""

from __future__ import annotations

from collections.abc import Mapping

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.evaluation.study.results import reality_figures

from .markdown import percent, table

ROWS = {"simulated": "simulation alone", "recorded": "recordings alone", "all": "both"}
"""Training samples of the students, by origin."""

COLUMNS = ("simulated", "recorded", "competing", "own_names")


def simulation_and_reality(reality: JsonObject, evaluation: JsonObject | None) -> list[str]:
    """Return the section; empty where no recordings were measured.

    Args:
        reality: The figures `reality` of `read_study`.
        evaluation: The evaluation of the bundle; None where there is none.
    """
    rows = [
        (modality, ROWS[origin], *_cells(of), f"{of['seeds']}")
        for origin, by_modality in reality.items()
        for modality, of in by_modality.items()
    ]
    recordings = (evaluation or {}).get("recordings") or {}
    real = {m: of for m, of in recordings.items() if "top1" in of}
    rows += [
        (modality, "the bundle", *_cells(reality_figures(of, of.get("simulated"))), "")
        for modality, of in real.items()
    ]
    if not rows:
        return []
    rows.sort(key=lambda row: row[0])
    head = (
        *("student", "trained on", "simulated", "recorded"),
        *("among recorded classes", "among names of their set", "seeds"),
    )
    parts = [
        "## Simulation and reality",
        "Top-1 in percent on held-out test samples: simulated ones, and recordings among all "
        "classes, among the recorded classes alone, and among the names that the recordings have "
        "in the set they come from:",
        table(head, rows),
    ]
    return parts + [_recordings(modality, of) for modality, of in real.items()]


def _cells(of: Mapping[str, float | None]) -> list[str]:
    return [percent(of.get(name)) for name in COLUMNS]


def _recordings(modality: str, of: JsonObject) -> str:
    """Describe the recordings of a modality, and the accuracy of each name."""
    text = (
        f"{modality.capitalize()}: {of['samples']} recordings of {of['objects']} objects from "
        f"{', '.join(of['sources'])}, of {len(of['competing']['labels'])} of {of['classes']} "
        f"classes ({', '.join(of['competing']['labels'])})"
    )
    if "own_names" in of:
        names = (f"{name} {value:.0f}%" for name, value in of["own_names"]["by_name"].items())
        text += f"; by its own name: {', '.join(names)}"
    if of["windows"] > of["samples"]:
        text += f"; of {of['windows']} single windows {of['window_top1']:.1f}% are correct"
    return text + "."
