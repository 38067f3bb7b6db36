"""Readers of published sets and of recordings, by name.

A new reader is a file with a `base.Reader`, and a line here.
"""

from __future__ import annotations

from omnibind_ros.datasets.errors import DatasetError

from .audioset import AUDIOSET
from .bags.reader import BAG
from .bags.stream import STREAM
from .base import Reader
from .esc import ESC10, ESC50
from .folder import FOLDER
from .fsdd import FSDD
from .hituav import HITUAV
from .imagefolder import IMAGEFOLDER, IMAGENET
from .llvip import LLVIP
from .modelnet40 import MODELNET40
from .nimagenet import NIMAGENET
from .nmnist import NCALTECH101, NMNIST
from .shapenet import SHAPENET
from .touch_and_go import TOUCH_AND_GO
from .yolo_thermal import YOLO_THERMAL

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        AUDIOSET,
        BAG,
        ESC10,
        ESC50,
        FOLDER,
        FSDD,
        HITUAV,
        IMAGEFOLDER,
        IMAGENET,
        LLVIP,
        MODELNET40,
        NCALTECH101,
        NIMAGENET,
        NMNIST,
        SHAPENET,
        STREAM,
        TOUCH_AND_GO,
        YOLO_THERMAL,
    )
}


def find_reader(name: str) -> Reader:
    """Return the reader of a name.

    Raises:
        DatasetError: There is none of this name.
    """
    if name not in READERS:
        raise DatasetError(f"there is no reader '{name}'; use one of {', '.join(sorted(READERS))}")
    return READERS[name]
