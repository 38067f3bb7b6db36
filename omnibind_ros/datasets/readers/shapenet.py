"""ShapeNetCore: computer-drawn shapes by WordNet synset.

Layout (shapenet.org, ShapeNetCore v2): SYNSET/MODEL/models/model_normalized.obj (v1:
SYNSET/MODEL/model.obj), and taxonomy.json, a list of {synsetId, name}, a name being all words of
the synset, with commas. y points up, -z to the front. Where the split of the SHREC challenge is
there (all.csv: id,synsetId,subSynsetId,modelId,split), it is used.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import SPLIT_FOLDERS, Reader, ReaderError, folders, read_lines
from .formats.meshes import load_mesh_points
from .imagefolder import class_label

MODEL_FILES = ("models/model_normalized.obj", "model.obj", "models/model_normalized.off")


def _taxonomy(root: Path) -> dict[str, list[str]]:
    path = root / "taxonomy.json"
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {
            entry["synsetId"]: [name.strip() for name in entry["name"].split(",")]
            for entry in entries
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReaderError(
            f"{path} is no ShapeNet taxonomy ({type(error).__name__}); restore it from where the "
            "set came"
        ) from error


def _splits(root: Path) -> dict[str, Split]:
    path = root / "all.csv"
    if not path.is_file():
        return {}
    rows = csv.DictReader(read_lines(path))
    return {
        row["modelId"]: SPLIT_FOLDERS[row["split"]]
        for row in rows
        if row.get("modelId") and row.get("split") in SPLIT_FOLDERS
    }


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names, splits = _taxonomy(root), _splits(root)
    for synset in folders(root):
        label, other = class_label(synset.name, names)
        for model in folders(synset):
            below = f"{synset.name}/{model.name}"
            path = next((model / name for name in MODEL_FILES if (model / name).is_file()), None)
            if path is None:
                log.add(below, "the model's file is missing")
                continue
            meta = {"scale": "nominal", "mesh": path.relative_to(root).as_posix(), **other}
            modalities = {"points": partial(load_mesh_points, path, y_up=True)}
            split = splits.get(model.name)
            yield reader.item(
                below, label, modalities, split=split, object_name=model.name, meta=meta
            )


SHAPENET = Reader(
    name="shapenet",
    title="ShapeNetCore",
    modalities=("points",),
    layout="SYNSET/MODEL/models/model_normalized.obj and taxonomy.json",
    licence="ShapeNet terms (non-commercial research and education)",
    author="Chang et al. 2015",
    scan=_scan,
    origin="simulated",
)
