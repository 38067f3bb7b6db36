"""The report's section on simulation and reality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnibind_ros.evaluation.study.results import reality_figures

from .markdown import percent, table

Result = Mapping[str, Any]

ROWS = {"simulated": "simulation alone", "recorded": "recordings alone", "all": "both"}
"""What students were trained on, by origin."""

COLUMNS = ("simulated", "recorded", "competing", "own_names")


def simulation_and_reality(reality: Result, found: Result | None) -> list[str]:
    """Return the section, or nothing where neither the study nor the bundle met recordings.

    Args:
        reality: What `study_results.reality` returned.
        found: The evaluation of the bundle; None where there is none.
    """
    rows = [
        (modality, ROWS[origin], *_cells(of), f"{of['seeds']}")
        for origin, by_modality in reality.items()
        for modality, of in by_modality.items()
    ]
    real = {m: of for m, of in ((found or {}).get("real") or {}).items() if "top1" in of}
    rows += [
        (modality, "the bundle", *_cells(reality_figures(of, of.get("simulated"))), "")
        for modality, of in real.items()
    ]
    if not rows:
        return []
    rows.sort(key=lambda row: row[0])
    head = (
        "student", "trained on", "simulated", "recorded", "recorded classes compete",
        "names of their set compete", "seeds",
    )  # fmt: skip
    parts = [
        "## Simulation and reality",
        "Top-1 in percent on held-out test samples: simulated ones, and recordings with all "
        "classes competing, with only the classes that were recorded, and with only the names "
        "that the recordings have in the set that they come from:",
        table(head, rows),
    ]
    return parts + [_said(modality, of) for modality, of in real.items()]


def _cells(of: Mapping[str, float | None]) -> list[str]:
    return [percent(of.get(name)) for name in COLUMNS]


def _said(modality: str, of: Result) -> str:
    """Say what the recordings are, and how their names fare."""
    said = (
        f"{modality.capitalize()}: {of['samples']} recordings of {of['objects']} things from "
        f"{', '.join(of['sources'])}, of {len(of['competing']['labels'])} of {of['classes']} "
        f"classes ({', '.join(of['competing']['labels'])})"
    )
    if "own_names" in of:
        names = (f"{name} {value:.0f}%" for name, value in of["own_names"]["by_name"].items())
        said += f"; by its own name: {', '.join(names)}"
    if of["windows"] > of["samples"]:
        said += f"; of its {of['windows']} windows alone {of['window_top1']:.1f}% are named right"
    return said + "."
