"""Folders of one's own recordings by class, and folder.yaml."""

from __future__ import annotations

from collections import Counter, defaultdict

import cv2
import numpy as np
import published_datasets as published
import pytest

from omnibind_ros.datasets.combining.labels import LabelMatcher
from omnibind_ros.datasets.combining.plan import CombinePlan
from omnibind_ros.datasets.combining.sets import SourceSet
from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.datasets.readers.folder import natural
from omnibind_ros.datasets.storage.skip_log import SkipLog


def read(root, options=""):
    if options:
        published.put(root / "folder.yaml", options)
    log = SkipLog()
    return list(READERS["folder"].read(root, log)), log


def plan_of(root):
    return CombinePlan([SourceSet.parse(f"folder:{root}")], LabelMatcher())


def touches(root, objects, count=4):
    """Write pictures of a pad: grey 90, a contact of another place each, PNG so exact."""
    for number, name in enumerate(objects):
        for k in range(count):
            pixels = np.full((40, 60, 3), 90 + number, np.uint8)
            pixels[4 * k : 4 * k + 4, 10:20] += 50
            path = root / name / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), pixels)


def test_a_folder_of_touch_pictures_as_a_new_user_has_it(tmp_path):
    touches(tmp_path, [f"{label}/{n}" for label in ("cup", "jug") for n in range(4)])
    published.put(tmp_path / "folder.yaml", "modality: touch\nreference: median\n")
    plan = plan_of(tmp_path)
    items = [plan.item(index) for index in range(len(plan))]
    assert len(items) == 32
    there, where = defaultdict(set), defaultdict(set)
    for item in items:
        assert list(item.modalities) == ["touch"]
        there[item.label].add(item.split)
        where[item.object_id].add(item.split)
    assert [len(splits) for splits in there.values()] == [3, 3]
    assert {len(splits) for splits in where.values()} == {1}
    assert any("one modality alone (touch)" in note for note in plan.notes)


def test_the_median_is_that_of_the_pictures_of_the_folder(tmp_path):
    touches(tmp_path, ["cup/a", "cup/b"])
    items, _ = read(tmp_path, "modality: touch\nreference: median\n")
    for item in items:
        gel, reference = item.modalities["touch"]()
        assert (reference == (90 if item.object_id.endswith("a") else 91)).all()
        assert (gel != reference).any()


def test_a_median_of_two_pictures_is_none(tmp_path):
    touches(tmp_path, ["cup/a"], count=2)
    items, _ = read(tmp_path, "modality: touch\nreference: median\n")
    with pytest.raises(SkipError, match="a median needs 3 pictures"):
        items[0].modalities["touch"]()


def test_pictures_of_two_sizes_have_no_median(tmp_path):
    touches(tmp_path, ["cup/a"])
    published.picture(tmp_path / "cup" / "a" / "9.png", size=(20, 20))
    items, _ = read(tmp_path, "modality: touch\nreference: median\n")
    with pytest.raises(SkipError, match=r"another size than 0\.png"):
        items[0].modalities["touch"]()


@pytest.mark.parametrize(
    ("choice", "place", "value"),
    [
        ("nearest", "reference.png", 7),
        ("object", "cup/a/reference.png", 8),
        ("file", "cup/a/0_reference.png", 9),
        ("pad/free.png", "pad/free.png", 10),
    ],
)
def test_references_are_found_as_folder_yaml_says(tmp_path, choice, place, value):
    touches(tmp_path, ["cup/a"], count=1)
    path = published.put(tmp_path / place)
    cv2.imwrite(str(path), np.full((40, 60, 3), value, np.uint8))
    items, _ = read(tmp_path, f"modality: touch\nreference: {choice}\n")
    item = next(item for item in items if item.label == "cup")
    assert (item.modalities["touch"]()[1] == value).all()
    assert len(items) == (2 if "pad/" in choice else 1)  # that of a file is no sample


@pytest.mark.parametrize("choice", ["nearest", "object", "file"])
def test_without_a_reference_the_sentence_says_what_to_do(tmp_path, choice):
    touches(tmp_path, ["cup/a"])
    items, _ = read(tmp_path, f"modality: touch\nreference: {choice}\n")
    with pytest.raises(SkipError, match="pad at rest"):
        items[0].modalities["touch"]()


def test_pictures_beside_a_reference_that_are_taken_for_photographs_are_noted(tmp_path):
    touches(tmp_path, ["cup/a"])
    published.picture(tmp_path / "reference.png")
    items, log = read(tmp_path)
    assert list(items[0].modalities) == ["image"]
    (note,) = log.notes
    assert "modality: touch" in note
    assert read(tmp_path, "modality: touch\n")[1].notes == []


def test_files_without_folders_of_objects_are_in_their_natural_order(tmp_path):
    for number in range(1, 21):
        published.picture(tmp_path / "cup" / f"{number}.png")
    plan = plan_of(tmp_path)
    names = defaultdict(list)
    for index in range(len(plan)):
        item = plan.item(index)
        names[item.split].append(int(item.object_id.rsplit("/", 1)[1]))
    assert {split: sorted(found) for split, found in names.items()} == {
        "train": list(range(1, 14)),
        "validation": [14, 15, 16],
        "test": [17, 18, 19, 20],
    }
    assert any("unknown objects" in note for note in plan.notes)
    assert sorted(["10", "9", "a1"], key=natural) == ["a1", "9", "10"]


