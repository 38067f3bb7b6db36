"""The digits set: pictures, events, speech and text of ten digits, joined by class.

All but the text was recorded: scikit-learn's handwritten digits (8 x 8 pixels, shown as they are),
N-MNIST's events and FSDD's speech. No two of them show the same digit of the same hand: what joins
them is what they mean, as in the paper. Splits are disjoint by source: N-MNIST as published, a part
of its train list being the validation split; speech by speaker; pictures by a hash of their number.

N-MNIST and FSDD are CC BY-SA 4.0: the set is for reports and tests, not for weights that are
published under other terms.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.base import item_key
from omnibind_ros.datasets.readers.nmnist import DIGITS
from omnibind_ros.datasets.storage.item import SPLITS, Item, Split
from omnibind_ros.datasets.storage.skip_log import SkipLog

RECORDINGS = "OMNIBIND_RECORDINGS"
"""Environment variable: where --recordings is by default."""

SAMPLES = 2_000
SCALE = 16
"""Pixels a side of a picture's pixel: 8 x 8 become 128 x 128."""

PARTS: tuple[Split, ...] = (*("train",) * 8, "validation", "test")
"""Splits of ten samples of a class in a row."""

SUMMARY = (
    "Handwritten digits, events of digits, spoken digits and sentences about digits, joined by "
    "class: four modalities, of which only the text was not recorded. For reports and tests; "
    "the events and the speech are CC BY-SA 4.0."
)

SENTENCES = (
    ("the digit {word}", "a handwritten {word}", "someone says {word}", "number {word}"),
    (
        "the number after {before}",
        "the number before {after}",
        "what comes after {before}",
        "{heard}",
    ),
)
"""With the class's name, and without it; both are drawn equally often."""

HEARD: Mapping[str, str] = {
    "zero": "the digit nero",
    "one": "number won",
    "two": "number too",
    "three": "the digit free",
    "four": "number for",
    "five": "the digit hive",
    "six": "number sicks",
    "seven": "digit heaven",
    "eight": "number ate",
    "nine": "number mine",
}
"""What a speech recogniser makes of them."""


@lru_cache(maxsize=1)
def _pictures() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return scikit-learn's digits: uint8 [N, 8, 8] 0..255, dark ground, and their classes."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second to import

    found = load_digits()
    return np.rint(found.images * (255 / 16)).astype(np.uint8), np.asarray(found.target, np.int64)


def load_picture(number: int) -> npt.NDArray[np.uint8]:
    """Return one of scikit-learn's digits.

    Args:
        number: Its place in the set.

    Returns:
        uint8 [128, 128, 3], RGB, white on black; each of the 8 x 8 pixels is a square of 16.
    """
    pixels = _pictures()[0][number]
    size = (pixels.shape[1] * SCALE, pixels.shape[0] * SCALE)
    large = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), np.uint8)


def sentences(digit: int, seed: Sequence[int]) -> list[str]:
    """Return sentences about a digit: one with its name, one without, in either order.

    Args:
        digit: 0 to 9.
        seed: Decides which.
    """
    rng = np.random.default_rng(seed)
    words = {
        "word": DIGITS[digit],
        "before": DIGITS[digit - 1] if digit else "minus one",
        "after": DIGITS[digit + 1] if digit < 9 else "ten",
        "heard": HEARD[DIGITS[digit]],
    }
    chosen = [str(rng.choice(texts)).format(**words) for texts in SENTENCES]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _picture_split(number: int) -> Split:
    return PARTS[_hashed(f"sklearn-digit {number}") % len(PARTS)]


def _event_split(item: Item) -> Split:
    held_out = item.split == "train" and _hashed(item.object_id) % len(PARTS) == 0
    return "validation" if held_out or item.split is None else item.split


@dataclass(frozen=True)
class Source:
    """One recording of one modality.

    Attributes:
        name: What tells it from the others.
        load: Loads it.
    """

    name: str
    load: Any


Pools = dict[tuple[int, Split, str], list[Source]]


