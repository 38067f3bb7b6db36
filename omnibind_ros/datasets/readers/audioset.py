"""AudioSet, and sets that come in its form: a csv of video clips with labels, and sound files.

Layout (research.google.com/audioset/download.html): {balanced_train,unbalanced_train,eval}_
segments.csv with lines 'YTID, start, end, "mid,mid,..."' after comments that begin with '#', and
class_labels_indices.csv with index,mid,display_name. Google publishes no sounds. Download tools
name the files YTID.wav, YYTID.wav, YTID_START.wav or YTID_START_END.wav; all of these are found,
anywhere below the folder. A file longer than its clip is taken for the complete video and cut.

A clip has several labels. The first one is the item's label, all are in meta['labels'].
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.storage.item import Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, read_lines
from .formats.files import AUDIO_SUFFIXES, load_audio, shown

CLASSES = "class_labels_indices.csv"
SEGMENTS = "*segments*.csv"
SLACK = 0.5
"""A clip's file may be this much longer than the clip, in seconds, as encoders pad it."""


def load_clip(path: Path, start: float, stop: float) -> npt.NDArray[np.int16]:
    """Read a clip from a file of its own, or cut it out of the sound of the complete video.

    Args:
        path: The file.
        start: Where the clip begins in the video, in seconds.
        stop: Where it ends.

    Returns:
        int16 [n], mono, 16 kHz.

    Raises:
        SkipError: The file is missing, no sound, or ends before the clip begins.
    """
    try:
        duration = float(soundfile.info(path).duration)
    except (OSError, RuntimeError) as error:  # LibsndfileError is a RuntimeError
        raise SkipError(shown(path), "the sound cannot be decoded") from error
    if duration > stop - start + SLACK:
        return load_audio(path, start, stop)
    return load_audio(path)


def _classes(root: Path) -> dict[str, str]:
    rows = csv.DictReader(read_lines(root / CLASSES))
    return {
        row["mid"]: row["display_name"]
        for row in rows
        if row.get("mid") and row.get("display_name")
    }


def _sounds(root: Path) -> dict[str, Path]:
    return {
        path.stem: path for path in sorted(root.rglob("*")) if path.suffix.lower() in AUDIO_SUFFIXES
    }


def _find(sounds: dict[str, Path], clip: str, start: float, stop: float) -> Path | None:
    times = {f"{form(start)}_{form(stop)}" for form in (str, "{:.3f}".format, "{:.0f}".format)}
    starts = {form(start) for form in (str, "{:.3f}".format, "{:.0f}".format)}
    names = [clip, *(f"{clip}_{time}" for time in sorted(times | starts))]
    return next((sounds[name] for name in (*names, f"Y{clip}") if name in sounds), None)


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    names, sounds = _classes(root), _sounds(root)
    for table in sorted(root.glob(SEGMENTS)):
        split: Split = "test" if table.name.startswith("eval") else "train"
        lines = (line for line in read_lines(table) if not line.startswith("#"))
        for row in csv.reader(lines, skipinitialspace=True):
            try:
                clip, start, stop, mids = row[0], float(row[1]), float(row[2]), row[3]
            except (IndexError, ValueError):
                log.add(f"{table.name}: {row}"[:60], "the line is not 'YTID, start, end, labels'")
                continue
            labels = [names[mid] for mid in mids.split(",") if mid in names]
            path = _find(sounds, clip, start, stop)
            if not labels:
                log.add(clip, f"none of its labels is in {CLASSES}")
            elif path is None:
                log.add(clip, "the sound is missing")
            else:
                # 'Vehicle horn, car horn, honking' is three names of one class.
                label, *synonyms = (name.strip().lower() for name in labels[0].split(","))
                meta: dict[str, Any] = {"labels": labels}
                if synonyms:
                    meta["synonyms"] = synonyms
                yield reader.item(
                    f"{clip}_{start:g}",
                    label,
                    {"audio": partial(load_clip, path, start, stop)},
                    split=split,
                    object_name=clip,
                    meta=meta,
                )


AUDIOSET = Reader(
    name="audioset",
    title="AudioSet",
    modalities=("audio",),
    layout=f"{SEGMENTS}, {CLASSES} and sound files named after the clips",
    licence="labels CC BY 4.0; sounds as the videos' owners say",
    author="Gemmeke et al. 2017",
    scan=_scan,
)
