"""The pictures of the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from omnibind_ros.evaluation import JsonObject
from omnibind_ros.modalities import MODALITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "af": "#1b6ca8",
    "mean": "#e08e2b",
    "best_single": "#555555",
    "cad": "#1b6ca8",
    "cross_entropy": "#e08e2b",
    "infonce": "#6b9e3f",
    "regression": "#a05195",
    "omnibind": "#3aa6a6",
    "omnibind_from_image": "#2b6f6f",
    "cross_entropy_from_image": "#b5651d",
    "cross_entropy_from_random": "#b8b8b8",
}
"""Colours of fusion rules and of objectives."""

WORDS = {
    "af": "Adaptive Fusion",
    "mean": "mean of embeddings",
    "best_single": "best single member",
    "mean_logits": "mean of logits",
    "entropy_weighted": "entropy-weighted mean",
    "linear": "concatenation + linear layer",
    "unseen": "Unseen Modality Interaction",
    "concat_mlp": "concatenation + MLP",
    "cad": "CAD",
    "omnibind": "the paper's CAD",
    "omnibind_from_image": "the paper's CAD, initialised as CAD",
    "cross_entropy": "cross-entropy",
    "infonce": "InfoNCE to the image",
    "regression": "feature regression",
    "cross_entropy_from_image": "cross-entropy, initialised as CAD",
    "cross_entropy_from_random": "cross-entropy, random weights",
}
"""Names of fusion rules and of objectives in tables and legends."""

DPI = 130
"""Resolution of the pictures, pixels an inch."""


def draw_combinations(evaluation: JsonObject, path: Path) -> None:
    """Draw the top-1 of each rule for every combination, above the members of the combination."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    table = evaluation["combinations"]
    names = sorted(table, key=lambda n: (n.count("+"), table[n]["af"], n))
    place = np.arange(len(names))
    figure = Figure(figsize=(max(5.0, 0.115 * len(names) + 2.2), 5.6), layout="constrained")
    top, below = figure.subplots(
        2, 1, sharex=True, height_ratios=(3.2, 0.24 * len(evaluation["modalities"]))
    )
    for rule, marker in (("best_single", "_"), ("mean", "o"), ("af", "o")):
        top.scatter(
            place,
            [table[n][rule] for n in names],
            s=34 if rule == "best_single" else 13,
            marker=marker,
            color=COLOURS[rule],
            label=WORDS[rule],
            zorder=3,
        )
    spans = [(table[n]["mean"], table[n]["af"]) for n in names]
    top.vlines(place, *np.array(spans).T, color=COLOURS["af"], alpha=0.35, lw=1.2)
    _separate((top, below), names)
    title = (
        f"All {len(names)} combinations on {evaluation['objects']} objects of "
        f"{evaluation['classes']} classes that training has not seen"
    )
    top.set(ylabel="top-1 (%)", title=title)
    top.grid(axis="y", alpha=0.3)
    top.legend(frameon=False, loc="lower right", ncols=3)
    modalities = list(reversed(evaluation["modalities"]))
    for row, modality in enumerate(modalities):
        there = [modality in name.split("+") for name in names]
        below.scatter(place, np.full(len(names), row), s=9, color="#dddddd")
        below.scatter(place[there], np.full(sum(there), row), s=13, color="#333333")
    below.set(yticks=range(len(modalities)), xticks=[], xlim=(-1, len(names)))
    below.set_yticklabels(modalities)
    below.set_ylim(-0.6, len(modalities) - 0.4)
    for side in ("top", "right", "bottom"):
        below.spines[side].set_visible(False)
    figure.savefig(path, dpi=DPI)


def _separate(axes: tuple[Axes, ...], names: list[str]) -> None:
    """Draw a line between combinations of different sizes."""
    sizes = np.array([name.count("+") for name in names])
    for border in np.flatnonzero(np.diff(sizes)):
        for one in axes:
            one.axvline(border + 0.5, color="#bbbbbb", lw=0.8, ls=":")


def draw_faults(evaluation: JsonObject, path: Path) -> None:
    """Draw the loss of AF and of the mean by one faulty sensor, by sensor and fault."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    robustness = evaluation["robustness"]
    faults = list(next(iter(robustness.values())))
    figure = Figure(figsize=(2.9 * len(faults), 3.4), layout="constrained")
    place = np.arange(len(robustness))
    columns = np.ravel(figure.subplots(1, len(faults), sharey=True))
    for axes, fault in zip(columns, faults, strict=True):
        for shift, rule in ((-0.2, "mean"), (0.2, "af")):
            loss = [robustness[modality][fault][f"{rule}_loss"] for modality in robustness]
            axes.bar(place + shift, loss, 0.38, color=COLOURS[rule], label=WORDS[rule])
        axes.axhline(2, color="#333333", lw=0.8, ls=":")
        axes.set_title(fault.replace("_", " "))
        axes.set_xticks(place, list(robustness), rotation=60)
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].set_ylabel("loss compared with leaving it out (points)")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=DPI)


def draw_scale(scale: JsonObject, path: Path) -> None:
    """Draw accuracy against the share of student data, one column for each student and their mean.

    The mean is left out where some objectives have fewer students than others.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    trained = [{m for v in shares.values() for m in v} for shares in scale.values()]
    there = set[str]().union(*trained)
    fields = [name for name in MODALITIES if name in there]
    fields += ["mean"] if all(students == there for students in trained) else []
    figure = Figure(figsize=(2.5 * len(fields), 3.2), layout="constrained")
    columns = np.ravel(figure.subplots(1, len(fields), sharey=True))
    for axes, modality in zip(columns, fields, strict=True):
        for objective, shares in scale.items():
            points = sorted((float(s), v[modality]) for s, v in shares.items() if modality in v)
            axes.plot(
                *zip(*points, strict=True),
                marker="o",
                ms=3.5,
                color=COLOURS.get(objective),
                label=WORDS.get(objective, objective.replace("_", " ")),
            )
        axes.set(title=modality, xscale="log", xlabel="student data (%)")
        axes.set_xticks([1, 5, 10, 30, 100], ["1", "5", "10", "30", "100"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("top-1 (%)")
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(fields),
        frameon=False,
        fontsize=8,
    )
    figure.savefig(path, dpi=DPI)


def draw_confusion(evaluation: JsonObject, path: Path) -> None:
    """Draw the confusion matrix of all modalities fused, rows as shares of the class."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    counts = np.array(evaluation["confusion"]["counts"], float)
    seen = counts.sum(1) > 0
    kept = seen | (counts.sum(0) > 0)
    labels = [label for label, k in zip(evaluation["confusion"]["labels"], kept, strict=True) if k]
    share = counts[kept][:, kept] / np.maximum(counts[kept].sum(1, keepdims=True), 1)
    size = 1.9 + 0.19 * len(labels)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(100 * share, cmap="Blues", vmin=0, vmax=100)
    ticks = np.arange(len(labels))
    axes.set_xticks(ticks, labels, rotation=90, fontsize=7)
    axes.set_yticks(ticks, labels, fontsize=7)
    axes.set(xlabel="predicted", ylabel="class")
    figure.colorbar(image, label="% of the class", shrink=0.7)
    figure.savefig(path, dpi=DPI)
