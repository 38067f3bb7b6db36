"""Runs the command `omnibind evaluate`."""

from __future__ import annotations

import argparse
import json

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.manifest_writing import record_figures
from omnibind_ros.learning.progress import progress_bars
from omnibind_ros.learning.tensors.sample_labels import CLASSES, SHIPPED

from . import JsonObject
from .measure.bundle import evaluate_bundle, main_figures
from .measure.real import real_lines
from .run_real import measure


def run_evaluate(options: argparse.Namespace) -> int:
    """Measure a bundle, print the main figures, and return the exit status.

    Args:
        options: As `commands.add_evaluation` adds them; config is the configuration itself.

    Raises:
        ValueError: The bundle, the dataset or the study cannot be used.
        OSError: A file cannot be read or written.
    """
    unknown = None
    if options.unknown is not None:
        unknown = [name.strip() for name in options.unknown.split(",") if name.strip()]
    cache = options.cache.expanduser()
    with (
        chosen_workers(options.workers, options.dask, cache) as workers,
        progress_bars() as progress,
    ):
        figures = evaluate_bundle(
            options.bundle,
            options.data,
            cache,
            options.config,
            unknown,
            options.study,
            workers,
            lambda what, done, total: progress(what, done, total, {}),
            options.labels,
        )
        if options.real is not None:
            figures["real"] = measure(options.real, options.bundle, progress)
    if options.json:
        write_atomic(options.json, json.dumps(figures, indent=1) + "\n")
    if options.record:
        record_figures(resolve_bundle(options.bundle), "evaluation", main_figures(figures))
    _print(figures)
    print("\n".join(real_lines(figures.get("real", {}))))
    return 0


WORDS = {SHIPPED: "labels that the bundle ships", CLASSES: "classes of the dataset"}
"""What competes, in words."""


def _print(figures: JsonObject) -> None:
    labels = figures["labels"]
    added = f", of which the bundle lacks {', '.join(labels['added'])}" if labels["added"] else ""
    print(
        f"{figures['bundle']}: {figures['samples']} samples of {figures['objects']} objects with "
        f"{figures['classes']} labels, among {labels['number']} {WORDS[labels['which']]}{added}"
    )
    if "train" in figures["fitted_on"]:
        print(
            "there are too few validation objects: the baselines are fitted on training objects, "
            "on which they trust the encoders too much, so that their figures are too low"
        )
    if "test" in figures["calibrated_on"]:
        print(
            "the bundle was made without validation objects and calibrated on test objects: if "
            "they are those of this dataset, AF's figures are a little too good; bundle.yaml has "
            "figures of objects that nothing was fitted to, under across_folds"
        )
    for name, part in figures["summary"].items():
        rules = ", ".join(f"{rule} {value:.1f}%" for rule, value in part["top1"].items())
        print(f"{name.replace('_', ' ')}, {part['combinations']} combinations: {rules}")
    for name, of in figures["best_learned"].items():
        low, high = of["interval"]
        print(
            f"{name.replace('_', ' ')}, AF over the best baseline ({of['baseline']}): "
            f"{of['gain']:+.2f} points, 95% {low:+.2f} to {high:+.2f}"
        )
    everything = "+".join(figures["modalities"])
    top1 = figures["combinations"][everything]["af"]
    exact = figures["combinations"][everything]["exact"]
    print(
        f"{everything}: top-1 {top1:.1f}% ({exact:.1f}% the finest label itself), ECE "
        f"{figures['ece']:.1f}%, known and right {figures['known']['right']:.1f}%, known and wrong "
        f"{figures['known']['wrong']:.1f}%"
    )
    for modality, real in figures["recordings"].items():
        if "top1" in real:
            own = real.get("own_names", real["competing"])
            print(
                f"{modality}, {real['samples']} recordings: top-1 {real['top1']:.1f}% among all "
                f"labels, {own['top1']:.1f}% among {len(own['labels'])} names of "
                f"{', '.join(real['sources'])}"
            )
    if figures["auroc_unknown"] is not None:
        print(f"unknown objects: AUROC {figures['auroc_unknown']:.3f}")
