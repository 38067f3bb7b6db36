"""ModelNet40: computer-drawn shapes of 40 classes.

Layouts: CLASS/{train,test}/*.off (modelnet.cs.princeton.edu), the same tree with .npy files of
points, and modelnet40_ply_hdf5_2048 (PointNet's conversion): ply_data_{train,test}*.h5 with data
[M, 2048, 3] and label [M, 1], and shape_names.txt.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Load, Reader, entries, folders, read_lines, split_folders
from .formats.meshes import load_h5_points, load_mesh_points, load_npy_points

MESHES = frozenset({".off", ".obj", ".ply", ".stl"})


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    tables = [path for path in entries(root) if path.suffix == ".h5"]
    for path in tables:
        yield from _scan_h5(reader, root, path, log)
    for folder in () if tables else folders(root):
        for part, split in split_folders(folder):
            for path in entries(part):
                below = path.relative_to(root).as_posix()
                load: Load
                meta = {"scale": "nominal"}
                if path.suffix.lower() in MESHES:
                    load = partial(load_mesh_points, path)
                    meta["mesh"] = below
                elif path.suffix == ".npy":
                    load = partial(load_npy_points, path)
                else:
                    log.add(below, "it is neither a mesh nor points")
                    continue
                label = folder.name.replace("_", " ")
                yield reader.item(below, label, {"points": load}, split=split, meta=meta)


def _scan_h5(reader: Reader, root: Path, path: Path, log: SkipLog) -> Iterator[Item]:
    import h5py  # noqa: PLC0415 - optional: only this layout needs it

    names = read_lines(root / "shape_names.txt")
    split: Split = "test" if "test" in path.stem else "train"
    try:
        with h5py.File(path, "r") as file:
            labels = [int(value) for value in file["label"][:].reshape(-1)]
    except (OSError, KeyError, ValueError):
        log.add(path.name, "the file is no HDF5 file with labels")
        return
    for index, number in enumerate(labels):
        below = f"{path.name}#{index}"
        if not 0 <= number < len(names):
            log.add(below, "shape_names.txt has no such class")
            continue
        modalities = {"points": partial(load_h5_points, path, index)}
        label = names[number].replace("_", " ")
        yield reader.item(below, label, modalities, split=split, meta={"scale": "nominal"})


MODELNET40 = Reader(
    name="modelnet40",
    title="ModelNet40",
    modalities=("points",),
    layout="CLASS/{train,test}/*.off (or .npy), or ply_data_{train,test}*.h5 and shape_names.txt",
    licence="ModelNet terms (academic use only)",
    author="Wu et al. 2015",
    scan=_scan,
    origin="simulated",
)
