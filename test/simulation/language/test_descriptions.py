"""Descriptions of objects, with and without the class's name."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from paths import ROOT

from omnibind_ros.simulation.language import sentences as module
from omnibind_ros.simulation.language.descriptions import (
    Description,
    DescriptionError,
    load_descriptions,
)
from omnibind_ros.simulation.language.sentences import (
    MATERIALS,
    MISHEARD,
    NAMED,
    UNNAMED,
    describe,
    gives_away,
    stem,
)
from omnibind_ros.simulation.language.speech_errors import misheard
from omnibind_ros.simulation.objects.substances import SUBSTANCES
from omnibind_ros.simulation.sound.operating import SOUNDS

DESCRIPTIONS = load_descriptions()
_MAP = ROOT / "omnibind_ros" / "datasets" / "household" / "household.yaml"
CLASSES = {
    entry["label"]: entry for entry in yaml.safe_load(_MAP.read_text(encoding="utf-8"))["classes"]
}


def test_every_class_of_the_household_set_is_described():
    shown = {
        label for label, entry in CLASSES.items() if {"names", "objects", "meshes"} & set(entry)
    }
    assert sorted(shown - set(DESCRIPTIONS)) == []


@pytest.mark.parametrize("label", sorted(set(CLASSES) & set(DESCRIPTIONS)))
def test_no_fact_holds_its_classs_name_or_a_synonym(label):
    telling = [
        text
        for description in (
            DESCRIPTIONS[label],
            *(each for _, each in DESCRIPTIONS[label].only),
        )
        for text in (description.kind, *description.use, *description.parts, *description.place)
        if gives_away(text, label, CLASSES[label]["synonyms"])
    ]
    assert telling == []


def test_every_sound_that_is_named_can_be_made():
    variants = [variant for description in DESCRIPTIONS.values() for _, variant in description.only]
    named = {name for each in (*DESCRIPTIONS.values(), *variants) for name in each.sounds}
    assert named <= set(SOUNDS)


def test_what_is_said_of_an_object_follows_its_own_name():
    assert DESCRIPTIONS["large appliance"].of("Large fridge").sounds == ("compressor",)
    assert DESCRIPTIONS["large appliance"].of("Clothes washing machine").sounds == ("washer",)
    assert DESCRIPTIONS["animal"].of("Siamese cat").kind == DESCRIPTIONS["animal"].kind
    assert DESCRIPTIONS["chair"].of("Oak chair") is DESCRIPTIONS["chair"]


def test_every_substance_can_be_spoken_of():
    assert set(SUBSTANCES) <= set(MATERIALS)


NAMES = [
    (label, called)
    for label in sorted(set(CLASSES) & set(DESCRIPTIONS))
    for called in (label, *CLASSES[label].get("finer", ()))
]
"""Classes that are described, and what things of them can be called."""


@pytest.mark.parametrize(("label", "called"), NAMES)
def test_half_of_the_sentences_do_without_the_name(label, called):
    synonyms = [*CLASSES[label]["synonyms"], *([label] if called != label else [])]
    for seed in range(3):
        for count in (6, 5, 1):
            said = describe(
                called,
                DESCRIPTIONS[label],
                np.random.default_rng(seed),
                size=(0.5, 0.6, 0.9),
                materials=("wood", "glass"),
                synonyms=synonyms,
                count=count,
            )
            assert len(set(said)) == count
            hidden = [text for text in said if not gives_away(text, called, synonyms)]
            assert len(hidden) >= count / 2
            assert all("{" not in text for text in said)


def test_sentences_repeat_by_seed_and_differ_otherwise():
    def said(seed):
        return describe(
            "chair",
            DESCRIPTIONS["chair"],
            np.random.default_rng(seed),
            size=(1, 1, 1),
            materials=["wood"],
        )

    assert said(0) == said(0)
    assert said(0) != said(1)


def test_some_sentences_are_misheard_and_most_are_not(monkeypatch):
    monkeypatch.setattr(module, "misheard", lambda sentence, rng: f"{sentence} [misheard]")
    said = [
        text
        for seed in range(60)
        for text in describe(
            "table",
            DESCRIPTIONS["table"],
            np.random.default_rng(seed),
            size=(1, 1, 1),
            materials=["wood"],
        )
    ]
    share = sum(text.endswith("[misheard]") for text in said) / len(said)
    assert share == pytest.approx(MISHEARD, abs=0.08)


def test_a_synonym_is_used_only_for_an_object_that_is_called_so():
    synonyms = ("armchair", "bar stool")

    def said(name):
        return " ".join(
            text
            for seed in range(40)
            for text in describe(
                "chair",
                DESCRIPTIONS["chair"],
                np.random.default_rng(seed),
                size=(1, 1, 1),
                materials=["wood"],
                synonyms=synonyms,
                name=name,
            )
        )

    assert "armchair" in said("Modern armchair")
    assert "stool" not in said("Modern armchair")


@pytest.mark.parametrize(
    ("sentence", "label", "synonyms"),
    [
        ("two chairs", "chair", ()),
        ("an armchair", "chair", ()),
        ("under the tablecloth", "table", ()),
        ("it washes shirts", "washing machine", ()),
        ("a Washer", "washing machine", ()),
        ("on the couches", "sofa", ("couch",)),
        ("the floor lamps", "light", ("floor lamp",)),
        ("a big chest", "cabinet", ("chest of drawers",)),
        ("it heats", "radiator", ("heater",)),
        ("what a dish-washer", "washing machine", ("dish washer",)),
    ],
)
def test_names_and_synonyms_are_found_in_any_form(sentence, label, synonyms):
    assert gives_away(sentence, label, synonyms)


@pytest.mark.parametrize(
    ("sentence", "label", "synonyms"),
    [
        ("the office has four legs", "chair", ("office chair",)),
        ("a carpet", "car", ()),
        ("on the floor", "lamp", ("floor lamp",)),
        ("drawn on paper", "pen", ()),
    ],
)
def test_innocent_words_pass(sentence, label, synonyms):
    assert not gives_away(sentence, label, synonyms)


def test_forms_of_a_word_have_one_stem():
    assert {stem(word) for word in ("wash", "washes", "washed", "washing", "washer")} == {"wash"}
    assert stem("sitting") == stem("sit")
    assert stem("bus") == "bus"


def test_a_recogniser_always_errs_and_writes_small_letters():
    for seed in range(30):
        heard = misheard("This is a wooden chair, with 4 legs.", np.random.default_rng(seed))
        assert heard != "this is a wooden chair with 4 legs"
        assert heard == heard.lower()
        assert not set(heard) & set(".,")


def test_a_sentence_without_words_to_mishear_gets_a_filler():
    heard = misheard("xyzzy", np.random.default_rng(0)).split()
    assert heard[1:] == ["xyzzy"]


def test_templates_differ():
    assert len({*NAMED, *UNNAMED}) == len(NAMED) + len(UNNAMED)
    assert not any("name" in template for template in UNNAMED)


def test_a_class_that_cannot_be_described_without_its_name_is_an_error():
    description = Description("chair", ("a chair", "chairs"), ("on a chair", "by a chair"))
    with pytest.raises(DescriptionError, match="'chair'"):
        describe("chair", description, np.random.default_rng(0), size=(1, 1, 1), materials=["wood"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("chair: [", "cannot be read"),
        ("- chair", "holds no classes"),
        ("chair: {kind: thing}", "'chair'"),
        ("chair: {kind: thing, parts: [a, b], place: [c, d], colour: [red]}", "'chair'"),
        ("chair: {kind: thing, parts: legs, place: [c, d]}", "'chair'"),
        ("chair: {kind: thing, parts: [a, b], place: [c, d], only: {'(': {}}}", "'chair'"),
        ("chair: {kind: thing, parts: [a, b], place: [c, d], only: {bar: }}", "'chair'"),
        ("chair: {kind: thing, parts: [a, b], place: [c, d], only: {bar: {use: x}}}", "chair, bar"),
    ],
)
def test_facts_that_cannot_be_used_are_named(tmp_path, content, sentence):
    path = tmp_path / "description.yaml"
    path.write_text(content)
    with pytest.raises(DescriptionError, match=sentence):
        load_descriptions(path)
    with pytest.raises(DescriptionError, match="cannot be read"):
        load_descriptions(tmp_path / "none.yaml")
