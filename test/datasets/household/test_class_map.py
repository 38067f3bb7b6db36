"""The reviewed class map, the splits and the shares of paired data."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.splits import (
    STUDENTS,
    in_share,
    parse_shares,
    shared_modalities,
)
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.substances import SUBSTANCES

LABELS = set(load_descriptions())


@pytest.fixture(scope="module")
def class_map():
    return ClassMap.load()


def test_there_are_classes_enough_and_each_can_be_described(class_map):
    assert len(class_map.classes) >= 30
    shown = {c.label for c in class_map.classes.values() if c.names or c.objects or c.meshes}
    assert shown <= LABELS


def test_a_class_without_objects_has_recordings(class_map):
    heard = {label for published in class_map.recorded for label in published.labels.values()}
    without = {c.label for c in class_map.classes.values() if not (c.names or c.objects)}
    assert without == {"rain", "sea waves", "helicopter"}
    assert without <= heard


def test_meshes_are_of_substances_that_exist(class_map):
    substances = {s for entry in class_map.classes.values() for s in entry.meshes.values()}
    assert substances <= set(SUBSTANCES)


def test_no_word_stands_for_two_classes(class_map):
    words = Counter(
        word for label in class_map.classes for word in {label, *class_map.words(label)}
    )
    assert [word for word, times in words.items() if times > 1] == []


def test_nothing_is_both_in_a_class_and_ignored(class_map):
    names = {name for entry in class_map.classes.values() for name in entry.names}
    assert not names & class_map.ignored


def test_an_id_comes_before_a_name(class_map):
    assert class_map.label_of("scopia-chair", "Chair", "Living room") == "chair"
    assert class_map.label_of("scopia-ext_chair", "Chair", "Exterior") == "sofa"
    assert class_map.label_of("new", "Warp drive", "Office") is None


def written(folder, data):
    path = Path(folder) / "map.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "is no class map"),
        ({"classes": [{"names": ["x"]}]}, "is no class map"),
        ({"classes": [{"label": "a", "names": ["x"]}, {"label": "b", "names": ["x"]}]}, "keep one"),
        (
            {"classes": [], "recorded": [{"folder": "f", "reader": "r", "labels": {"x": "a"}}]},
            "does not list",
        ),
    ],
)
def test_a_map_that_is_wrong_is_told(tmp_path, data, why):
    with pytest.raises(DatasetError, match=why):
        ClassMap.load(written(tmp_path, data))


def test_a_name_of_two_things_is_told_apart_by_its_category(tmp_path):
    data = {
        "classes": [
            {"label": "tool", "names": ["Shovel"]},
            {"label": "cutlery", "names": ["Kitchen/Shovel"]},
        ]
    }
    class_map = ClassMap.load(written(tmp_path, data))
    assert class_map.label_of("a", "Shovel", "Kitchen") == "cutlery"
    assert class_map.label_of("b", "Shovel", "Garden") == "tool"


@given(st.text(), st.sampled_from(STUDENTS), st.floats(0, 100), st.floats(0, 100))
def test_the_smaller_share_lies_within_the_larger(key, modality, one, other):
    small, large = sorted((one, other))
    assert in_share(key, modality, large) or not in_share(key, modality, small)
    assert in_share(key, modality, 100)
    assert not in_share(key, modality, 0)


def test_a_share_is_what_it_says():
    kept = sum(in_share(f"sample-{number}", "touch", 10) for number in range(5000))
    assert kept == pytest.approx(500, abs=80)


def test_only_training_samples_lose_a_modality():
    shares = {"touch": 0.0}
    assert shared_modalities("k", ["image", "touch"], "train", shares) == ["image"]
    assert shared_modalities("k", ["image", "touch"], "test", shares) == ["image", "touch"]


def test_shares_are_read_as_typed():
    assert parse_shares("touch=10, event=1") == {"touch": 10.0, "event": 1.0}
    assert parse_shares("") == {}


@pytest.mark.parametrize(
    ("label", "name", "finest"),
    [
        ("chair", "Rattan armchair", "armchair"),
        ("chair", "Osaka chair", "chair"),
        ("cutlery", "knife", "knife"),
        ("animal", "dog bark", "dog"),
        ("person", "person sneeze", "person"),
        ("rain", "rain", "rain"),
        ("a class of another map", "Chair", "a class of another map"),
    ],
)
def test_a_thing_has_its_finest_label(class_map, label, name, finest):
    assert class_map.finest(label, name) == finest


@pytest.mark.parametrize(
    ("finer", "why"),
    [
        ({"stool": ["Table"]}, "the class has no such name"),
        ({"stool": ["Chair"], "armchair": ["Chair"]}, "two finer labels: keep one"),
        (["Chair"], "is no class map"),
    ],
)
def test_finer_labels_are_checked(tmp_path, finer, why):
    classes = [{"label": "chair", "names": ["Chair"], "finer": finer}]

    with pytest.raises(DatasetError, match=why):
        ClassMap.load(written(tmp_path, {"classes": classes}))


def test_finest_labels_ship_and_every_thing_has_one(class_map):
    """Each object and each recording can be named by the labels that the bundle ships."""
    shipped = {label.name for label in read_labels(ROOT / "models/household/labels.yaml").labels}
    recorded = Counter()
    for published in class_map.recorded:
        for name, label in published.labels.items():
            recorded[label, name] += 1
    names = [(c.label, name) for c in class_map.classes.values() for name in (*c.names, *c.meshes)]

    for label, name in (*names, *recorded):
        assert class_map.finest(label, name) in shipped, f"{label}: {name}"
