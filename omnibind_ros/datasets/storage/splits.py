"""Which objects are trained on and which are held out, and who gets how much paired data.

Both follow from hashes of names, not from chance: a dataset built again, larger or elsewhere,
keeps its test objects, and the smaller share of paired data lies within the larger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.modalities import MODALITIES

from .item import SPLITS, Split

VALIDATION, TEST = 0.15, 0.2
"""Shares of a class's objects."""

MIN_OBJECTS = len(SPLITS)

STUDENTS = tuple(name for name, modality in MODALITIES.items() if not modality.teacher)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on the text only, evenly distributed."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_of(object_id: str) -> Split:
    """Return the split of an object of which nothing else is known."""
    where = _fraction(object_id)
    if where < TEST:
        return "test"
    return "validation" if where < TEST + VALIDATION else "train"


def stratified_splits(objects: Iterable[str]) -> dict[str, Split]:
    """Divide the objects of one class, so that small classes too have each split.

    The objects are ranked by the hash of their ids; the first go into test, the next into
    validation. A class that gains an object may so move another across a border.

    Args:
        objects: Their ids.

    Raises:
        DatasetError: There are fewer than three, so one split would have none.
    """
    ranked = sorted(set(objects), key=lambda object_id: (_fraction(object_id), object_id))
    if len(ranked) < MIN_OBJECTS:
        raise DatasetError(
            f"{len(ranked)} objects cannot be divided into {', '.join(SPLITS)}: a class needs at "
            f"least {MIN_OBJECTS}"
        )
    test = max(1, round(TEST * len(ranked)))
    held_out = test + max(1, round(VALIDATION * len(ranked)))
    return {
        object_id: "test" if rank < test else "validation" if rank < held_out else "train"
        for rank, object_id in enumerate(ranked)
    }


def in_share(key: str, modality: str, percent: float) -> bool:
    """Return whether a training sample is in a modality's share of paired data.

    Args:
        key: The sample's.
        modality: The student modality.
        percent: The share, 0 to 100.
    """
    return _fraction(f"{modality} {key}") * 100 < percent


def parse_shares(text: str) -> dict[str, float]:
    """Read shares of paired data as they are typed: 'touch=10,event=1'.

    Returns:
        Percent by student modality; those not named have all.

    Raises:
        DatasetError: It is not like that, names no student modality, or leaves 0 to 100.
    """
    shares: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        try:
            percent = float(number)
        except ValueError:
            percent = -1
        if name.strip() not in STUDENTS or not 0 <= percent <= 100:
            raise DatasetError(
                f"'{part}' is no share of paired data: write MODALITY=PERCENT, e.g. touch=10; "
                f"modalities with a share are {', '.join(STUDENTS)}"
            )
        shares[name.strip()] = percent
    return shares


def shared_modalities(
    key: str, modalities: Iterable[str], split: Split, shares: Mapping[str, float]
) -> list[str]:
    """Return the modalities that a sample keeps; only training samples lose any.

    Args:
        key: The sample's.
        modalities: What it has.
        split: Where it is.
        shares: Percent by student modality.
    """
    if split != "train":
        return list(modalities)
    return [name for name in modalities if in_share(key, name, shares.get(name, 100.0))]
