"""The data card: README.md of a dataset, with the licence and author of every object."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.storage.item import SPLITS
from omnibind_ros.datasets.storage.manifest import Manifest
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.modalities import part

from .counts import OBJECT, count, read_objects

CARD = "README.md"
OBJECTS = "objects.csv"
NO_OBJECT_TWICE = "No object is in two splits."
LISTED = 2000
"""Most objects that the card itself lists; objects.csv always lists all."""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"

    return line(head) + line("---" for _ in head) + "".join(map(line, rows))


def _sources(description: Mapping[str, Any]) -> str:
    return _table(
        ("source", "licence", "credit"),
        (
            (source["name"], source["licence"], source.get("credit", ""))
            for source in description.get("sources", [])
        ),
    )


def _modalities(counts: Mapping[str, Any]) -> str:
    return _table(
        ("modality", "samples", "of these recorded", "stored as", "data"),
        (
            (
                name,
                counts["samples_by_modality"][name],
                counts["recorded_by_modality"][name],
                f"`KEY.{part('datasets.samples', name).SUFFIX}`",
                sample_module(name).CONTENT,
            )
            for name in stored_modalities()
        ),
    )


def _skipped(skipped: SkipLog) -> str:
    if not skipped.counts:
        return "Nothing was left out.\n"
    return _table(
        ("count", "why", "for example"),
        ((number, why, ", ".join(examples)) for why, number, examples in skipped),
    )


def _classes(objects: Sequence[Mapping[str, Any]]) -> str:
    cells: Counter[tuple[str, str]] = Counter()
    for row in objects:
        cells[row["label"], row["split"]] += 1
        cells[row["label"], "samples"] += row["samples"]
    labels = sorted({row["label"] for row in objects})
    return _table(
        ("class", "samples", *(f"{split} objects" for split in SPLITS)),
        (
            (label, cells[label, "samples"], *(cells[label, split] for split in SPLITS))
            for label in labels
        ),
    )


def _splits(objects: Sequence[Mapping[str, Any]], notes: Iterable[str]) -> str:
    """Return whether objects are in several splits, and the sentences of the plan."""
    where: dict[str, set[str]] = {}
    for row in objects:
        where.setdefault(row["object_id"], set()).add(row["split"])
    divided = sum(len(splits) > 1 for splits in where.values())
    first = f"{divided} of {len(where)} objects are in more than one split."
    return "".join(
        f"- {each[:1].upper()}{each[1:]}\n"
        for each in (first if divided else NO_OBJECT_TWICE, *notes)
    )


def _objects(objects: Sequence[Mapping[str, Any]]) -> str:
    if len(objects) > LISTED:
        return f"The {len(objects)} objects are listed in `{OBJECTS}`.\n"
    return _table(OBJECT, ([row[name] for name in OBJECT] for row in objects))


def write_card(folder: Path, manifest: Manifest) -> None:
    """Write README.md and objects.csv.

    Args:
        folder: The dataset's folder, with shards and index.
        manifest: The manifest.

    Raises:
        OSError: They cannot be written.
    """
    objects = read_objects(folder)
    counts = count(folder, manifest.size)
    description = manifest.description
    seed = description.get("seed")
    text = f"""\
# {description["name"]}

{description.get("summary", "")}

{counts["samples"]} samples ({counts["paired"]} with all modalities) of {counts["objects"]}
objects in {counts["classes"]} classes, {counts["bytes"] / 1e6:.0f} MB.
Version {description.get("version", "?")}, {"no randomness" if seed is None else f"seed {seed}"}.

Samples are in `shard-*.tar` (WebDataset's layout: the members of a sample share its key, `KEY.json`
describes it); `index.parquet` has the offset of each member.

## Modalities

{_modalities(counts)}
## Sources

{_sources(description)}
## Left out

{_skipped(SkipLog.from_dict(manifest.skipped))}
## Splits

{_splits(objects, description.get("notes", ()))}
## Classes

{_classes(objects)}
## Objects

{_objects(objects)}"""
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, (*OBJECT, "samples"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(objects)
    write_atomic(folder / OBJECTS, sheet.getvalue())
    write_atomic(folder / CARD, text)
