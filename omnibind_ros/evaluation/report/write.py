"""Writes the report from the JSON files of an evaluation and of a study."""

from __future__ import annotations

import json
import os
from pathlib import Path

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.evaluation import JsonObject
from omnibind_ros.evaluation.study.results import read_results, read_study
from omnibind_ros.learning.config import TrainingError

from .checks import checks_section
from .fusion import bundle_sections, fusion_run_sections, tagged_run_sections
from .goals import goals_section
from .live import live_sections, read_live, update_readme
from .real import real_sections
from .reality import simulation_and_reality
from .students import student_sections

TRIED = "tried.md"
"""File beside the evaluation, written by hand: what was tried where a goal is missed."""

LIVE = "live.json"
"""File beside the evaluation with the live figures; it may be missing."""

HEAD = """# Results

`omnibind report` writes this page from the JSON files in `docs/results` and the text of
`docs/results/tried.md`; change nothing by hand.
These commands write the files; each of them continues where it was interrupted:

    omnibind study --plan config/study.yaml --data household=DIR --data digits=DIR --work DIR
    omnibind evaluate --bundle household --data DIR --config config/fusion.yaml \\
        --real RECORDINGS --json docs/results/evaluation.json
    python3 benchmarks/seven_senses.py --meshes DIR --json docs/results/live.json
    omnibind report

All figures are measured on test objects, on which no encoder, fusion, threshold or temperature was
fitted. Top-1 is the share of samples whose best label is right. How each figure is measured:
[evaluation](explanation/evaluation.md)."""


def write_report(results: Path, out: Path, readme: Path | None = None) -> None:
    """Write the report and its pictures, and the live figures into the README.

    Args:
        results: Folder with evaluation.json (from `omnibind evaluate --json`) and study/ (from
            `omnibind study`); one of them may be missing. Pictures are written there. The section
            on what was tried is the text of tried.md in this folder. The live figures are those of
            live.json (from benchmarks/seven_senses.py), if it is there; those of single benchmarks,
            the files in checks/.
        out: The report, Markdown.
        readme: A README whose table of live figures is written anew; None: none.

    Raises:
        TrainingError: Both are missing, or one is damaged.
        OSError: The report cannot be written.
    """
    evaluation = _read_evaluation(results / "evaluation.json")
    runs = read_results(results / "study")
    if evaluation is None and not runs:
        raise TrainingError(
            f"{results} has neither evaluation.json nor study/; write them with `omnibind "
            "evaluate` and `omnibind study`"
        )
    pictures = Path(os.path.relpath(results, out.parent))
    household, digits = (read_study(results / "study", data) for data in ("household", "digits"))
    evaluation = _with_study(evaluation, household)
    live = read_live(results / LIVE)
    parts = [HEAD, *real_sections(evaluation), *live_sections(live, evaluation)]
    parts += goals_section(evaluation, household, digits, runs)
    parts += [*checks_section(results), _tried(results / TRIED)]
    if evaluation is not None:
        parts += bundle_sections(evaluation, results, pictures)
    parts += student_sections(household, results, pictures)
    parts += student_sections(digits, results, pictures, "digits")
    parts += simulation_and_reality(household["reality"], evaluation)
    for run in runs:
        if run["kind"] == "fusion" and run.get("tag"):
            parts += tagged_run_sections(run)
        elif run["kind"] == "fusion":
            parts += fusion_run_sections(run, results, pictures)
    write_atomic(out, "\n\n".join(part.strip() for part in parts if part) + "\n")
    if readme is not None:
        update_readme(readme, live)


def _read_evaluation(path: Path) -> JsonObject | None:
    if not path.is_file():
        return None
    try:
        evaluation = json.loads(path.read_text(encoding="utf-8"))
        evaluation["combinations"], evaluation["summary"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is no evaluation ({error}); write it again with `omnibind evaluate`"
        ) from error
    return dict(evaluation)


def _with_study(evaluation: JsonObject | None, household: JsonObject) -> JsonObject | None:
    """Return an evaluation in which what it has of a study is what the study says now."""
    own = evaluation is not None and "run" not in (evaluation.get("unknown") or {"run": ""})
    if evaluation is None or own or not household["unknown"]:
        return evaluation
    found = household["unknown"]
    return {**evaluation, "unknown": found, "auroc_unknown": found["auroc"]}


def _tried(path: Path) -> str:
    if not path.is_file():
        return ""
    return "## What was tried where a goal is missed\n\n" + path.read_text(encoding="utf-8")
