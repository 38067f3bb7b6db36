"""Counts of a dataset, from its index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omnibind_ros.datasets.samples import stored_modalities
from omnibind_ros.datasets.storage.index import with_all_columns
from omnibind_ros.datasets.storage.item import SPLITS
from omnibind_ros.datasets.storage.manifest import INDEX
from omnibind_ros.modalities import OWN

OBJECT = ("label", "object_id", "split", "source", "licence", "author")


def read_objects(folder: Path) -> list[dict[str, Any]]:
    """Return every object of a dataset, by label and id.

    Args:
        folder: The dataset.

    Returns:
        For each: label, object_id, split, source, licence, author, samples.
    """
    table = pq.read_table(folder / INDEX, columns=list(OBJECT))
    texts = pa.table({name: table[name].cast(pa.string()) for name in OBJECT})
    groups = texts.group_by(list(OBJECT)).aggregate([([], "count_all")])
    rows = groups.sort_by([(name, "ascending") for name in OBJECT]).to_pylist()
    return [{"samples" if k == "count_all" else k: v for k, v in row.items()} for row in rows]


def count(folder: Path, size: int) -> dict[str, Any]:
    """Count a dataset.

    Args:
        folder: The dataset.
        size: Its size in bytes.

    Returns:
        classes, objects, samples, bytes: numbers; paired: samples with all modalities of this
        package, and of other packages those of which the dataset has any sample;
        objects_by_split, samples_by_split, samples_by_modality, recorded_by_modality,
        samples_by_class, objects_by_class: numbers by name.
    """
    objects = read_objects(folder)
    names, own = stored_modalities(), {modality.name for modality in OWN}
    wanted = {f"{name}_{what}" for name in names for what in ("size", "recorded")}
    columns = [name for name in pq.read_schema(folder / INDEX).names if name in wanted]
    table = with_all_columns(pq.read_table(folder / INDEX, columns=columns))
    present = {name: pc.is_valid(table[f"{name}_size"]) for name in names}
    paired = pa.chunked_array([pa.array([True] * len(table), pa.bool_())])
    for name, mask in present.items():
        if name in own or pc.any(mask).as_py():
            paired = pc.and_(paired, mask)

    def by(key: str, what: str = "") -> dict[str, int]:
        totals: dict[str, int] = {}
        for row in objects:
            totals[row[key]] = totals.get(row[key], 0) + (row[what] if what else 1)
        return totals

    object_splits = by("split")
    sample_splits = by("split", "samples")
    return {
        "classes": len({row["label"] for row in objects}),
        "objects": len({row["object_id"] for row in objects}),
        "samples": len(table),
        "paired": pc.sum(paired).as_py() or 0,
        "bytes": size,
        "objects_by_split": {split: object_splits.get(split, 0) for split in SPLITS},
        "samples_by_split": {split: sample_splits.get(split, 0) for split in SPLITS},
        "samples_by_modality": {name: pc.sum(mask).as_py() or 0 for name, mask in present.items()},
        "recorded_by_modality": {
            name: pc.sum(table[f"{name}_recorded"]).as_py() or 0 for name in names
        },
        "samples_by_class": by("label", "samples"),
        "objects_by_class": by("label"),
    }
