"""Touch and Go: objects indoors and outdoors, recorded by a camera and a GelSight.

Layout (touch-and-go.github.io and fredfyyang/Touch-and-Go on GitHub): dataset/YYYYMMDD_HHMMSS/
{video_frame,gelsight_frame}/NNNNNNNNNN.jpg, made from the videos by the set's extract_frame.py;
label.txt with a line 'YYYYMMDD_HHMMSS/NNNNNNNNNN.jpg,CLASS' a frame in contact, and train.txt and
test.txt in the same form (dataset/ in the code's folder; copy them beside label.txt);
category_reference.txt with a line 'name: number' a class. Class -1 is 'inconclusive'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries, read_lines
from .formats.files import load_image, shown

CLASSES = (
    "concrete",
    "plastic",
    "glass",
    "wood",
    "metal",
    "brick",
    "tile",
    "leather",
    "synthetic fabric",
    "natural fabric",
    "rubber",
    "paper",
    "tree",
    "grass",
    "soil",
    "rock",
    "gravel",
    "sand",
    "plants",
    "others",
)
"""Classes by number, where category_reference.txt is missing."""

LEFT_OUT = frozenset({"inconclusive", "others"})

LISTS: tuple[tuple[str, Split], ...] = (("train.txt", "train"), ("test.txt", "test"))

REFERENCE_FRAMES = 9
CLEARANCE = 15
"""Frames this close to one in contact may be in contact themselves: half a second at 30 Hz."""


def _classes(root: Path) -> dict[int, str]:
    path = root / "category_reference.txt"
    if not path.is_file():
        return dict(enumerate(CLASSES))
    matches = (re.match(r"\W*([\w ]+?)\W*:\s*(-?\d+)", line) for line in read_lines(path))
    return {int(match[2]): match[1].lower() for match in matches if match}


def _labelled(path: Path, log: SkipLog) -> Iterator[tuple[str, str, int]]:
    """Yield recording, frame and class of each line."""
    for line in read_lines(path):
        match = re.fullmatch(r"(\w+)/(?:\w+/)?(\w+\.\w+)\s*,\s*(-?\d+)", line)
        if match:
            yield match[1], match[2], int(match[3])
        else:
            log.add(f"{path.name}: {line[:40]}", "the line is not 'recording/frame,class'")


@lru_cache(maxsize=4)
def _contacts(table: Path) -> dict[str, tuple[int, ...]]:
    contacts: dict[str, list[int]] = {}
    if not table.is_file():  # only train.txt and test.txt are there
        return {}
    for recording, frame, _ in _labelled(table, SkipLog()):
        if Path(frame).stem.isdigit():
            contacts.setdefault(recording, []).append(int(Path(frame).stem))
    return {recording: tuple(numbers) for recording, numbers in contacts.items()}


@lru_cache(maxsize=16)
def reference(folder: Path, table: Path) -> npt.NDArray[np.uint8]:
    """Return a picture of the gel without contact.

    The set has no such picture. It is the median of up to 9 frames of the recording, evenly
    distributed over those that are half a second or more from any labelled contact. Where there are
    none, it is the first frame, as a recording begins before the pad is put down.

    Args:
        folder: gelsight_frame of a recording.
        table: label.txt.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        SkipError: There is no frame that can be read.
    """
    frames = [path for path in entries(folder) if path.stem.isdigit()]
    if not frames:
        raise SkipError(shown(folder), "the recording has no frames of the gel")
    contacts = np.array(_contacts(table).get(folder.parent.name, ()), np.int64)
    numbers = np.array([int(path.stem) for path in frames])
    far = np.abs(numbers[:, None] - contacts).min(axis=1, initial=CLEARANCE) >= CLEARANCE
    free = np.flatnonzero(far) if far.any() else np.array([0])
    chosen = free[np.unique(np.linspace(0, len(free) - 1, REFERENCE_FRAMES).round().astype(int))]
    pictures = [load_image(frames[index]) for index in chosen]
    if len({picture.shape for picture in pictures}) > 1:
        raise SkipError(shown(folder), "frames of one recording differ in size")
    return np.asarray(np.median(np.stack(pictures), axis=0), np.uint8)


def load_touch(path: Path, table: Path) -> npt.NDArray[np.uint8]:
    """Read a frame of the gel and its reference.

    Args:
        path: The frame in gelsight_frame.
        table: label.txt, with the times of the other contacts.

    Returns:
        uint8 [2, H, W, 3], RGB: the frame, then the gel without contact.

    Raises:
        SkipError: A frame cannot be read, or the two differ in size.
    """
    pixels, without = load_image(path), reference(path.parent, table)
    if pixels.shape != without.shape:
        raise SkipError(shown(path), "frames of one recording differ in size")
    return np.stack([pixels, without])


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names, data, table = _classes(root), root / "dataset", root / "label.txt"
    published = [(root / name, split) for name, split in LISTS if (root / name).is_file()]
    lists: list[tuple[Path, Split | None]] = [*published] or [(table, None)]
    for path, split in lists:
        if not path.is_file():
            log.add(path.name, "the list of labels is missing")
            continue
        for recording, frame, number in _labelled(path, log):
            label = names.get(number, "inconclusive")
            files = {
                "image": data / recording / "video_frame" / frame,
                "touch": data / recording / "gelsight_frame" / frame,
            }
            missing = [name for name, file in files.items() if not file.is_file()]
            if label in LEFT_OUT:
                log.add(f"{recording}/{frame}", "its material is inconclusive or 'others'")
            elif missing:
                log.add(f"{recording}/{frame}", f"the frame of {' and '.join(missing)} is missing")
            else:
                modalities = {
                    "image": partial(load_image, files["image"]),
                    "touch": partial(load_touch, files["touch"], table),
                }
                # A recording has several objects; a published list splits by contact.
                name = f"{recording}-{label}" if split is None else f"{split}-{recording}-{label}"
                below = f"{recording}/{frame}"
                yield reader.item(below, label, modalities, split=split, object_name=name)


TOUCH_AND_GO = Reader(
    name="touch-and-go",
    title="Touch and Go",
    modalities=("image", "touch"),
    layout="dataset/YYYYMMDD_HHMMSS/{video_frame,gelsight_frame}/*.jpg and label.txt",
    licence="as touch-and-go.github.io says",
    author="Yang et al. 2022",
    scan=_scan,
)
