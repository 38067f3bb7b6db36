"""N-MNIST and N-Caltech101: pictures on a screen, recorded by a moving event camera.

Layouts (Orchard et al. 2015): N-MNIST is {Train,Test}/DIGIT/NNNNN.bin; its small edition for the
SLAYER tutorials is a folder of N.bs2 with train1K.txt and test100.txt, lines 'sample class'.
N-Caltech101 is [Caltech101/]CLASS/image_NNNN.bin; no split is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries, folders, read_lines, split_folders
from .formats.events import load_atis

NMNIST_SIZE = (34, 34)
CALTECH_SIZE = (240, 180)
"""Part of the sensor used; N-Caltech101's recordings differ in size."""

BACKGROUND = "BACKGROUND_Google"
"""Caltech101's clutter class: pictures of anything."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _scan_nmnist(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    lists = [path for path in entries(root) if path.suffix == ".txt"]
    for path in lists:
        split: Split = "test" if path.name.startswith("test") else "train"
        yield from _listed(reader, root, path, split, log)
    if lists:
        return
    for part, split in split_folders(root):
        for folder in folders(part):
            if folder.name not in tuple("0123456789"):
                log.add(folder.name, "the folder is no digit's")
                continue
            for path in entries(folder):
                below = path.relative_to(root).as_posix()
                yield _digit(reader, below, path, int(folder.name), split)


def _listed(reader: Reader, root: Path, table: Path, split: Split, log: SkipLog) -> Iterator[Item]:
    for line in read_lines(table):
        if line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 2 or words[1] not in tuple("0123456789"):
            log.add(f"{table.name}: {line[:40]}", "the line is not 'sample class'")
            continue
        files = [root / f"{words[0]}{suffix}" for suffix in (".bs2", ".bin")]
        path = next((path for path in files if path.is_file()), None)
        if path is None:
            log.add(words[0], "the recording is missing")
            continue
        yield _digit(reader, path.name, path, int(words[1]), split)


def _digit(reader: Reader, below: str, path: Path, digit: int, split: Split) -> Item:
    modalities = {"event": partial(load_atis, path, NMNIST_SIZE)}
    return reader.item(below, DIGITS[digit], modalities, split=split, meta={"digit": digit})


def _scan_ncaltech101(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    top = root / "Caltech101" if (root / "Caltech101").is_dir() else root
    for folder in folders(top):
        if folder.name == BACKGROUND:
            log.add(folder.name, "clutter is no class", len(entries(folder)))
            continue
        for path in entries(folder):
            if path.suffix != ".bin":
                log.add(f"{folder.name}/{path.name}", "it is no recording")
                continue
            below = path.relative_to(root).as_posix()
            modalities = {"event": partial(load_atis, path, CALTECH_SIZE)}
            yield reader.item(below, folder.name.replace("_", " "), modalities, split=None)


NMNIST = Reader(
    name="nmnist",
    title="N-MNIST",
    modalities=("event",),
    layout="{Train,Test}/DIGIT/*.bin, or *.bs2 with train1K.txt and test100.txt",
    licence="CC BY-SA 4.0",
    author="Orchard et al. 2015",
    scan=_scan_nmnist,
)

NCALTECH101 = Reader(
    name="ncaltech101",
    title="N-Caltech101",
    modalities=("event",),
    layout="Caltech101/CLASS/image_NNNN.bin",
    licence="as garrickorchard.com says",
    author="Orchard et al. 2015",
    scan=_scan_ncaltech101,
)
