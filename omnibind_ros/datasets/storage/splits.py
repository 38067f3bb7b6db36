"""Splits of objects, and shares of paired data.

Both follow from hashes of names and not from a random generator: a dataset that is built again,
larger or elsewhere, has the same test objects, and a smaller share of paired data is part of a
larger one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.modalities import STUDENTS

from .item import SPLITS, Split

VALIDATION, TEST = 0.15, 0.2
"""Shares of a class's objects."""

MIN_OBJECTS = len(SPLITS)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on the text only, evenly distributed."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_of(object_id: str) -> Split:
    """Return the split of an object, from its id alone."""
    fraction = _fraction(object_id)
    if fraction < TEST:
        return "test"
    return "validation" if fraction < TEST + VALIDATION else "train"


def stratified_splits(objects: Iterable[str]) -> dict[str, Split]:
    """Divide the objects of one class, so that even a small class has objects in each split.

    The objects are ranked by the hash of their ids; the first go into test, the next into
    validation. So a new object in a class may move another one into a different split.

    Args:
        objects: Their ids.

    Raises:
        DatasetError: There are fewer than three, so that a split would be empty.
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
        key: Key of the sample.
        modality: The student modality.
        percent: The share, 0 to 100.
    """
    return _fraction(f"{modality} {key}") * 100 < percent


def parse_shares(text: str) -> dict[str, float]:
    """Parse shares of paired data, e.g. 'touch=10,event=1'.

    Returns:
        Percent by student modality; modalities that are not named have 100.

    Raises:
        DatasetError: Another format, no student modality, or not between 0 and 100.
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
    """Return the modalities of a sample that are in their shares; only training samples lose any.

    Args:
        key: Key of the sample.
        modalities: Its modalities.
        split: Its split.
        shares: Percent by student modality.
    """
    if split != "train":
        return list(modalities)
    return [name for name in modalities if in_share(key, name, shares.get(name, 100.0))]
