"""FSDD, the Free Spoken Digit Dataset.

Layout (Jakobovski/free-spoken-digit-dataset on GitHub): recordings/DIGIT_SPEAKER_INDEX.wav, 8 kHz.
Its test split has the indices below 5. With meta['speaker'], speakers can be held out instead,
which is harder and closer to what a robot meets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .base import Reader, entries
from .formats.files import load_audio
from .nmnist import DIGITS

NAME = re.compile(r"(\d)_([A-Za-z]+)_(\d+)\.wav")
TEST_BELOW = 5


def _scan(reader: Reader, root: Path, log: SkipLog) -> Iterator[Item]:
    folder = root / "recordings" if (root / "recordings").is_dir() else root
    for path in entries(folder):
        match = NAME.fullmatch(path.name)
        if match is None:
            log.add(path.name, "the file is not named DIGIT_SPEAKER_INDEX.wav")
            continue
        digit, speaker, index = match.groups()
        yield reader.item(
            path.name,
            DIGITS[int(digit)],
            {"audio": partial(load_audio, path)},
            split="test" if int(index) < TEST_BELOW else "train",
            meta={"digit": int(digit), "speaker": speaker},
        )


FSDD = Reader(
    name="fsdd",
    title="Free Spoken Digit Dataset",
    modalities=("audio",),
    layout="recordings/DIGIT_SPEAKER_INDEX.wav",
    licence="CC BY-SA 4.0",
    author="Z. Jackson and others",
    scan=_scan,
)
