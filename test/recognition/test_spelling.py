"""Words that may be misspelt: what is named, and what is left in peace."""

import random
import string
import time

import pytest
import yaml
from paths import ROOT

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.recognition.spelling import Spelling, WordPieces

HOUSEHOLD = ROOT / "omnibind_ros" / "datasets" / "household" / "household.yaml"

PARTS = [
    "M8 screw",
    "USB-C plug",
    "2x4 brick",
    "PCB",
    "LIDAR",
    "LiDAR mount",
    "RJ45 jack",
    "O-ring",
    "AprilTag 36h11",
    "espresso",
    "screwdriver",
    "multimeter",
    "oscilloscope",
    "tweezers",
    "pliers",
    "wrench",
    "hex nut",
    "circlip",
    "ferrule",
    "breadboard",
    "stepper motor",
    "soldering iron",
    "thermocouple",
    "potentiometer",
    "capacitor",
    "resistor",
    "gripper",
    "Raspberry Pi",
    "Phillips screwdriver",
    "spatula",
    "colander",
    "croissant",
    "zucchini",
    "Schraubendreher",
    "Kugelschreiber",
    "Akkuschrauber",
    "tornillo",
    "tournevis",
    "cacciavite",
    "カップ",
    "чашка",
    "größe",
]
"""Right texts, most of them not among the bundle's labels: trades, parts, other languages."""


@pytest.fixture(scope="module")
def encoder(bundle_dir):
    return Bundle.load(bundle_dir).encoder("text")


@pytest.fixture(scope="module")
def texts(bundle_dir):
    return [
        text for label in read_labels(bundle_dir / "labels.yaml").labels for text in label.texts
    ]


@pytest.fixture(scope="module")
def spelling(encoder, texts):
    return Spelling(encoder, texts)


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("cofee cupp", {"cofee": "coffee", "cupp": "cup"}),
        ("Cofee mug", {"Cofee": "coffee"}),
        ("screwdrvier", {"screwdrvier": "screwdriver"}),
        ("red bottel, big", {"bottel": "bottle"}),
        ("hammr/tabel", {"hammr": "hammer", "tabel": "table"}),
        ("wodden chair", {"wodden": "wooden"}),
    ],
)
def test_a_misspelt_word_is_named_with_the_nearest(spelling, label, found):
    assert spelling.misspelt([label]) == found


@pytest.mark.parametrize("text", PARTS)
def test_rare_words_parts_and_other_languages_are_left_in_peace(spelling, text):
    assert spelling.misspelt([text]) == {}


def test_labels_of_the_package_are_left_in_peace(encoder, texts, spelling):
    classes = yaml.safe_load(HOUSEHOLD.read_text(encoding="utf-8"))["classes"]
    names = [text for one in classes for text in (one["label"], *one.get("synonyms", []))]
    assert spelling.misspelt(texts) == {}
    assert spelling.misspelt(names) == {}
    # Not even where their words are not known beforehand, but for a few.
    assert len(Spelling(encoder, ["thing"]).misspelt(texts)) <= 3


def test_most_single_errors_in_words_of_labels_are_found(spelling, texts):
    rng = random.Random(0)
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    words = [word for word in words if len(word) > 3]
    tried = named = right = 0
    for word in words:
        i, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
        swapped = word[i : i + 2][::-1]
        for wrong in (
            word[:i] + word[i + 1 :],
            word[:i] + letter + word[i:],
            word[:i] + letter + word[i + 1 :],
            word[:i] + swapped + word[i + 2 :],
        ):
            if len(wrong) > 3 and wrong not in words:
                found = spelling.misspelt([wrong])
                tried, named, right = (
                    tried + 1,
                    named + bool(found),
                    right + (found == {wrong: word}),
                )
    assert tried > 500
    assert named > 0.8 * tried  # some are words too, as 'beer' without an 'e'
    assert right > 0.95 * named


def test_twenty_thousand_unknown_labels_take_seconds(spelling):
    labels = [
        f"zq{a}x{b}v{c}" for a in "abcdefghijklmn" for b in "bcdfghjklm" for c in "pqrst" * 29
    ]
    start = time.process_time()
    spelling.misspelt([f"{label}{i}" for i, label in enumerate(labels[:20_000])])  # have digits
    spelling.misspelt(dict.fromkeys(labels))
    assert time.process_time() - start < 10


class Bytes(WordPieces):
    """Another kind of tokenizer, whose vocabulary has no words."""

    def vocabulary(self):
        return {"co": 3, "fee</w>": 4}

    def pieces(self, word):
        return ["co", "fee</w>"]


def test_other_tokenizers_accuse_nobody():
    assert Spelling(Bytes(), ["coffee"]).misspelt(["cofee"]) == {}
