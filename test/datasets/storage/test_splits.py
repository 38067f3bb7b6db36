"""Splits: every class has training, validation and test wherever it can."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.item import SPLITS
from omnibind_ros.datasets.storage.split_notes import division_notes, missing_notes
from omnibind_ros.datasets.storage.splits import Member, blocks, divide, stratified_splits

CLASSES = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1
)
"""By class, the number of items of each of its objects."""


def members_of(classes):
    return [
        Member(label, f"{label}/{number}")
        for label, counts in classes.items()
        for number, count in enumerate(counts)
        for _ in range(count)
    ]


@given(st.sets(st.text(min_size=1), min_size=3, max_size=60))
def test_a_class_of_three_objects_has_each_split(objects):
    splits = stratified_splits(objects)
    assert set(splits) == objects
    counts = Counter(splits.values())
    assert set(counts) == set(SPLITS)
    assert counts["train"] >= len(objects) * 0.3
    assert stratified_splits(sorted(objects, reverse=True)) == splits


def test_two_objects_cannot_be_divided_whole():
    with pytest.raises(DatasetError, match="at least 3"):
        stratified_splits(["a", "b"])


@given(st.sets(st.text(min_size=1), min_size=3, max_size=30), st.data())
def test_splits_that_are_placed_stay_and_the_others_fill_what_is_missing(objects, data):
    names = sorted(objects)
    placed = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(SPLITS)))
    splits = stratified_splits(objects, placed)
    assert {each: splits[each] for each in placed} == placed
    lacking = [split for split in ("train", "test", "validation") if split not in placed.values()]
    free = objects - set(placed)
    assert {splits[each] for each in free} >= set(lacking[: len(free)])


@given(CLASSES)
def test_every_class_of_three_objects_has_every_split_and_no_object_two(classes):
    members = members_of(classes)
    division = divide(members)
    there, where = defaultdict(set), defaultdict(set)
    for member, split in zip(members, division.splits, strict=True):
        there[member.group].add(split)
        where[member.object_id].add(split)
    for label, counts in classes.items():
        if len(counts) >= 3:
            assert there[label] == set(SPLITS)
            assert all(len(where[f"{label}/{n}"]) == 1 for n in range(len(counts)))
    assert division.one == sorted(label for label, counts in classes.items() if len(counts) == 1)
    assert division.two == sorted(label for label, counts in classes.items() if len(counts) == 2)


@given(CLASSES, st.randoms())
def test_the_order_of_objects_does_not_matter(classes, random):
    members = members_of(classes)
    runs = [list(run) for _, run in groupby(members)]
    random.shuffle(runs)
    mixed = [member for run in runs for member in run]
    one, other = defaultdict(list), defaultdict(list)
    for found, listed in ((one, members), (other, mixed)):
        for member, split in zip(listed, divide(listed).splits, strict=True):
            found[member].append(split)
    assert one == other


@given(st.integers(0, 300))
def test_blocks_are_contiguous_and_have_their_shares(count):
    found = blocks(count)
    assert len(found) == count
    order = [split for split, _ in groupby(found)]
    assert order == [split for split in SPLITS if split in found]
    if count >= 3:
        assert set(found) == set(SPLITS)
        assert Counter(found)["train"] == pytest.approx(0.65 * count, abs=1.01)
    elif count:
        assert found[0] == "train"


@given(st.integers(1, 40), st.integers(1, 40))
def test_of_two_objects_one_is_for_training_and_the_other_measures(one, two):
    members = [Member("cup", "x")] * one + [Member("cup", "y")] * two
    splits = divide(members).splits
    of = {"x": splits[:one], "y": splits[one:]}
    (whole,) = [name for name, found in of.items() if set(found) == {"train"}]
    held_out = of["y" if whole == "x" else "x"]
    assert [split for split, _ in groupby(held_out)] in (["validation", "test"], ["test"])
    assert len(held_out) == 1 or set(held_out) == {"validation", "test"}
    if len(held_out) == 1:
        assert min(one, two) == 1


@given(CLASSES, st.data())
def test_published_splits_stay(classes, data):
    members = [
        member._replace(split=data.draw(st.sampled_from((None, *SPLITS))))
        for member in members_of(classes)
    ]
    for member, split in zip(members, divide(members).splits, strict=True):
        assert member.split in (None, split)


def test_items_follow_the_published_split_of_their_object():
    members = [Member("cup", "blue", "test"), Member("cup", "blue")]
    assert divide(members).splits == ["test", "test"]


def test_the_second_object_completes_a_published_one():
    splits = divide([Member("cup", "a", "train"), *[Member("cup", "b")] * 4]).splits
    assert splits == ["train", *["validation"] * 2, *["test"] * 2]
    assert divide([Member("cup", "a", "test"), Member("cup", "b")]).splits == ["test", "train"]


def test_an_object_of_two_classes_has_one_split():
    members = [Member("cup", str(n)) for n in range(5)] + [Member("mug", str(n)) for n in range(7)]
    splits = divide(members).splits
    assert splits[:5] == splits[5:10]


def test_files_of_unknown_objects_are_divided_in_their_order():
    members = [Member("cup", f"cup/{n}", object_known=False) for n in range(20)]
    division = divide(members)
    assert division.splits == blocks(20)
    assert division.unknown == ["cup"]
    assert division.one == []
    (note,) = division_notes(division)
    assert "1 class (cup) has files of unknown objects" in note
    assert "object: file" in note


def test_classes_with_too_few_objects_are_named():
    division = divide([*[Member("cup", "a")] * 9, *[Member("jug", n) for n in "xy"]])
    one, two = division_notes(division)
    assert one.startswith("1 class (cup) has one object only")
    assert two.startswith("1 class (jug) has two objects only")
    assert division_notes(divide([Member("cup", n) for n in "abcd"])) == []


def test_classes_without_a_split_are_named():
    many = {f"class {n:02}": ["train", "test"] for n in range(20)} | {"mug": SPLITS}
    (note,) = missing_notes(many)
    assert note.startswith("20 classes (class 00, ")
    assert "class 11, ...) have no validation samples" in note
    assert missing_notes({"mug": SPLITS}) == []