@pytest.mark.parametrize(
    ("options", "objects", "known"),
    [
        ("", {"cup/a", "cup/b"}, True),
        ("object: file", {f"cup/cup/{o}/{n}" for o in "ab" for n in range(4)}, True),
        ("object: class", {"cup/all"}, True),
        ("object: '^([0-2])'", {"cup/0", "cup/1", "cup/2", "cup/cup/a/3", "cup/cup/b/3"}, None),
    ],
)
def test_objects_are_found_as_folder_yaml_says(tmp_path, options, objects, known):
    touches(tmp_path, ["cup/a", "cup/b"])
    items, _ = read(tmp_path, options)
    assert {item.object_id.removeprefix("folder/") for item in items} == objects
    for item in items:
        assert item.object_known == (known if known is not None else item.object_id[-1] != "3")


def test_folders_of_sensors_and_sessions_below_an_object_are_no_objects(tmp_path):
    for place in ("cup/rgb/1.png", "cup/blue/monday/1.png", "cup/blue/rgb/tuesday/1.png"):
        published.picture(tmp_path / place)
    items, _ = read(tmp_path)
    assert Counter((i.object_id, i.object_known) for i in items) == {
        ("folder/cup/cup/1", False): 1,
        ("folder/cup/blue", True): 2,
    }


SPLIT = "split:\n  validation: [cup/b]\n  test: ['*/c', session2]\n"


def test_splits_by_hand(tmp_path):
    touches(tmp_path, ["cup/a", "cup/b", "cup/c", "jug/c", "jug/a/session2"], count=1)
    items, _ = read(tmp_path, SPLIT)
    assert {item.object_id.removeprefix("folder/"): item.split for item in items} == {
        "cup/a": "train",
        "cup/b": "validation",
        "cup/c": "test",
        "jug/c": "test",
        "jug/a": "test",
    }


def test_published_folders_of_splits(tmp_path):
    touches(tmp_path, ["train/cup/a", "dev/cup/b", "test/cup/c"], count=1)
    items, _ = read(tmp_path)
    assert {item.object_id[-1]: item.split for item in items} == {
        "a": "train",
        "b": "validation",
        "c": "test",
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("modality: smell", "modality 'smell' is none of image, text"),
        ("colour: red", "'colour' is no key of it; keys are modality"),
        ("unit: fahrenheit", "unit 'fahrenheit' is none of auto"),
        ("axes: up", "axes 'up' is none of auto"),
        ("reference: there.png", r"reference 'there\.png' is neither nearest"),
        ("object: '('", "is no pattern"),
        ("object: cup", "nor a pattern with one group"),
        ("licence: 7", "licence is no text"),
        ("split: [a]", "split has other keys than train"),
        ("split: {exam: [a]}", "split has other keys than train"),
        ("split: {test: {a: b}}", "test is no list of names"),
        ("split: {test: [nobody]}", "split lists 'nobody', but no file or folder"),
        ("split: {test: [cup], train: [cup/a]}", "as train and as test|as test and as train"),
        ("- a", "no list of keys"),
        ("a: [", "it is no YAML in line 2"),
    ],
)
def test_each_error_of_folder_yaml_is_one_sentence(tmp_path, options, sentence):
    touches(tmp_path, ["cup/a"], count=1)
    with pytest.raises(ReaderError, match=sentence) as error:
        read(tmp_path, options + "\n")
    assert "folder.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_licence_author_and_unit_are_those_of_folder_yaml(tmp_path):
    heat = np.linspace(2900, 3100, 40 * 60).reshape(40, 60).astype(np.uint16)
    path = tmp_path / "cup" / "1.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), heat)
    options = "modality: thermal\nunit: decikelvin\nlicence: CC0-1.0\nauthor: me\n"
    (item,), _ = read(tmp_path, options)
    assert (item.licence, item.author) == ("CC0-1.0", "me")
    assert np.abs(item.modalities["thermal"]() - (heat / 10 - 273.15)).max() < 0.01


def test_files_that_cannot_be_of_the_modality_are_left_out(tmp_path):
    touches(tmp_path, ["cup/a"], count=1)
    published.sound(tmp_path / "cup" / "a" / "tap.wav")
    items, log = read(tmp_path, "modality: touch\n")
    assert len(items) == 1
    assert any("cannot be touch" in reason for reason in log.counts)


def test_two_folders_are_told_apart_and_what_they_lack_is_said(tmp_path):
    for label in ("cup", "jug"):
        for number in range(3):
            published.picture(tmp_path / "rgb" / label / str(number) / "1.png")
    for number in range(3):
        published.sound(tmp_path / "sounds" / "cup" / str(number) / "1.wav")
    sets = [SourceSet.parse(f"folder:{tmp_path / name}") for name in ("rgb", "sounds")]
    plan = CombinePlan(sets, LabelMatcher())
    items = [plan.item(index) for index in range(len(plan))]
    assert all(set(item.modalities) == {"image", "audio"} for item in items)
    assert {item.label for item in items} == {"cup"}
    assert any("jug 3; --min-modalities 1 keeps them" in note for note in plan.notes)


def test_what_per_class_leaves_out_is_counted_by_class(tmp_path):
    touches(tmp_path, [f"{label}/{n}" for label in ("cup", "jug") for n in range(3)], count=6)
    sets = [SourceSet.parse(f"folder:{tmp_path}")]
    plan = CombinePlan(sets, LabelMatcher(), per_class=5)
    note = next(note for note in plan.notes if "--per-class 5" in note)
    assert "leaves out 6 recordings: cup 3, jug 3" in note
