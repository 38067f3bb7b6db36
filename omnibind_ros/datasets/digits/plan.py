"""The digits set: pictures, events, speech and text of ten digits, joined by class.

All but the text was recorded: scikit-learn's handwritten digits (8 x 8 pixels, shown as they are),
N-MNIST's events and FSDD's speech. The modalities of a sample show different instances of a digit;
what they have in common is the class, as in the paper. Splits are disjoint by source: N-MNIST as
published, with a part of its training list as the validation split; speech by speaker; pictures by
a hash of their number.

N-MNIST and FSDD are CC BY-SA 4.0: the set is for reports and tests, not for weights that are
published under other terms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.base import item_key
from omnibind_ros.datasets.readers.nmnist import DIGITS
from omnibind_ros.datasets.storage.item import SPLITS, Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

from .content import load_picture, picture_classes, sentences

SAMPLES = 2_000

RECORDED = ("image", "event", "audio")
"""The modalities that are recorded; text is composed."""

PARTS: tuple[Split, ...] = (*("train",) * 8, "validation", "test")
"""Splits of ten consecutive samples of a class."""

SUMMARY = (
    "Handwritten digits, events of digits, spoken digits and sentences about digits, joined by "
    "class: four modalities, of which only the text was not recorded. For reports and tests; "
    "the events and the speech are CC BY-SA 4.0."
)


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _picture_split(number: int) -> Split:
    return PARTS[_hashed(f"sklearn-digit {number}") % len(PARTS)]


def _event_split(item: Item) -> Split:
    held_out = item.split == "train" and _hashed(item.object_id) % len(PARTS) == 0
    return "validation" if held_out or item.split is None else item.split


@dataclass(frozen=True)
class Recording:
    """One recording of one modality.

    Attributes:
        name: Its unique name.
        load: Function that loads it.
    """

    name: str
    load: Callable[[], Any]


Pools = dict[tuple[int, Split, str], list[Recording]]
"""Recordings by digit, split and modality."""


def _pools(recordings: Path, skipped: SkipLog) -> tuple[Pools, list[str]]:
    """Return all recordings by digit, split and modality, and the speakers that are held out."""
    pools: Pools = {}
    for number, digit in enumerate(picture_classes()):
        key = (digit, _picture_split(number), "image")
        pools.setdefault(key, []).append(
            Recording(f"picture {number}", partial(load_picture, number))
        )
    for item in READERS["nmnist"].read(recordings / "nmnist", skipped):
        key = (item.meta["digit"], _event_split(item), "event")
        pools.setdefault(key, []).append(Recording(item.object_id, item.modalities["event"]))
    spoken = list(READERS["fsdd"].read(recordings / "fsdd", skipped))
    speakers = sorted({item.meta["speaker"] for item in spoken})
    if len(speakers) < len(SPLITS):
        raise DatasetError(
            f"{recordings / 'fsdd'} has {len(speakers)} speakers, and each split needs one of its "
            "own; get the complete set"
        )
    held_out: dict[str, Split] = {speakers[-1]: "test", speakers[-2]: "validation"}
    for item in spoken:
        key = (item.meta["digit"], held_out.get(item.meta["speaker"], "train"), "audio")
        pools.setdefault(key, []).append(Recording(item.object_id, item.modalities["audio"]))
    return pools, [f"{speaker} ({split})" for speaker, split in held_out.items()]


class DigitsPlan:
    """The plan of the digits set; see `building.plan.Plan`.

    Sample i is of class i % 10. Of each class, eight samples in ten are for training. The
    recordings of a class and split are used in turn. In training each is used once, and later
    samples lack the modality, so that a share of samples is that share of recordings; in validation
    and test they are used again, in a new random order each time.
    """

    def __init__(self, recordings: Path, samples: int = SAMPLES, seed: int = 0) -> None:
        """List the recordings.

        Args:
            recordings: Folder with nmnist and fsdd, in their published layouts.
            samples: Number of samples, at least 100 so that each class has each split.
            seed: Seed of the pairing.

        Raises:
            DatasetError: Too few samples or speakers.
            ReaderError: A set is not there.
        """
        if samples < len(DIGITS) * len(PARTS):
            raise DatasetError(
                f"{samples} samples do not give each digit each split: make "
                f"{len(DIGITS) * len(PARTS)} or more"
            )
        self._samples, self._seed = samples, seed
        self._skipped = SkipLog()
        self._pools, self._speakers = _pools(recordings, self._skipped)
        needed = [(d, s, m) for d in range(10) for s in SPLITS for m in RECORDED]
        for key in needed:
            if key not in self._pools:
                raise DatasetError(
                    f"{recordings} has no {key[2]} of the digit {DIGITS[key[0]]} for the "
                    f"{key[1]} split; get the complete set"
                )

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._samples

    def item(self, index: int) -> Item:
        """Return a sample, its modalities not yet loaded."""
        turn, digit = divmod(index, len(DIGITS))
        lap, place = divmod(turn, len(PARTS))
        split = PARTS[place]
        # Number of earlier samples of this class and split.
        count = lap * PARTS.count(split) + PARTS[:place].count(split)
        chosen = {
            modality: source
            for modality in RECORDED
            if (source := self._pick(digit, split, modality, count)) is not None
        }
        # 0x7e87 makes the generator of the texts independent of that of the pairing.
        text = partial(sentences, digit, (self._seed, index, 0x7E87))
        names = " ".join(source.name for source in chosen.values())
        return Item(
            key=item_key("digits", f"{index:06}-{DIGITS[digit]}"),
            label=DIGITS[digit],
            object_id=f"digits/{names}",
            split=split,
            modalities={**{name: source.load for name, source in chosen.items()}, "text": text},
            origin={**dict.fromkeys(chosen, "recorded"), "text": "simulated"},
            source="digits",
            licence="CC BY-SA 4.0",
            author="Alpaydin and Kaynak (pictures), Orchard et al. (events), Jackson (speech)",
            meta={"sources": {name: source.name for name, source in chosen.items()}},
        )

    def _pick(self, digit: int, split: Split, modality: str, count: int) -> Recording | None:
        pool = self._pools[digit, split, modality]
        lap, place = divmod(count, len(pool))
        if lap and split == "train":
            return None
        order = np.random.default_rng(
            (self._seed, digit, SPLITS.index(split), _hashed(modality) >> 32, lap)
        ).permutation(len(pool))
        return pool[int(order[place])]

    def describe(self) -> dict[str, Any]:
        """Return the description for the data card."""
        return {
            "name": "digits",
            "seed": self._seed,
            "version": 2,
            "samples": self._samples,
            "summary": f"{SUMMARY} Speakers held out: {', '.join(self._speakers)}.",
            "sources": [
                {
                    "name": "scikit-learn digits (UCI Optical Recognition of Handwritten Digits)",
                    "licence": "CC BY 4.0",
                    "credit": "E. Alpaydin and C. Kaynak 1998",
                },
                *(
                    {
                        "name": READERS[name].title,
                        "licence": f"{READERS[name].licence}: reports and tests only",
                        "credit": READERS[name].author,
                    }
                    for name in ("nmnist", "fsdd")
                ),
            ],
            "skipped": self._skipped.to_dict(),
        }
