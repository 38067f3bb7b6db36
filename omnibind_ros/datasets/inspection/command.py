"""The command `omnibind dataset inspect`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle

from .counts import count
from .probe import household_labels, probe, zero_shot
from .sheet import contact_sheet, write_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("dataset", type=Path, metavar="DIR", help="the dataset")
    add("--json", type=Path, metavar="FILE", help="write the counts to FILE")
    add("--sheet", type=Path, metavar="FILE", help="draw a contact sheet (.png, .jpg)")
    add("--labels", default="", metavar="A,B", help="classes on the sheet (all)")
    add("--rows", type=int, default=1, metavar="N", help="objects of each class on the sheet (1)")
    add(
        "--probe",
        action="store_true",
        help="measure how well simple features of each modality predict the class",
    )


def run(options: argparse.Namespace) -> int:
    """Print the counts of a dataset, and write or draw what the options name.

    Args:
        options: As `add_arguments` adds them.

    Returns:
        The exit status.

    Raises:
        ValueError: The text is one sentence: what is wrong, and what to do.
        OSError: A file cannot be written.
    """
    dataset = Dataset.open(options.dataset)
    figures = count(options.dataset, dataset.manifest.size)
    if options.probe:
        figures["probe"] = probe(dataset)
        bundle = Bundle.load(resolve_bundle("teacher"))
        figures["zero_shot"] = zero_shot(dataset, bundle, household_labels(dataset))
    _print_figures(figures)
    if options.sheet is not None:
        labels = [label.strip() for label in options.labels.split(",") if label.strip()]
        write_sheet(options.sheet, contact_sheet(dataset.select(labels=labels), options.rows))
        print(f"drew {options.sheet}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _print_figures(figures: dict[str, Any]) -> None:
    print(
        f"{figures['samples']} samples ({figures['paired']} with all modalities) of "
        f"{figures['objects']} objects in {figures['classes']} classes, "
        f"{figures['bytes'] / 1e6:.1f} MB"
    )
    for what in ("objects_by_split", "samples_by_split"):
        parts = ", ".join(f"{name} {number}" for name, number in figures[what].items())
        print(f"{what.replace('_', ' ')}: {parts}")
    for name, number in figures["samples_by_modality"].items():
        line = f"  {name:<8}{number:>8} samples, {figures['recorded_by_modality'][name]} recorded"
        if name in figures.get("probe", {}):
            result = figures["probe"][name]
            line += f"; nearest centroid {result['accuracy']:.1%} (chance {result['chance']:.1%})"
        print(line)
    if "zero_shot" in figures:
        result = figures["zero_shot"]
        print(f"image teacher, zero-shot: {result['accuracy']:.1%} of {result['samples']} pictures")
