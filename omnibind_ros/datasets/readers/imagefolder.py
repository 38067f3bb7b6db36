"""Folders of pictures by class: torchvision's ImageFolder, and ImageNet.

ImageFolder (torchvision.datasets.ImageFolder): `ROOT/CLASS/*.jpg`, here also
`ROOT/SPLIT/CLASS/*.jpg`. ImageNet as unpacked for training: `ROOT/{train,val}/SYNSET/*.JPEG`; as
Kaggle packs it ("ImageNet Object Localization Challenge"):
`ILSVRC/Data/CLS-LOC/train/SYNSET/*.JPEG` and `.../val/*.JPEG` with LOC_val_solution.csv, and
LOC_synset_mapping.txt with a line 'n01440764 tench, Tinca tinca' for each class.
Labels of ImageNet's own test pictures are not published, so its 'val' is the test split here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries, folders, read_lines, split_folders
from .formats.files import IMAGE_SUFFIXES, load_image

SYNSET_FILES = ("LOC_synset_mapping.txt", "words.txt")
KAGGLE = Path("ILSVRC/Data/CLS-LOC")
VAL_SOLUTION = "LOC_val_solution.csv"


def synset_names(root: Path) -> dict[str, list[str]]:
    """Return the names of WordNet synsets, from the file that comes with ImageNet.

    Args:
        root: A folder with LOC_synset_mapping.txt (Kaggle) or words.txt (tab-separated); where it
            has neither, the folder above is searched.

    Returns:
        By synset, its names, the usual one first; empty without such a file. Then items keep the
        synset as label, which a mapping file may name.
    """
    for folder in (root, root.parent):
        for name in SYNSET_FILES:
            if (folder / name).is_file():
                pairs = (line.split(maxsplit=1) for line in read_lines(folder / name))
                return {
                    pair[0]: [text.strip() for text in pair[1].split(",")]
                    for pair in pairs
                    if len(pair) == 2
                }
    return {}


def class_label(folder: str, names: Mapping[str, list[str]]) -> tuple[str, dict[str, list[str]]]:
    """Return the label of a class folder, and its other names as `meta` holds them."""
    known = names.get(folder)
    if known is None:
        return folder.replace("_", " "), {}
    return known[0], {"synonyms": known[1:]} if known[1:] else {}


def _pictures(
    reader: Reader,
    root: Path,
    classes: Path,
    split: Split | None,
    names: Mapping[str, list[str]],
    log: SkipLog,
) -> Iterator[Item]:
    for folder in folders(classes):
        label, meta = class_label(folder.name, names)
        for path in entries(folder):
            if path.suffix.lower() not in IMAGE_SUFFIXES:
                log.add(f"{folder.name}/{path.name}", "it is no picture")
                continue
            below = path.relative_to(root).as_posix()
            modalities = {"image": partial(load_image, path)}
            yield reader.item(below, label, modalities, split=split, meta=meta)


def _scan_folder(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    parts: list[tuple[Path, Split | None]] = [*split_folders(root)]
    for classes, split in parts or [(root, None)]:
        yield from _pictures(reader, root, classes, split, {}, log)


def _scan_imagenet(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names = synset_names(root)
    data = root / KAGGLE if (root / KAGGLE).is_dir() else root
    yield from _pictures(reader, root, data / "train", "train", names, log)
    if (root / VAL_SOLUTION).is_file():
        yield from _scan_flat_val(reader, root, data / "val", names, log)
    else:
        yield from _pictures(reader, root, data / "val", "test", names, log)


def _scan_flat_val(
    reader: Reader, root: Path, folder: Path, names: Mapping[str, list[str]], log: SkipLog
) -> Iterator[Item]:
    """Read Kaggle's val: no class folders, but a csv with ImageId,PredictionString."""
    there = {path.stem: path for path in entries(folder)}
    for line in sorted(read_lines(root / VAL_SOLUTION)[1:]):
        name, _, prediction = line.partition(",")
        words = prediction.split()
        if not words:
            log.add(name, f"{VAL_SOLUTION} gives it no class")
        elif name not in there:
            log.add(name, "the picture is missing")
        else:
            label, meta = class_label(words[0], names)
            below = there[name].relative_to(root).as_posix()
            modalities = {"image": partial(load_image, there[name])}
            yield reader.item(below, label, modalities, split="test", meta=meta)


IMAGEFOLDER = Reader(
    name="imagefolder",
    title="ImageFolder",
    modalities=("image",),
    layout="CLASS/*.jpg or {train,val,test}/CLASS/*.jpg",
    licence="as the pictures' owner says",
    author="",
    scan=_scan_folder,
)

IMAGENET = Reader(
    name="imagenet",
    title="ImageNet",
    modalities=("image",),
    layout="{train,val}/SYNSET/*.JPEG, or Kaggle's ILSVRC/Data/CLS-LOC, and LOC_synset_mapping.txt",
    licence="ImageNet terms of access (non-commercial research and education)",
    author="Russakovsky et al. 2015",
    scan=_scan_imagenet,
)
