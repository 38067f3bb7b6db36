"""The pictures of the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omnibind_ros.modalities import MODALITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Result = Mapping[str, Any]

COLOURS = {
    "af": "#1b6ca8", "mean": "#e08e2b", "best_single": "#555555", "cad": "#1b6ca8",
    "cross_entropy": "#e08e2b", "infonce": "#6b9e3f", "regression": "#a05195",
    "cross_entropy_from_image": "#b5651d", "cross_entropy_from_random": "#b8b8b8",
}  # fmt: skip
WORDS = {
    "af": "Adaptive Fusion", "mean": "mean of embeddings", "best_single": "best single member",
    "mean_logits": "mean of logits", "entropy_weighted": "entropy-weighted mean",
    "concat_mlp": "concatenation + MLP", "cad": "CAD", "cross_entropy": "cross-entropy",
    "infonce": "InfoNCE to the image", "regression": "feature regression",
    "cross_entropy_from_image": "cross-entropy, begun as CAD",
    "cross_entropy_from_random": "cross-entropy, random weights",
}  # fmt: skip
DPI = 130


def draw_combinations(found: Result, path: Path) -> None:
    """Draw every combination: who is in it, and what each rule makes of it."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    table = found["combinations"]
    names = sorted(table, key=lambda n: (n.count("+"), table[n]["af"], n))
    place = np.arange(len(names))
    figure = Figure(figsize=(max(5.0, 0.115 * len(names) + 2.2), 5.6), layout="constrained")
    top, below = figure.subplots(
        2, 1, sharex=True, height_ratios=(3.2, 0.24 * len(found["modalities"]))
    )
    for rule, marker in (("best_single", "_"), ("mean", "o"), ("af", "o")):
        top.scatter(
            place, [table[n][rule] for n in names], s=34 if rule == "best_single" else 13,
            marker=marker, color=COLOURS[rule], label=WORDS[rule], zorder=3,
        )  # fmt: skip
    spans = [(table[n]["mean"], table[n]["af"]) for n in names]
    top.vlines(place, *np.array(spans).T, color=COLOURS["af"], alpha=0.35, lw=1.2)
    _separate((top, below), names)
    top.set(ylabel="top-1 (%)", title=f"All {len(names)} combinations on {found['objects']} "
            f"objects of {found['classes']} classes that training has not seen")  # fmt: skip
    top.grid(axis="y", alpha=0.3)
    top.legend(frameon=False, loc="lower right", ncols=3)
    modalities = list(reversed(found["modalities"]))
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
    """Draw a line where combinations of one size end."""
    sizes = np.array([name.count("+") for name in names])
    for border in np.flatnonzero(np.diff(sizes)):
        for one in axes:
            one.axvline(border + 0.5, color="#bbbbbb", lw=0.8, ls=":")


def draw_faults(found: Result, path: Path) -> None:
    """Draw what one faulty sensor costs AF and the mean, by sensor and fault."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    robust = found["robustness"]
    faults = list(next(iter(robust.values())))
    figure = Figure(figsize=(2.9 * len(faults), 3.4), layout="constrained")
    place = np.arange(len(robust))
    for axes, fault in zip(np.ravel(figure.subplots(1, len(faults), sharey=True)), faults,
                           strict=True):  # fmt: skip
        for shift, rule in ((-0.2, "mean"), (0.2, "af")):
            loss = [robust[modality][fault][f"{rule}_loss"] for modality in robust]
            axes.bar(place + shift, loss, 0.38, color=COLOURS[rule], label=WORDS[rule])
        axes.axhline(2, color="#333333", lw=0.8, ls=":")
        axes.set_title(fault.replace("_", " "))
        axes.set_xticks(place, list(robust), rotation=60)
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].set_ylabel("loss against leaving it out (points)")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=DPI)


def draw_scale(scale: Result, path: Path) -> None:
    """Draw accuracy against the share of student data, one field a student and their mean.

    There is no mean where some objectives have trained fewer students than others.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    trained = [{m for v in shares.values() for m in v} for shares in scale.values()]
    there = set[str]().union(*trained)
    fields = [name for name in MODALITIES if name in there]
    fields += ["mean"] if all(students == there for students in trained) else []
    figure = Figure(figsize=(2.5 * len(fields), 3.2), layout="constrained")
    for axes, modality in zip(np.ravel(figure.subplots(1, len(fields), sharey=True)), fields,
                              strict=True):  # fmt: skip
        for objective, shares in scale.items():
            points = sorted((float(s), v[modality]) for s, v in shares.items() if modality in v)
            axes.plot(*zip(*points, strict=True), marker="o", ms=3.5, color=COLOURS.get(objective),
                      label=WORDS.get(objective, objective.replace("_", " ")))  # fmt: skip
        axes.set(title=modality, xscale="log", xlabel="student data (%)")
        axes.set_xticks([1, 5, 10, 30, 100], ["1", "5", "10", "30", "100"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("top-1 (%)")
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(fields),
        frameon=False, fontsize=8,
    )  # fmt: skip
    figure.savefig(path, dpi=DPI)


def draw_confusion(found: Result, path: Path) -> None:
    """Draw which class is taken for which, all modalities fused, as shares of the class."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    counts = np.array(found["confusion"]["counts"], float)
    seen = counts.sum(1) > 0
    kept = seen | (counts.sum(0) > 0)
    labels = [label for label, k in zip(found["confusion"]["labels"], kept, strict=True) if k]
    share = counts[kept][:, kept] / np.maximum(counts[kept].sum(1, keepdims=True), 1)
    size = 1.9 + 0.19 * len(labels)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(100 * share, cmap="Blues", vmin=0, vmax=100)
    ticks = np.arange(len(labels))
    axes.set_xticks(ticks, labels, rotation=90, fontsize=7)
    axes.set_yticks(ticks, labels, fontsize=7)
    axes.set(xlabel="taken for", ylabel="class")
    figure.colorbar(image, label="% of the class", shrink=0.7)
    figure.savefig(path, dpi=DPI)
