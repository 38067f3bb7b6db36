"""LLVIP: people by night, a visible and an infrared camera side by side.

Layout (bupt-ai-cz/LLVIP on GitHub): {visible,infrared}/{train,test}/NNNNNN.jpg, aligned and named
alike, and Annotations/NNNNNN.xml, Pascal VOC boxes in pixels that hold for both. Pictures are
frames of videos, and the first two digits of a name are taken for the video. The infrared pictures
are 8-bit white-hot, without temperatures: `formats/false_colour.py` describes the conversion.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Load, Reader, entries, split_folders
from .formats.boxes import Box
from .formats.false_colour import describe, load_false_colour
from .formats.files import IMAGE_SUFFIXES, load_image, shown

VIDEO_DIGITS = 2
EDGES = ("xmin", "ymin", "xmax", "ymax")


def _edges(entry: ElementTree.Element) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(entry.findtext(f"bndbox/{edge}", "")) for edge in EDGES)
    return left, top, right, bottom


def read_voc(path: Path, log: SkipLog) -> tuple[list[Box], float]:
    """Read a Pascal VOC annotation.

    Args:
        path: The xml file.
        log: Log of boxes that cannot be used.

    Returns:
        The boxes, and width through height of the picture.

    Raises:
        SkipError: The file is missing or no such annotation.
    """
    try:
        tree = ElementTree.parse(path)  # noqa: S314 - expat limits what entities expand to
        width, height = (int(tree.findtext(f"size/{side}", "")) for side in ("width", "height"))
        objects = [(entry.findtext("name", ""), _edges(entry)) for entry in tree.iter("object")]
    except FileNotFoundError as error:
        raise SkipError(shown(path), "the annotation is missing") from error
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise SkipError(shown(path), "the annotation is no Pascal VOC file") from error
    if width < 1 or height < 1:
        raise SkipError(shown(path), "the annotation gives no size of the picture")
    boxes = []
    for name, (left, top, right, bottom) in objects:
        box = Box(
            name,
            max(left / width, 0.0),
            max(top / height, 0.0),
            min(right / width, 1.0),
            min(bottom / height, 1.0),
        )
        problem = "" if name else "the box has no name"
        problem = problem or box.problem(width, height)
        if problem:
            log.add(shown(path), problem)
        else:
            boxes.append(box)
    return boxes, width / height


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    for folder, split in split_folders(root / "visible"):
        for visible in entries(folder):
            if visible.suffix.lower() not in IMAGE_SUFFIXES:
                continue
            infrared = root / "infrared" / folder.name / visible.name
            if not infrared.is_file():
                log.add(shown(infrared), "the infrared picture is missing")
                continue
            try:
                boxes, aspect = read_voc(root / "Annotations" / f"{visible.stem}.xml", log)
            except SkipError as error:
                log.add(error.what, error.reason)
                continue
            for index, box in enumerate(boxes):
                cut = box.widened(aspect)
                modalities: dict[str, Load] = {
                    "image": partial(load_image, visible, cut),
                    "thermal": partial(load_false_colour, infrared, cut, "white-hot"),
                }
                yield reader.item(
                    f"{folder.name}/{visible.stem}#{index}",
                    box.label,
                    modalities,
                    split=split,
                    # Frames of one video show the same people.
                    object_name=f"{folder.name}-{visible.stem[:VIDEO_DIGITS]}",
                    meta=describe("white-hot"),
                )


LLVIP = Reader(
    name="llvip",
    title="LLVIP",
    modalities=("image", "thermal"),
    layout="{visible,infrared}/{train,test}/*.jpg and Annotations/*.xml",
    licence="LLVIP terms (academic use only)",
    author="Jia et al. 2021",
    scan=_scan,
)
