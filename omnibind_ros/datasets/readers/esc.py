"""ESC-10 and ESC-50: sounds of the environment, about five seconds each.

Layouts: ESC-10 (karoldvl/ESC-10 on GitHub) is 'NNN - Class name/FOLD-CLIP-TAKE.ogg'; ESC-50
(karolpiczak/ESC-50) is audio/FOLD-CLIP-TAKE-TARGET.wav and meta/esc50.csv with the columns
filename,fold,target,category,esc10,src_file,take. Clips of one Freesound recording have one CLIP
number and are in one of five folds. Published figures are cross-validated over the folds; here fold
4 is the validation split and fold 5 the test split.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries, folders, read_lines
from .formats.credits import Credit, read_credits
from .formats.files import AUDIO_SUFFIXES, load_audio

FOLDER = re.compile(r"\d{3} - (.+)")
CLIP = re.compile(r"([1-5])-(\d+)-[A-Z]")

FOLDS: dict[str, Split] = {"4": "validation", "5": "test"}


def _clip(
    reader: Reader, root: Path, path: Path, label: str, credit: Mapping[str, Credit], log: SkipLog
) -> Iterator[Item]:
    match = CLIP.match(path.stem)
    if match is None:
        log.add(path.name, "the file is not named FOLD-CLIP-TAKE")
        return
    known = credit.get(match[0], Credit("", ""))
    yield reader.item(
        path.relative_to(root).as_posix(),
        label,
        {"audio": partial(load_audio, path)},
        split=FOLDS.get(match[1], "train"),
        object_name=f"freesound-{match[2]}",
        author=known.author,
        licence=known.licence,
        meta={"fold": int(match[1]), "clip": match[0]},
    )


def _scan_esc10(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    credit = read_credits(root)
    for folder in folders(root):
        match = FOLDER.fullmatch(folder.name)
        if match is None:
            continue
        for path in entries(folder):
            if path.suffix.lower() in AUDIO_SUFFIXES:
                yield from _clip(reader, root, path, match[1].lower(), credit, log)
            else:
                log.add(f"{folder.name}/{path.name}", "it is no sound")


def _scan_esc50(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    credit = read_credits(root)
    for row in csv.DictReader(read_lines(root / "meta" / "esc50.csv")):
        name, category = row.get("filename"), row.get("category")
        if not name or not category:
            log.add(f"esc50.csv: {row}"[:60], "the line has no filename or no category")
        elif not (root / "audio" / name).is_file():
            log.add(name, "the sound is missing")
        else:
            label = category.replace("_", " ")
            yield from _clip(reader, root, root / "audio" / name, label, credit, log)


ESC10 = Reader(
    name="esc10",
    title="ESC-10",
    modalities=("audio",),
    layout="'NNN - Class name'/FOLD-CLIP-TAKE.ogg",
    licence="CC BY 3.0",
    author="Piczak 2015",
    scan=_scan_esc10,
)

ESC50 = Reader(
    name="esc50",
    title="ESC-50",
    modalities=("audio",),
    layout="meta/esc50.csv and audio/*.wav",
    licence="CC BY-NC 3.0",
    author="Piczak 2015",
    scan=_scan_esc50,
)
