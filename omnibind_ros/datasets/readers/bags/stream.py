"""Bags without labels: blocks of time in the place of objects.

What the sensors see at the same time belongs together, whatever it is. Neighbouring samples of a
bag show the same scene; so a block of time takes the place of an object, and is in one split.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from omnibind_ros.datasets.readers.base import Reader
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .files import open_bag
from .labels import BagLabels, Span
from .reader import BAG, LABELS, NS, scan_bags

UNLABELLED = "unlabelled"
"""The label of each sample."""

BLOCK, BLOCKS = 10.0, 30
"""Least seconds of a block, and most blocks of a bag."""


def time_blocks(bag: Path, labels: BagLabels) -> list[Span]:
    """Divide a bag into blocks of time of equal length."""
    opened = open_bag(bag)
    duration = (opened.end_time - opened.start_time) / NS
    count = int(np.clip(duration / BLOCK, 1, BLOCKS))
    edges = np.linspace(0.0, max(duration, 1e-3), count + 1)
    return [
        Span(float(start), float(end), UNLABELLED, f"{bag.name}-{number}")
        for number, (start, end) in enumerate(pairwise(edges))
    ]


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    return scan_bags(reader, root, log, time_blocks)


STREAM = Reader(
    name="stream",
    title="ROS 2 bag without labels",
    modalities=BAG.modalities,
    layout=f"a bag (.db3 or .mcap files), which may have topics in {LABELS}, or folders of bags",
    licence=BAG.licence,
    author="",
    scan=_scan,
)
