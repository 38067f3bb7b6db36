"""Splits of what a bundle is adapted to."""

import pytest

pytest.importorskip("torch")

from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.learning.adapt.sources import with_validation


def items(*objects):
    return [
        Item(str(number), label, f"{label}/{name}", None, {}, {}, "", "")
        for number, (label, name) in enumerate(objects)
    ]


def test_training_objects_become_validation_where_there_is_none():
    made = items(*((label, str(n)) for label in "ab" for n in range(20)), ("a", "t"), ("b", "t"))
    splits = with_validation(made, ["train"] * 40 + ["test"] * 2)
    assert splits[40:] == ["test", "test"]
    for first in (0, 20):
        assert splits[first : first + 20].count("validation") == 3
        assert splits[first : first + 20].count("train") == 17


def test_no_object_is_in_two_splits():
    made = items(*(("a", str(n // 4)) for n in range(40)))
    splits = with_validation(made, ["train"] * 40)
    of = {item.object_id: set() for item in made}
    for item, split in zip(made, splits, strict=True):
        of[item.object_id].add(split)
    assert all(len(each) == 1 for each in of.values())


def test_a_validation_split_stays():
    made = items(*(("a", str(n)) for n in range(6)))
    given = ["train", "train", "train", "test", "validation", "train"]
    assert with_validation(made, given) == given
