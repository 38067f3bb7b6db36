"""Sections on a fusion: combinations, faulty sensors, single modalities, retrieval, confusion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from omnibind_ros.evaluation import JsonObject

from .markdown import percent, table
from .paper import comparison_sections, gain_sections, paper_sections
from .pictures import WORDS, draw_combinations, draw_confusion, draw_faults
from .unknown import detection_paragraphs, unknown_section

RULES = (
    *("af", "mean", "mean_logits", "entropy_weighted"),
    *("linear", "unseen", "concat_mlp", "best_single"),
)
"""Fusion rules in the order of the columns."""


def bundle_sections(evaluation: JsonObject, results: Path, pictures: Path) -> list[str]:
    """Return the sections on the bundle, and draw their pictures.

    Args:
        evaluation: What `omnibind evaluate --json` wrote.
        results: Folder of the pictures.
        pictures: The same folder, relative to the report.
    """
    draw_confusion(evaluation, results / "confusion.png")
    return [
        "## The bundle",
        f"{evaluation['bundle']} on {evaluation['samples']} samples of {evaluation['objects']} "
        f"objects with {evaluation['classes']} labels that have every modality."
        f"{_labels(evaluation)}",
        *_combinations(evaluation, results, pictures, ""),
        *gain_sections(evaluation),
        *paper_sections(evaluation),
        *comparison_sections(evaluation),
        *_singles(evaluation),
        *unknown_section(evaluation),
        *_retrieval(evaluation),
        "### Confusion between classes",
        f"![confusion]({pictures}/confusion.png)",
        _mistakes(evaluation),
    ]


def fusion_run_sections(run: JsonObject, results: Path, pictures: Path) -> list[str]:
    """Return the sections on a fusion of the study, and draw their pictures."""
    return [
        f"## Fusion: {run['data']}, seed {run['seed']}",
        f"On {run['samples']} samples of {run['objects']} objects in {run['classes']} classes, "
        f"from the students of {run['of']}; ECE {run['ece']:.1f}%.",
        *_combinations(run, results, pictures, f"{run['name']}-"),
        *gain_sections(run),
        *comparison_sections(run),
    ]


def tagged_run_sections(run: JsonObject) -> list[str]:
    """Return the short section on a fusion with a changed configuration."""
    everything = run["combinations"]["+".join(run["modalities"])]
    gains = ", ".join(
        f"{part['gain_over_mean']:+.1f} points over {part['combinations']} combinations"
        f"{' without text' if name == 'without_text' else ''}"
        for name, part in run["summary"].items()
    )
    return [
        f"## Fusion: {run['data']}, {run['tag'].replace('_', ' ')}, seed {run['seed']}",
        f"On {run['samples']} samples of {run['objects']} objects in {run['classes']} classes, "
        f"from the students of {run['of']}: all modalities fused, top-1 {everything['af']:.1f}%, "
        f"ECE {run['ece']:.1f}%; AF over the mean of embeddings: {gains}.",
        *detection_paragraphs(run["unknown"]),
    ]


LABELS = {
    "shipped": "All {number} labels that the bundle ships compete, as in the node. An answer is "
    "right if it is the object's finest name among them, or a label that contains it and covers at "
    "most five; with all modalities, {exact:.1f}% of the answers are the finest name itself.",
    "classes": "The {number} classes of the dataset compete.",
}
"""Sentences on the labels, by `labels.which` of the evaluation."""


def _labels(evaluation: JsonObject) -> str:
    """Return the sentence on the labels; empty for an evaluation of version 0.2."""
    if "labels" not in evaluation:
        return ""
    exact = evaluation["combinations"]["+".join(evaluation["modalities"])]["exact"]
    of = evaluation["labels"]
    return " " + LABELS[of["which"]].format(number=of["number"], exact=exact)


def _combinations(evaluation: JsonObject, results: Path, pictures: Path, prefix: str) -> list[str]:
    """Return the section on combinations and faulty sensors."""
    draw_combinations(evaluation, results / f"{prefix}combinations.png")
    combinations = evaluation["combinations"]
    rules = [rule for rule in RULES if rule in next(iter(combinations.values()))]
    rows = [
        (
            f"{name.replace('_', ' ')} ({part['combinations']})",
            *(percent(part["top1"][rule]) for rule in rules),
        )
        for name, part in evaluation["summary"].items()
    ]
    for size in range(1, len(evaluation["modalities"]) + 1):
        of_size = [v for name, v in combinations.items() if name.count("+") == size - 1]
        means = (float(np.mean([v[rule] for v in of_size])) for rule in rules)
        rows.append((f"of {size} ({len(of_size)})", *map(percent, means)))
    parts = [
        "### Combinations",
        f"![combinations]({pictures}/{prefix}combinations.png)",
        "Top-1 in percent, means over combinations; the first rows over those of two or more:",
        table(("combinations", *(WORDS[rule] for rule in rules)), rows),
    ]
    if evaluation["robustness"]:
        draw_faults(evaluation, results / f"{prefix}faults.png")
        parts += [
            "### One faulty sensor among three or more",
            f"![faults]({pictures}/{prefix}faults.png)",
            "Loss of top-1 compared with leaving the sensor out, in points, AF / mean of "
            "embeddings; means over all combinations with the sensor:",
            _faults(evaluation["robustness"]),
        ]
    return parts


def _faults(robustness: JsonObject) -> str:
    faults = list(next(iter(robustness.values())))
    rows = [
        (modality, *(f"{by[f]['af_loss']:.1f} / {by[f]['mean_loss']:.1f}" for f in faults))
        for modality, by in robustness.items()
    ]
    return table(("sensor", *(fault.replace("_", " ") for fault in faults)), rows)


def _singles(evaluation: JsonObject) -> list[str]:
    rows = [
        (
            name,
            percent(single["encoder"]),
            percent(single["af"]),
            f"{single['samples']:g}",
            f"{single['classes']:g}",
        )
        for name, single in evaluation["singles"].items()
    ]
    return [
        "### Each modality alone",
        "On all test samples with the modality, recordings included:",
        table(("modality", "encoder, top-1 (%)", "through AF", "samples", "classes"), rows),
    ]


def _retrieval(evaluation: JsonObject) -> list[str]:
    names = evaluation["modalities"]
    pairs = evaluation["retrieval"]
    rows = [
        (query, *(percent(pairs.get(f"{query}>{gallery}", {}).get("map")) for gallery in names))
        for query in names
    ]
    return [
        "### Cross-modal retrieval",
        "Mean average precision in percent: queries of the modality of the row, gallery of the "
        "modality of the column; other objects of the same class are relevant:",
        table(("", *names), rows),
    ]


def _mistakes(evaluation: JsonObject) -> str:
    counts = np.array(evaluation["confusion"]["counts"])
    labels = evaluation["confusion"]["labels"]
    np.fill_diagonal(counts, 0)
    # Stable, so that equal counts stand in the same order on every processor.
    order = np.argsort(-counts, axis=None, kind="stable")
    worst = np.dstack(np.unravel_index(order[:8], counts.shape))[0]
    pairs = [f"{labels[a]} for {labels[b]} ({counts[a, b]})" for a, b in worst if counts[a, b]]
    return f"The most frequent mistakes: {', '.join(pairs) or 'none'}."
