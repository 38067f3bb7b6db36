"""What a sentence denies is no evidence; what only looks like a denial stays."""

import itertools
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.sensors.denial import affirmed

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "sentence",
    [
        "there is no cup here",
        "There are no cups on the table",
        "there's no cup.",
        "it is not a cup",
        "it isn't a cup",
        "this isn\u2019t a cup",
        "isnt a cup",
        "it is no longer a cup",
        "I see no cup",
        "I do not see any cup",
        "I can't see a cup",
        "we haven't got a cup",
        "I have never seen a cup",
        "nobody has a cup",
        "there is nothing like a cup",
        "none of these is a cup",
        "neither a cup nor a bowl",
        "it is neither a cup nor a bowl",
        "neither is it a cup",
        "there is no cup or bowl",
        "it is not a cup, a bowl or a plate",
        "the cup is not here",
        "I think this is not a cup",
        "don't bring me the cup",
        "no cup",
        "no",
        "no thanks",
    ],
)
def test_nothing_is_left_of_a_denial(sentence):
    assert affirmed(sentence) == ""


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("it is not a cup but a bowl", "a bowl"),
        ("it is neither a cup nor a bowl but a plate", "a plate"),
        ("it is not a cup, a plate, but a bowl", "a bowl"),
        ("not cup but bowl", "bowl"),
        ("there is a cup, not a bowl", "there is a cup"),
        ("this is a cup not a bowl", "this is a cup"),
        ("there is a cup and no bowl", "there is a cup"),
        ("I see a cup but not a bowl", "I see a cup"),
        ("it is a cup but it is not red", "it is a cup"),
        ("there is no cup but there is a bowl", "there is a bowl"),
        ("there is no cup and there is a bowl", "there is a bowl"),
        ("no, it is a bowl", "it is a bowl"),
        ("no it is a bowl", "it is a bowl"),
        ("oh no no that is a bowl", "that is a bowl"),
        ("it is not a cup it is a bowl", "it is a bowl"),
        ("it is not a cup. It is a bowl.", "It is a bowl"),
        ("It\u2019s not a cup, it\u2019s a bowl", "it\u2019s a bowl"),
        ("not a cup, a bowl", "a bowl"),
        ("no cup, no bowl, just a plate", "just a plate"),
        ("a cup that is not red", "a cup"),
        ("a mug that has no handle", "a mug"),
        ("a bowl rather than a cup", "a bowl"),
        ("a bowl instead of a cup", "a bowl"),
        ("it is a cup, isn't it?", "it is a cup"),
        ("it has no handle, and it is wooden", "it is wooden"),
        ("there is a bench with slats and no cushions", "there is a bench with slats"),
    ],
)
def test_what_is_affirmed_is_left(sentence, left):
    assert affirmed(sentence) == left


@pytest.mark.parametrize(
    "sentence",
    [
        "a cup without a handle",
        "not only a cup but also a bowl",
        "nothing but a cup",
        "no doubt it is a cup",
        "no. 5 wrench",
        "No. 5",
        "wrench no 5",
        "a knot in a rope",
        "a notebook, a north arrow, and a nonstop train",
        "a no entry sign",
        "no smoking sign",
        "a non-stick pan",
        "forget-me-not",
        "whether or not it is a cup",
        "a red cup, with a handle; and a bowl",
        "ich sehe eine Tasse",
    ],
)
def test_what_denies_nothing_stays(sentence):
    assert affirmed(sentence) == sentence


def _labels():
    for bundle in ("household", "teacher"):
        for label in read_labels(ROOT / "models" / bundle / "labels.yaml").labels:
            yield from (label.name, *label.synonyms)


def test_no_label_of_the_bundles_is_hurt_and_each_can_be_denied():
    names = sorted(set(_labels()))
    assert len(names) > 250
    for name in names:
        for sentence in (name, f"a photo of a {name}", f"this is a {name}, on the table"):
            assert affirmed(sentence) == sentence
        for sentence in (f"there is no {name} here", f"it isn't a {name}", f"no {name}"):
            assert affirmed(sentence) == "", sentence
        assert affirmed(f"it is not a bowl but a {name}") == f"a {name}"
        assert affirmed(f"there is a {name}, not a toy brick") == f"there is a {name}"


def test_the_descriptions_of_the_simulator_stay_but_for_what_they_deny():
    path = ROOT / "omnibind_ros" / "simulation" / "language" / "descriptions.yaml"
    texts = re.findall(r"[\w' -]+", yaml.safe_dump(yaml.safe_load(path.read_text())))
    changed = {text for text in texts if affirmed(text) != text}
    assert len(texts) > 1000
    assert all(re.search(r"\b(no|not|never|nothing|none)\b", text) for text in changed)
    assert len(changed) < 0.01 * len(texts)


WORDS = st.sampled_from(
    [
        *("a", "the", "cup", "bowl", "red", "on", "table", "it", "is", "there", "and", "or", "but"),
        *("not", "no", "isn't", "never", "neither", "nor", "nothing", "that", "which", ",", "."),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=12))
def test_nothing_is_added(words):
    sentence = " ".join(words)
    out = affirmed(sentence)
    left = iter(re.findall(r"[\w']+", sentence))
    assert all(word in left for word in re.findall(r"[\w']+", out))  # in order
    assert affirmed(out) in (out, "") or len(affirmed(out)) < len(out)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_any_text_is_survived(text):
    assert isinstance(affirmed(text), str)


def test_long_texts_take_no_time():
    for text in ("no " * 330, "not a, " * 140, "it is " * 160, "a, no b or " * 90):
        assert isinstance(affirmed(text[:1000]), str)


def test_denials_of_two_things():
    for one, other in itertools.permutations(("cup", "bowl", "plate"), 2):
        assert affirmed(f"there is neither a {one} nor a {other}") == ""
        assert affirmed(f"it is not a {one}, it is a {other}") == f"it is a {other}"


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't think it's a cup",
        "I don't believe there's a cup on the table",
        "nobody said it is a cup",
        "it isn't true that there is a cup",
        "I can not see how this is a cup",
        "it is not, in fact, a cup",
        "a cup? No.",
        "there's a cup, no, a bowl",
    ],
)
def test_what_a_person_doubts_or_takes_back_names_no_cup(sentence):
    assert "cup" not in affirmed(sentence)


def test_a_question_tag_takes_nothing_back():
    assert affirmed("there is a cup, no?") == "there is a cup"
