"""Sets joined by what their labels mean."""

from __future__ import annotations

import argparse
import pickle
from collections import Counter

import numpy as np
import published_datasets as published
import pytest

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.combining.command import add_arguments, make_matcher, run
from omnibind_ros.datasets.combining.labels import LabelMatcher, normalise, read_mapping
from omnibind_ros.datasets.combining.plan import CombinePlan
from omnibind_ros.datasets.combining.sets import SourceSet
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.dataset import Dataset


@pytest.fixture
def sets(tmp_path):
    """Pictures of dogs and mugs, sounds of dogs, shapes of mugs."""
    for number in range(6):
        for split in ("train", "test"):
            published.picture(
                tmp_path / "p" / split / "Dog" / f"{split}{number}.jpg", (number, 9, 9)
            )
            published.picture(tmp_path / "p" / split / "coffee_mugs" / f"{split}{number}.jpg")
    for name in ("1-10-A", "1-11-A", "5-12-A"):
        published.sound(tmp_path / "s" / "001 - Dog bark" / f"{name}.ogg", seconds=0.1)
    for split in ("train", "test"):
        path = tmp_path / "m" / "coffee_mug" / split / f"mug_{split}.off"
        published.put(path, published.OFF.format(header="OFF\n"))
    return tmp_path


def parts(sets):
    named = (f"imagefolder:{sets / 'p'}", f"esc10:{sets / 's'}", f"modelnet40:{sets / 'm'}")
    return [SourceSet.parse(text) for text in named]


MAPPING = "mapping:\n  esc10: {Dog bark: dog}\n"


def mapped(sets):
    return make_matcher(None, published.put(sets / "mapping.yaml", MAPPING))


def test_labels_join_by_name_and_by_mapping(sets):
    plan = CombinePlan(parts(sets), mapped(sets))
    items = [plan.item(index) for index in range(len(plan))]
    assert Counter((item.label, item.split) for item in items) == {
        ("Dog", "train"): 6,
        ("Dog", "test"): 6,
        ("coffee mugs", "train"): 6,
        ("coffee mugs", "test"): 6,
    }
    for item in items:
        assert set(item.modalities) == {"image", "audio" if item.label == "Dog" else "points"}
        assert item.origin["image"] == "recorded"
        assert all(load() is not None for load in item.modalities.values())
    assert len({item.key for item in items}) == 24
    used = {part["key"] for item in items for part in item.meta["parts"]}
    assert len(used) == 29  # every recording has its turn
    assert plan.describe()["labels"]["Dog"] == {"imagefolder": ["Dog"], "esc10": ["dog bark"]}
    assert {source["name"] for source in plan.describe()["sources"]} == {
        "ImageFolder",
        "ESC-10",
        "ModelNet40",
    }


def test_without_a_mapping_unlike_names_stay_apart_and_are_counted(sets):
    plan = CombinePlan(parts(sets), LabelMatcher())
    assert {plan.item(index).label for index in range(len(plan))} == {"coffee mugs"}
    lost = plan.skipped.to_dict()["its class has fewer than 2 modalities in a split"]
    assert lost["count"] == 15
    with pytest.raises(DatasetError, match="--suggest"):
        CombinePlan(parts(sets)[:2], LabelMatcher())


def test_the_seed_decides_the_pairing_and_plans_cross_processes(sets):
    plans = [CombinePlan(parts(sets), mapped(sets), seed=seed) for seed in (0, 0, 1)]
    plans.append(pickle.loads(pickle.dumps(plans[0])))
    pairs = [[plan.item(i).object_id for i in range(len(plan))] for plan in plans]
    assert pairs[0] == pairs[1] == pairs[3] != pairs[2]


def test_limits_are_kept(sets):
    plan = CombinePlan(parts(sets), mapped(sets), samples=5, per_class=2)
    assert len(plan) == 5
    assert plan.skipped.counts["there are more recordings than --per-class"] == 16
    with pytest.raises(DatasetError, match="no class has 3 modalities"):
        CombinePlan(parts(sets), mapped(sets), min_modalities=3)


def test_built_datasets_are_joined_again(sets):
    first = CombinePlan(parts(sets)[:2], mapped(sets))
    build_dataset(first, sets / "dogs", workers=1)
    again = [SourceSet.parse(str(sets / "dogs")), parts(sets)[2]]
    plan = CombinePlan(again, LabelMatcher(), min_modalities=1)
    item = next(i for i in map(plan.item, range(len(plan))) if i.label == "Dog")
    assert set(item.modalities) == {"image", "audio"}
    stored = Dataset.open(sets / "dogs")
    want = next(sample for sample in stored if sample.object_id in item.object_id)
    assert np.array_equal(item.modalities["audio"](), want["audio"])
    assert {source["name"] for source in plan.describe()["sources"]} >= {"ESC-10", "ModelNet40"}


