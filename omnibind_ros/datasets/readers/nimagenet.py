"""N-ImageNet: ImageNet on a screen, recorded by a moving event camera.

Layout (82magnolia/n_imagenet on GitHub, 'Dataset Setup'): extracted_train/SYNSET/*.npz and
extracted_val/SYNSET/*.npz beside train_list.txt and val_list.txt. The lists hold paths of the
authors' machine, of which the last three parts are used. As ImageNet's, 'val' is the test split.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries, folders, read_lines
from .formats.events import load_nimagenet
from .imagefolder import class_label, synset_names

PARTS: tuple[tuple[str, Split], ...] = (("train", "train"), ("val", "test"))


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names = synset_names(root)
    for part, split in PARTS:
        for path in _files(root, part, log):
            label, meta = class_label(path.parent.name, names)
            below = path.relative_to(root).as_posix()
            modalities = {"event": partial(load_nimagenet, path)}
            yield reader.item(below, label, modalities, split=split, meta=meta)


def _files(root: Path, part: str, log: SkipLog) -> Iterator[Path]:
    table = root / f"{part}_list.txt"
    if not table.is_file():
        for folder in folders(root / f"extracted_{part}"):
            yield from (path for path in entries(folder) if path.suffix == ".npz")
        return
    for line in read_lines(table):
        tail = PurePosixPath(line).parts[-3:]
        path = root.joinpath(*tail)
        if path.is_file():
            yield path
        else:
            log.add("/".join(tail), "the recording is missing")


NIMAGENET = Reader(
    name="nimagenet",
    title="N-ImageNet",
    modalities=("event",),
    layout="extracted_{train,val}/SYNSET/*.npz with train_list.txt and val_list.txt",
    licence="ImageNet terms of access (non-commercial research and education)",
    author="Kim et al. 2021",
    scan=_scan,
)
