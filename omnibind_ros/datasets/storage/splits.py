"""Splits of objects, and shares of paired data.

Both follow from hashes of names and not from a random generator: a smaller share of paired data is
part of a larger one, and the same objects always have the same splits. A new object in a class may
move another one into a different split, as every class is to have objects in each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.modalities import STUDENTS

from .item import SPLITS, Split

VALIDATION, TEST = 0.15, 0.2
"""Shares of a class's objects."""

MIN_OBJECTS = len(SPLITS)


class Member(NamedTuple):
    """What decides the split of an item.

    Attributes:
        group: Its class; where several sets are joined, its class in one set.
        object_id: Its object.
        split: The split that is published or chosen by hand; None if there is none.
        object_known: Whether the object is known; else `object_id` stands for the item alone.
    """

    group: str
    object_id: str
    split: Split | None = None
    object_known: bool = True


@dataclass(frozen=True)
class Division:
    """The splits of items.

    Attributes:
        splits: Of each item, its split.
        one: Groups with one object only, whose items are divided.
        two: Groups with two objects only.
        unknown: Groups of which the objects are not known.
    """

    splits: list[Split]
    one: list[str] = field(default_factory=list)
    two: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on the text only, evenly distributed."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _ranked(objects: Iterable[str]) -> list[str]:
    return sorted(set(objects), key=lambda object_id: (_fraction(object_id), object_id))


def _held_out(count: int) -> dict[Split, int]:
    """Return how many of three or more objects are for test and for validation."""
    return {"test": max(1, round(TEST * count)), "validation": max(1, round(VALIDATION * count))}


def stratified_splits(
    objects: Iterable[str], placed: Mapping[str, Split] | None = None
) -> dict[str, Split]:
    """Divide the objects of one class, so that even a small class has objects in each split.

    The objects are ranked by the hash of their ids; the first go into test, the next into
    validation.

    Args:
        objects: Their ids.
        placed: Splits that some of them have already; these stay. Where there are too few others
            for all splits, training comes before test, and test before validation.

    Returns:
        By object, its split.

    Raises:
        DatasetError: There are fewer than three, so that a split would be empty.
    """
    ranked = _ranked(objects)
    if len(ranked) < MIN_OBJECTS:
        raise DatasetError(
            f"{len(ranked)} objects cannot be divided into {', '.join(SPLITS)}: a class needs at "
            f"least {MIN_OBJECTS}"
        )
    splits = {each: placed[each] for each in ranked if placed and each in placed}
    free = [each for each in ranked if each not in splits]
    have = list(splits.values())
    if free and "train" not in have:
        splits[free.pop()] = "train"
    for split, wanted in _held_out(len(ranked)).items():
        while free and wanted > have.count(split):
            splits[free.pop(0)] = split
            have.append(split)
    return splits | dict.fromkeys(free, "train")


def blocks(count: int) -> list[Split]:
    """Divide items in their order into a block for training, one for validation and one for test.

    Neighbours in time, which are alike, are so in one split but for two places.

    Args:
        count: How many. One is for training; of two, one is for test.

    Returns:
        Of each item, its split.
    """
    held_out = _held_out(count)
    if count < MIN_OBJECTS:
        held_out = {"validation": 0, "test": count // 2}
    counts: dict[Split, int] = {"train": count - sum(held_out.values()), **held_out}
    return [split for split in SPLITS for _ in range(counts[split])]


class _Group:
    """The items of a class whose splits are to be found."""

    def __init__(self) -> None:
        self.objects: set[str] = set()
        self.free: dict[str, list[int]] = {}
        self.unknown: list[int] = []


def divide(members: Sequence[Member]) -> Division:
    """Return the split of every item, so that each class has each split wherever it can.

    - A split that is published or chosen by hand stays, and counts for all items of the object.
    - The objects of a class with three or more are divided by `stratified_splits`.
    - Of a class with two objects, one is for training; the items of the other are divided in their
      order between validation and test. It is the one of lower rank that is divided, unless it has
      one item only.
    - The items of a class with one object are divided in their order (`blocks`), and so are the
      items of a class whose objects are not known.

    An object of several classes gets its split in the first of them, the classes with fewest
    objects last. So a class may still lack a split.

    Args:
        members: The items, those of an object in the order of their times or names.

    Returns:
        The splits, and the groups with too few objects.
    """
    placed: dict[str, Split] = {}
    groups: dict[str, _Group] = {}
    splits: list[Split] = []
    for index, member in enumerate(members):
        splits.append(member.split or "train")
        group = groups.setdefault(member.group, _Group())
        if member.object_known:
            group.objects.add(member.object_id)
        if member.split is not None:
            placed.setdefault(member.object_id, member.split)
        elif member.object_known:
            group.free.setdefault(member.object_id, []).append(index)
        else:
            group.unknown.append(index)
    division = Division(splits)
    order = sorted(groups, key=lambda name: (-len(groups[name].objects), name))
    for name in order:
        _divide_group(name, groups[name], members, placed, division)
    for names in (division.one, division.two, division.unknown):
        names.sort()
    return division


def _divide_group(
    name: str,
    group: _Group,
    members: Sequence[Member],
    placed: dict[str, Split],
    division: Division,
) -> None:
    """Fill in the splits of a class's items, and note them in `placed`."""
    splits = division.splits
    if group.unknown:
        division.unknown.append(name)
        for index, split in zip(group.unknown, blocks(len(group.unknown)), strict=True):
            splits[index] = placed.setdefault(members[index].object_id, split)
    for each, items in group.free.items():
        for index in items:
            splits[index] = placed.get(each, "train")
    free = {each: items for each, items in group.free.items() if each not in placed}
    if not free:
        return
    if len(group.objects) >= MIN_OBJECTS:
        found = stratified_splits(
            group.objects, {each: placed[each] for each in group.objects if each in placed}
        )
        for each, items in free.items():
            placed[each] = found[each]
            for index in items:
                splits[index] = found[each]
    elif len(group.objects) == 1:
        division.one.append(name)
        ((_, items),) = free.items()
        for index, split in zip(items, blocks(len(items)), strict=True):
            splits[index] = split
    else:
        division.two.append(name)
        others = {placed[each] for each in group.objects if each in placed}
        if others <= {"train"}:  # else the other one is held out already, and this one trains
            _divide_two(free, placed, splits)


def _divide_two(
    free: Mapping[str, list[int]], placed: dict[str, Split], splits: list[Split]
) -> None:
    """Divide the items of one of at most two objects between validation and test."""
    ranked = _ranked(free)
    divided = min(ranked, key=lambda each: (len(free[each]) == 1, ranked.index(each)))
    placed.update({each: "train" for each in free if each != divided})
    half = len(free[divided]) // 2
    for place, index in enumerate(free[divided]):
        splits[index] = "validation" if place < half else "test"


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
