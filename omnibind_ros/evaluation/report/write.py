"""Writes the report: tables and pictures from the JSON of an evaluation and a study."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.datasets.files import write_whole
from omnibind_ros.evaluation.study.plan import TRANSFER
from omnibind_ros.evaluation.study.results import HEADLINE, OBJECTIVES, read_results, read_study
from omnibind_ros.learning.cad.losses import CAD_TERMS
from omnibind_ros.learning.config import TrainingError

from .goals import Target, digit_targets, fusion_targets, real_targets, student_targets
from .markdown import percent, table
from .pictures import WORDS, draw_combinations, draw_confusion, draw_faults, draw_scale
from .reality import simulation_and_reality

Result = Mapping[str, Any]

TRIED = "tried.md"

RULES = ("af", "mean", "mean_logits", "entropy_weighted", "concat_mlp", "best_single")


def write_report(results: Path, out: Path) -> None:
    """Write the report and its pictures.

    Args:
        results: Folder with evaluation.json (what `omnibind evaluate --json` wrote) and study/
            (what `omnibind study` wrote); one of them may be missing. Pictures go there. What was
            tried where a goal is missed is taken from tried.md there, written by hand.
        out: The report, Markdown.

    Raises:
        TrainingError: Neither is there, or one is damaged.
        OSError: The report cannot be written.
    """
    found = _evaluation(results / "evaluation.json")
    study = read_results(results / "study")
    if found is None and not study:
        raise TrainingError(
            f"{results} has neither evaluation.json nor study/; write them with `omnibind "
            "evaluate` and `omnibind study`"
        )
    pictures = Path(os.path.relpath(results, out.parent))
    said, digits = (read_study(results / "study", data) for data in ("household", "digits"))
    parts = [_HEAD, *_targets(found, said, digits, study), _tried(results / TRIED)]
    if found is not None:
        parts += _bundle(found, results, pictures)
    parts += _students(said, results, pictures)
    parts += _students(digits, results, pictures, "digits")
    parts += simulation_and_reality(said["reality"], found)
    for run in study:
        if run["kind"] == "fusion" and run.get("tag"):
            parts += _tagged_run(run)
        elif run["kind"] == "fusion":
            parts += _fusion_run(run, results, pictures)
    write_whole(out, "\n\n".join(part.strip() for part in parts if part) + "\n")


_HEAD = """# Results

`omnibind report` writes this page from the JSON files in `docs/results` and the text of
`docs/results/tried.md`; change nothing by hand.
These commands make the files; each goes on where it was interrupted:

    omnibind study --plan config/study.yaml --data household=DIR --data digits=DIR --work DIR
    omnibind evaluate --bundle household --data DIR --config config/fusion.yaml \\
        --json docs/results/evaluation.json
    omnibind report

