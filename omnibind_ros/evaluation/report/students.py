"""Sections on the students: objectives, the terms of CAD, and shares of the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.evaluation.study.plan import TRANSFER
from omnibind_ros.evaluation.study.results import HEADLINE, OBJECTIVES, OTHER_STARTS
from omnibind_ros.learning.cad.losses import CAD_TERMS
from omnibind_ros.modalities import STUDENTS

from .markdown import percent, table
from .paper import interval
from .pictures import WORDS, draw_scale

RIVALS = {"plain": "the best plain objective", OTHER_STARTS[1]: "cross-entropy that begins alike"}
"""Names of what `student_gains` compares with."""


def student_sections(study: JsonObject, results: Path, pictures: Path, data: str = "") -> list[str]:
    """Return the sections on the students of a dataset, and draw their picture.

    Args:
        study: What `read_study` returned.
        results: Folder of the pictures.
        pictures: The same folder, relative to the report.
        data: Name of the dataset for the headings; '' for the household data.
    """
    students, scale = study["students"], study["scale"]
    if not students:
        return []
    parts = [f"## Students: {data}" if data else "## Students"]
    prefix = f"{data}-" if data else ""
    parts += _objectives(students, f"{HEADLINE:g}% of student data")
    parts += _gained(study.get("student_gains", {}))
    at_100 = {name: student["at_100"] for name, student in students.items()}
    parts += _objectives(at_100, "all student data")
    if any(len(shares) > 1 for shares in scale.values()):
        draw_scale(scale, results / f"{prefix}scale.png")
        parts += ["### Scale", f"![accuracy against share of data]({pictures}/{prefix}scale.png)"]
    return parts


def _objectives(students: Mapping[str, JsonObject], title: str) -> list[str]:
    """Return the tables of objectives and of CAD's terms with one share of the data."""
    parts = []
    there = [name for name in OBJECTIVES if any(name in of for of in students.values())]
    rows = [
        (name, *(_mean_of_seeds(student, objective) for objective in there))
        for name, student in students.items()
    ]
    if there:
        head = ("student", *(WORDS[name] for name in there))
        parts += [
            f"Top-1 in percent with {title}, mean ± standard deviation over seeds, or of one seed:",
            table(head, rows),
        ]
    columns = ("cad", *CAD_TERMS, TRANSFER)
    rows = [
        (name, *(percent(student["without"].get(column)) for column in columns))
        for name, student in students.items()
        if student.get("without")
    ]
    if rows:
        parts += [
            f"CAD, and CAD without each of its terms, with {title}, of the same seeds:",
            table(("student", WORDS["cad"], *columns[1:]), rows),
        ]
    return parts


def _gained(gains: JsonObject) -> list[str]:
    """Return the table of what CAD, ours and the paper's, gains; empty where that is unknown.

    Args:
        gains: What `student_gains` returned.
    """
    columns = {
        f"{WORDS[objective]} over {RIVALS[rival]}": found
        for objective, of in gains.items()
        for rival, found in of.items()
        if found
    }
    if not columns:
        return []
    rows = [
        (name, *(_points(found.get(name)) for found in columns.values()))
        for name in (*STUDENTS, "mean")
        if any(name in found for found in columns.values())
    ]
    return [
        f"Gains in points with {HEADLINE:g}% of student data, means over the same seeds, and their "
        "95% intervals by a bootstrap over test objects:",
        table(("student", *columns), rows),
    ]


def _points(gain: JsonObject | None) -> str:
    return "" if gain is None else f"{gain['points']:+.1f} ({interval(gain['interval'])})"


def _mean_of_seeds(student: JsonObject, objective: str) -> str:
    if objective not in student:
        return ""
    deviation = student["spread"].get(objective)
    mean = f"{student[objective]:.1f}"
    return mean if deviation is None else f"{mean} ± {deviation:.1f}"