def test_one_object_is_never_in_two_splits(sets):
    one = sets / "t"
    published.touch_and_go(one)
    published.put(sets / "mapping.yaml", 'mapping: {"*": {wood: Dog}}')
    matcher = make_matcher(None, sets / "mapping.yaml")
    plan = CombinePlan([SourceSet.parse(f"touch-and-go:{one}"), parts(sets)[0]], matcher)
    where = {}
    for index in range(len(plan)):
        item = plan.item(index)
        for part in item.meta["parts"]:
            assert where.setdefault(part["key"], item.split) == item.split


def test_the_recordings_of_the_only_object_of_a_class_are_divided_and_it_is_said(tmp_path, capsys):
    for number in range(10):
        published.picture(tmp_path / "p" / "cup" / "blue" / f"{number}.png", (number, 9, 9))
        published.picture(tmp_path / "p" / "jug" / f"{number % 5}" / f"{number}.png")
    words = ("--min-modalities", "1", "--workers", "1")
    assert command(f"folder:{tmp_path / 'p'}", *words, "--out", tmp_path / "one") == 0
    assert "1 class (cup) has one object only" in capsys.readouterr().out
    card = (tmp_path / "one" / "README.md").read_text()
    assert "1 of 6 objects are in more than one split." in card
    assert "1 class (cup) has one object only" in card
    # A dataset of it keeps all of them, each in its split.
    assert command(tmp_path / "one", *words, "--out", tmp_path / "two") == 0
    first, second = (Dataset.open(tmp_path / name) for name in ("one", "two"))
    assert Counter(first.column("split")) == Counter(second.column("split"))
    assert len(second) == 20


def test_what_was_recorded_together_stays_together(sets):
    published.touch_and_go(sets / "t")
    plan = CombinePlan([SourceSet.parse(f"touch-and-go:{sets / 't'}")], LabelMatcher())
    item = plan.item(0)
    (part,) = item.meta["parts"]
    assert part["modalities"] == ["image", "touch"]


def test_a_closed_vocabulary_takes_synonyms_and_drops_the_rest(sets):
    labels = "templates: ['a {}']\nlabels: [{name: animal, synonyms: [dog, dog bark]}]\n"
    matcher = make_matcher(str(published.put(sets / "labels.yaml", labels)), None)
    plan = CombinePlan(parts(sets), matcher)
    assert {plan.item(index).label for index in range(len(plan))} == {"animal"}
    assert plan.skipped.counts["the label is of no class"] == 14
    assert matcher.unmatched == {"imagefolder": {"coffee mugs"}, "modelnet40": {"coffee mug"}}
    assert make_matcher("household", None).match("x", "Couch") == "sofa"


def test_a_mapping_may_leave_labels_out(sets):
    matcher = LabelMatcher(mapping={"esc10": {"rain": None}, "*": {"xbox": "toy"}})
    assert matcher.match("esc10", "Rain") is None
    assert matcher.match("imagenet", "rain") == "rain"
    assert matcher.match("modelnet40", "xbox") == "toy"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Coffee_Mug", "coffee mug"),
        ("airplanes", "airplane"),
        ("watches", "watch"),
        ("batteries", "Battery"),
        ("night-stand", "night stand"),
    ],
)
def test_names_that_differ_in_form_only_are_one(one, other):
    matcher = LabelMatcher()
    assert matcher.match("a", other) == other
    assert matcher.match("b", one) == other


def test_names_in_s_that_are_no_plurals_stay():
    matcher = LabelMatcher()
    assert matcher.match("a", "glas") == "glas"
    assert matcher.match("b", "glass") == "glass"
    assert normalise("  Tea--Pot ") == "tea pot"


def command(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def test_suggestions_are_to_be_confirmed_before_they_count(sets, bundle_dir, capsys):
    named = [f"imagefolder:{sets / 'p'}", f"esc10:{sets / 's'}"]
    file = sets / "suggested.yaml"
    assert command(*named, "--suggest", file, "--bundle", bundle_dir, "--threshold", "0.5") == 0
    assert "to confirm" in capsys.readouterr().out
    text = file.read_text()
    assert '"dog bark": "Dog"' in text or '"Dog": "dog bark"' in text
    with pytest.raises(DatasetError, match="nobody has confirmed"):
        command(*named, "--mapping", file, "--out", sets / "out")
    file.write_text(text.replace("confirmed: false", "confirmed: true"))
    assert command(*named, "--mapping", file, "--out", sets / "out", "--workers", "1") == 0
    built = Dataset.open(sets / "out")
    assert len(built) == 12
    assert set(built[0].modalities) == {"image", "audio"}


@pytest.mark.parametrize(
    "text", ["", "mapping: [a]", "mapping: {esc10: [a]}", "labels: {}", "mapping: {a", "7"]
)
def test_a_bad_mapping_is_one_sentence(tmp_path, text):
    with pytest.raises(DatasetError, match="mapping"):
        read_mapping(published.put(tmp_path / "mapping.yaml", text))


def test_what_is_no_set_is_named(tmp_path):
    with pytest.raises(DatasetError, match="is no dataset"):
        SourceSet.parse(str(tmp_path))
    with pytest.raises(DatasetError, match="no reader 'imagnet'"):
        SourceSet.parse("imagnet:there")
    with pytest.raises(DatasetError, match="by --out"):
        command(f"imagefolder:{tmp_path}")