All figures are of test objects, which no encoder, fusion, threshold or temperature has seen. Top-1
is the share of samples whose best label is right. How each figure is measured:
[evaluation](explanation/evaluation.md)."""


def _evaluation(path: Path) -> Result | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["combinations"], found["summary"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is no evaluation ({error}); write it again with `omnibind evaluate`"
        ) from error
    return dict(found)


def _tried(path: Path) -> str:
    if not path.is_file():
        return ""
    return "## What was tried where a goal is missed\n\n" + path.read_text(encoding="utf-8")


def _targets(
    found: Result | None, said: Result, digits: Result, study: Sequence[Result]
) -> list[str]:
    if found is not None and found["auroc_unknown"] is None and said["unknown"]:
        found = {**found, "auroc_unknown": said["unknown"]["auroc"]}
    targets: list[Target] = list(fusion_targets(found)) if found is not None else []
    if found is not None and "real" in found:
        targets += real_targets(found["real"])
    targets += student_targets(said["students"], said["scale"])
    fused = (r for r in study if (r["kind"], r["data"], r.get("tag")) == ("fusion", "digits", ""))
    targets += digit_targets(digits["students"], next(fused, None))
    rows = []
    for target in targets:
        places = 3 if target.unit == "AUROC" else 2
        unit = "" if target.unit == "AUROC" else f" {target.unit}"
        bound = "at most" if target.most else "at least"
        value = "" if target.found is None else f"{target.found:.{places}f}{unit}"
        goal = f"{bound} {target.goal:g}{unit}"
        rows.append((target.what, goal, value, target.verdict))
    if not rows:
        return []
    return ["## At a glance", table(("figure", "goal", "measured", "verdict"), rows)]


def _bundle(found: Result, results: Path, pictures: Path) -> list[str]:
    parts = [
        "## The bundle",
        f"{found['bundle']} on {found['samples']} samples of {found['objects']} objects in "
        f"{found['classes']} classes that have every modality.",
    ]
    parts += _combinations(found, results, pictures, "")
    parts += _alone(found)
    parts += _unknown(found)
    parts += _retrieval(found)
    draw_confusion(found, results / "confusion.png")
    parts += ["### What is taken for what", f"![confusion]({pictures}/confusion.png)"]
    parts += [_mistakes(found)]
    return parts


def _combinations(found: Result, results: Path, pictures: Path, prefix: str) -> list[str]:
    """Return the section of combinations and faults, which a run of a fusion has too."""
    draw_combinations(found, results / f"{prefix}combinations.png")
    rules = [rule for rule in RULES if rule in next(iter(found["combinations"].values()))]
    rows = [
        (f"{name.replace('_', ' ')} ({part['combinations']})",
         *(percent(part["top1"][rule]) for rule in rules))
        for name, part in found["summary"].items()
    ]  # fmt: skip
    for size in range(1, len(found["modalities"]) + 1):
        of = [v for name, v in found["combinations"].items() if name.count("+") == size - 1]
        values = (float(np.mean([v[rule] for v in of])) for rule in rules)
        rows.append((f"of {size} ({len(of)})", *map(percent, values)))
    parts = [
        "### Combinations",
        f"![combinations]({pictures}/{prefix}combinations.png)",
        "Top-1 in percent, means over combinations; the first rows over those of two or more:",
        table(("combinations", *(WORDS[rule] for rule in rules)), rows),
    ]
    if found["robustness"]:
        draw_faults(found, results / f"{prefix}faults.png")
        parts += [
            "### One faulty sensor among three or more",
            f"![faults]({pictures}/{prefix}faults.png)",
            "Top-1 that is lost against leaving the sensor out, in points, AF / mean of embeddings;"
            " means over all combinations that it is in:",
            _faults(found["robustness"]),
        ]
    return parts


def _faults(robust: Result) -> str:
    faults = list(next(iter(robust.values())))
    rows = [
        (modality, *(f"{of[f]['af_loss']:.1f} / {of[f]['mean_loss']:.1f}" for f in faults))
        for modality, of in robust.items()
    ]
    return table(("sensor", *(fault.replace("_", " ") for fault in faults)), rows)


def _alone(found: Result) -> list[str]:
    rows = [
        (name, percent(of["encoder"]), percent(of["af"]), f"{of['samples']:g}",
         f"{of['classes']:g}")
        for name, of in found["singles"].items()
    ]  # fmt: skip
    return [
        "### Each modality alone",
        "On all test samples that have it, recordings included:",
        table(("modality", "encoder, top-1 (%)", "through AF", "samples", "classes"), rows),
    ]


def _unknown(found: Result) -> list[str]:
    parts = [
        "### Calibration and unknown things",
        f"ECE of all modalities fused is {found['ece']:.1f}% at temperature "
        f"{found['temperature']:.4f}.",
    ]
    of = found["unknown"]
    if "run" in of:
        parts.append(
            f"The bundle has learnt every class. How unknown things are found out is measured on "
            f"{of['run']}, trained alike but for the classes that it leaves out."
        )
    return parts + _strangers(of)


def _strangers(of: Result) -> list[str]:
    """Say how well things of classes that training has not seen are found out."""
    if "margin" not in of:
        return []
    alone = ", ".join(f"{name} {value:.2f}" for name, value in of["modalities"].items())
    return [
        f"Against {of['samples']} samples of classes that training has not seen "
        f"({', '.join(of['classes'])}), AUROC is {of['margin']:.3f} by the margin that "
        f"recognition goes by, {of['similarity']:.3f} by similarity and "
        f"{of['probability']:.3f} by probability. At its thresholds "
        f"{of['known_accepted']:.0f}% of known things are accepted and "
        f"{of['unknown_refused']:.0f}% of unknown ones refused. Each modality alone, by "
        f"similarity: {alone}.",
        *_open_vocabulary(of.get("open_vocabulary", {})),
    ]


def _open_vocabulary(of: Result) -> list[str]:
    """Return the table of things whose label was added after training."""
    if not of:
        return []
    rows = [(WORDS[rule], percent(v["new"]), percent(v["known"])) for rule, v in of.items()]
    return [
        "With labels for these classes, which nothing was trained on, all modalities fused name "
        "(top-1 in percent, all labels competing):",
        table(("fused by", "things of new classes", "things of known classes"), rows),
    ]


def _retrieval(found: Result) -> list[str]:
    names = found["modalities"]
    rows = [
        (query, *(percent(found["retrieval"].get(f"{query}>{other}", {}).get("map"))
                  for other in names))
        for query in names
    ]  # fmt: skip
    return [
        "### Cross-modal retrieval",
        "Mean average precision in percent; a row's samples seek those of a column, other objects "
        "of the same class count as found:",
        table(("", *names), rows),
    ]


def _mistakes(found: Result) -> str:
    counts, labels = np.array(found["confusion"]["counts"]), found["confusion"]["labels"]
    np.fill_diagonal(counts, 0)
    worst = np.dstack(np.unravel_index(np.argsort(-counts, axis=None)[:8], counts.shape))[0]
    said = [f"{labels[a]} for {labels[b]} ({counts[a, b]})" for a, b in worst if counts[a, b]]
    return f"The most frequent mistakes: {', '.join(said) or 'none'}."


def _students(said: Result, results: Path, pictures: Path, data: str = "") -> list[str]:
    students, scale = said["students"], said["scale"]
    if not students:
        return []
    parts = [f"## Students: {data}" if data else "## Students"]
    prefix = f"{data}-" if data else ""
    for share, title in ((None, f"{HEADLINE:g}% of student data"), ("at_100", "all student data")):
        these = {name: of[share] if share else of for name, of in students.items()}
        parts += _compared(these, title)
    if any(len(shares) > 1 for shares in scale.values()):
        draw_scale(scale, results / f"{prefix}scale.png")
        parts += ["### Scale", f"![accuracy against share of data]({pictures}/{prefix}scale.png)"]
    return parts


def _compared(students: Mapping[str, Result], title: str) -> list[str]:
    """Return the tables of objectives and of CAD's terms with one share of the data."""
    parts = []
    rows = [(name, *(_mean_of(of, objective) for objective in OBJECTIVES))
            for name, of in students.items()]  # fmt: skip
    if any(any(row[1:]) for row in rows):
        head = ("student", *(WORDS[name] for name in OBJECTIVES))
        parts += [
            f"Top-1 in percent with {title}, mean ± standard deviation over seeds, or of one seed:",
            table(head, rows),
        ]
    columns = ("cad", *CAD_TERMS, TRANSFER)
    rows = [(name, *(percent(of["without"].get(column)) for column in columns))
            for name, of in students.items() if of.get("without")]  # fmt: skip
    if rows:
        parts += [
            f"CAD, and CAD without each of its terms, with {title}, of the same seeds:",
            table(("student", WORDS["cad"], *columns[1:]), rows),
        ]
    return parts


