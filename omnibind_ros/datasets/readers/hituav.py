"""HIT-UAV: persons and vehicles in thermal pictures from a drone, cut out by their boxes.

Layout: CLASS/PICTURE/crop*.png, cut from the pictures of HIT-UAV (Suo et al., Scientific Data 10,
227, 2023; suojiashun/HIT-UAV-Infrared-Thermal-Dataset on GitHub), with PICTURE as there:
TIME_HEIGHT_ANGLE_WEATHER_FRAME. Folders that begin with _ hold no crops.

The pictures are 8-bit white-hot, without temperatures. Grey values are read as by the node:
0.2 degrees each. Frames of one flight look alike, so that `STRETCH` of them count as one object,
and the objects of each class are divided into splits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.datasets.storage.splits import TEST, VALIDATION

from .base import Reader, entries, folders
from .formats.false_colour import COUNTS, describe, load_false_colour
from .formats.files import IMAGE_SUFFIXES

STRETCH = 200
"""Frames of a flight that count as one object."""

_FRAME = re.compile(r"_(\d+)$")

NAMES = {"othervehicle": "other vehicle"}
"""Labels of folders whose name is none."""


def _stretch(picture: str) -> str:
    """Return the part of the flight that a picture is of; a name without a frame is its own."""
    frame = _FRAME.search(picture)
    return f"frames {int(frame[1]) // STRETCH * STRETCH}" if frame else picture


def _splits(names: list[str]) -> dict[str, Split]:
    """Divide the stretches of a class: the largest are for training.

    The smallest come into test, at least one and up to a fifth of the pictures, and the next into
    validation. So every split has pictures where a class has three stretches.
    """
    sizes = Counter(_stretch(name) for name in names)
    rest = sorted(sizes, key=lambda stretch: (sizes[stretch], stretch))
    splits: dict[str, Split] = {}
    shares: tuple[tuple[Split, float], ...] = (("test", TEST), ("validation", VALIDATION))
    for split, share in shares:
        left = share * len(names)
        while len(rest) > 1 and (split not in splits.values() or sizes[rest[0]] <= left):
            left -= sizes[rest[0]]
            splits[rest.pop(0)] = split
    return {**splits, **dict.fromkeys(rest, "train")}


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    for label_folder in folders(root):
        if label_folder.name.startswith("_"):
            continue
        label = NAMES.get(label_folder.name, label_folder.name.replace("_", " "))
        pictures = folders(label_folder)
        splits = _splits([picture.name for picture in pictures])
        for picture in pictures:
            stretch = _stretch(picture.name)
            for path in entries(picture):
                below = path.relative_to(root).as_posix()
                if path.suffix.lower() not in IMAGE_SUFFIXES:
                    log.add(below, "it is no picture")
                    continue
                yield reader.item(
                    below,
                    label,
                    {"thermal": partial(load_false_colour, path, None, "white-hot", *COUNTS)},
                    split=splits[stretch],
                    object_name=f"{label}, {stretch}",
                    meta={"picture": below, **describe("white-hot", *COUNTS)},
                )


HITUAV = Reader(
    name="hituav",
    title="HIT-UAV",
    modalities=("thermal",),
    layout="CLASS/PICTURE/crop*.png",
    licence="CC BY 4.0",
    author="J. Suo, T. Wang, X. Zhang, H. Chen, W. Zhou and W. Shi",
    scan=_scan,
)