def _pools(recordings: Path, skipped: SkipLog) -> tuple[Pools, list[str]]:
    """Sort all recordings by class, split and modality, and name the speakers held out."""
    pools: Pools = {}
    for number, digit in enumerate(_pictures()[1].tolist()):
        key = (digit, _picture_split(number), "image")
        pools.setdefault(key, []).append(Source(f"picture {number}", partial(load_picture, number)))
    for item in READERS["nmnist"].read(recordings / "nmnist", skipped):
        key = (item.meta["digit"], _event_split(item), "event")
        pools.setdefault(key, []).append(Source(item.object_id, item.modalities["event"]))
    spoken = list(READERS["fsdd"].read(recordings / "fsdd", skipped))
    speakers = sorted({item.meta["speaker"] for item in spoken})
    if len(speakers) < len(SPLITS):
        raise DatasetError(
            f"{recordings / 'fsdd'} has {len(speakers)} speakers, and each split needs one of its "
            "own; get the whole set"
        )
    held_out: dict[str, Split] = {speakers[-1]: "test", speakers[-2]: "validation"}
    for item in spoken:
        key = (item.meta["digit"], held_out.get(item.meta["speaker"], "train"), "audio")
        pools.setdefault(key, []).append(Source(item.object_id, item.modalities["audio"]))
    return pools, [f"{speaker} ({split})" for speaker, split in held_out.items()]


class DigitsPlan:
    """What the digits set is made of; a plan for `build_dataset`.

    Sample i is of class i % 10. Of each class eight samples in ten are for training. Recordings of
    a class and split are used in turn. In training each is used once, and samples that come after
    lack the modality, so that a share of samples is that share of recordings; in validation and
    test they are used again, in an order drawn anew each time.
    """

    def __init__(self, recordings: Path, samples: int = SAMPLES, seed: int = 0) -> None:
        """List the recordings.

        Args:
            recordings: Folder with nmnist and fsdd, in their published layouts.
            samples: How many samples to make, at least 100 so that each class has each split.
            seed: Decides what is paired.

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
        needed = [(d, s, m) for d in range(10) for s in SPLITS for m in ("image", "event", "audio")]
        for key in needed:
            if key not in self._pools:
                raise DatasetError(
                    f"{recordings} has no {key[2]} of the digit {DIGITS[key[0]]} for the "
                    f"{key[1]} split; get the whole set"
                )

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._samples

    def item(self, index: int) -> Item:
        """Return a sample, its modalities not yet loaded."""
        turn, digit = divmod(index, len(DIGITS))
        lap, place = divmod(turn, len(PARTS))
        split = PARTS[place]
        # The how-manieth of its class and split.
        count = lap * PARTS.count(split) + PARTS[:place].count(split)
        chosen = {
            modality: source
            for modality in ("image", "event", "audio")
            if (source := self._pick(digit, split, modality, count)) is not None
        }
        # 0x7e87 keeps the texts' chance apart from the pairing's.
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

    def _pick(self, digit: int, split: Split, modality: str, count: int) -> Source | None:
        pool = self._pools[digit, split, modality]
        lap, place = divmod(count, len(pool))
        if lap and split == "train":
            return None
        order = np.random.default_rng(
            (self._seed, digit, SPLITS.index(split), _hashed(modality) >> 32, lap)
        ).permutation(len(pool))
        return pool[int(order[place])]

    def describe(self) -> dict[str, Any]:
        """Return what the data card says."""
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `omnibind dataset build digits` takes besides --out and --workers."""
    parser.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"({SAMPLES})")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides the pairing (0)")
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help=f"folder with nmnist and fsdd (the environment's {RECORDINGS})",
    )


def make_plan(options: argparse.Namespace) -> DigitsPlan:
    """Return the plan that the options ask for.

    Raises:
        DatasetError: No recordings are named, or they do not suffice.
    """
    folder = options.recordings or os.environ.get(RECORDINGS)
    if not folder:
        raise DatasetError(
            f"the digits set needs recordings: name a folder with nmnist and fsdd by --recordings "
            f"or {RECORDINGS}"
        )
    return DigitsPlan(Path(folder), options.samples, options.seed)
