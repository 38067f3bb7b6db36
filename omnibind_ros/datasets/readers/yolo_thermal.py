"""Thermal pictures with boxes in YOLO's format, as Roboflow exports them.

Layout (Ultralytics, 'Object Detection Datasets'): data.yaml with names; SPLIT/images/*.jpg with
SPLIT/labels/*.txt (Roboflow) or images/SPLIT with labels/SPLIT; a line 'class x y w h' a box, its
centre and size as shares of the picture. A picture without boxes has an empty file or none.

The pictures are colours, not temperatures: `formats/false_colour.py` describes the conversion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import yaml

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.safe_yaml import load_yaml

from .base import Reader, ReaderError, entries, read_lines, split_folders
from .formats.boxes import Box
from .formats.false_colour import describe, load_false_colour
from .formats.files import IMAGE_SUFFIXES

ROBOFLOW = re.compile(r"_(?:jpe?g|png)\.rf\.[0-9a-f]+$")
"""Ending that Roboflow adds to a file's name; copies of one picture differ only in it."""


def _names(root: Path) -> list[str]:
    path = root / "data.yaml"
    try:
        names = load_yaml(path.read_text(encoding="utf-8"))["names"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ReaderError(
            f"{path} gives no names of classes ({type(error).__name__}); restore it from where the "
            "set came"
        ) from error
    if isinstance(names, dict):  # Ultralytics writes {0: dog, 1: person}
        names = [names[index] for index in sorted(names)]
    return [str(name) for name in names]


def _parts(root: Path) -> Iterator[tuple[Path, Path, Split]]:
    """Yield the folder of pictures, that of labels, and the split."""
    for folder, split in split_folders(root):
        yield folder / "images", folder / "labels", split
    for folder, split in split_folders(root / "images"):
        yield folder, root / "labels" / folder.name, split


def parse_boxes(lines: Sequence[str], names: Sequence[str], what: str, log: SkipLog) -> list[Box]:
    """Read the lines of a label file.

    Args:
        lines: 'class x y w h' each; polygons, which are longer, are left out.
        names: Names of the classes.
        what: The file, for the log.
        log: Log of lines that are no box.
    """
    boxes = []
    for line in lines:
        words = line.split()
        try:
            index, (x, y, width, height) = int(words[0]), map(float, words[1:])
            label = names[index] if index >= 0 else ""
        except (ValueError, IndexError):
            label = ""
        if not label:
            log.add(what, "a line is not 'class x y w h' of a class in data.yaml")
            continue
        left, right = max(x - width / 2, 0.0), min(x + width / 2, 1.0)
        top, bottom = max(y - height / 2, 0.0), min(y + height / 2, 1.0)
        box = Box(label, left, top, right, bottom)
        problem = box.problem()
        if problem:
            log.add(what, problem)
        else:
            boxes.append(box)
    return boxes


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names = _names(root)
    for images, labels, split in _parts(root):
        for path in entries(images):
            if path.suffix.lower() not in IMAGE_SUFFIXES:
                continue
            table = labels / f"{path.stem}.txt"
            boxes = (
                parse_boxes(read_lines(table), names, table.name, log) if table.is_file() else []
            )
            if not boxes:
                log.add(path.name, "the picture has no boxes")
            below = path.relative_to(root).as_posix()
            for index, box in enumerate(boxes):
                modalities = {"thermal": partial(load_false_colour, path, box.widened())}
                yield reader.item(
                    f"{below}#{index}",
                    box.label,
                    modalities,
                    split=split,
                    object_name=ROBOFLOW.sub("", path.stem),
                    meta={"picture": below, **describe("auto")},
                )


YOLO_THERMAL = Reader(
    name="yolo-thermal",
    title="Thermal pictures with YOLO boxes",
    modalities=("thermal",),
    layout="data.yaml and {train,valid,test}/{images,labels}",
    licence="as the pictures' owner says",
    author="",
    scan=_scan,
)