def _mean_of(of: Result, objective: str) -> str:
    if objective not in of:
        return ""
    spread = of["spread"].get(objective)
    return f"{of[objective]:.1f}" + ("" if spread is None else f" ± {spread:.1f}")


def _tagged_run(run: Result) -> list[str]:
    """Return the short section of a run whose configuration differs from the others'."""
    everything = run["combinations"]["+".join(run["modalities"])]
    return [
        f"## Fusion: {run['data']}, {run['tag'].replace('_', ' ')}, seed {run['seed']}",
        f"On {run['samples']} samples of {run['objects']} objects in {run['classes']} classes, "
        f"from the students of {run['of']}: all modalities fused, top-1 {everything['af']:.1f}%, "
        f"ECE {run['ece']:.1f}%; AF over the mean of embeddings: "
        + ", ".join(
            f"{part['gain_over_mean']:+.1f} points over {part['combinations']} combinations"
            f"{' without text' if name == 'without_text' else ''}"
            for name, part in run["summary"].items()
        )
        + ".",
        *_strangers(run["unknown"]),
    ]


def _fusion_run(run: Result, results: Path, pictures: Path) -> list[str]:
    parts = [
        f"## Fusion: {run['data']}, seed {run['seed']}",
        f"On {run['samples']} samples of {run['objects']} objects in {run['classes']} classes, "
        f"from the students of {run['of']}; ECE {run['ece']:.1f}%.",
    ]
    return parts + _combinations(run, results, pictures, f"{run['name']}-")
