"""The digits set: real sensors joined by class, disjoint by source."""

from __future__ import annotations

import argparse
import pickle
from collections import Counter, defaultdict

import numpy as np
import published_datasets as published
import pytest

pytest.importorskip("sklearn")

from omnibind_ros.datasets.digits.command import RECORDINGS, add_arguments, make_plan
from omnibind_ros.datasets.digits.content import sentences
from omnibind_ros.datasets.digits.plan import DigitsPlan
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.readers.nmnist import DIGITS
from omnibind_ros.datasets.samples import sample_module


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return published.digits(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def plan(recordings):
    return DigitsPlan(recordings, 400, 3)


def test_samples_are_balanced_and_of_four_modalities(plan):
    items = [plan.item(index) for index in range(len(plan))]
    assert Counter(item.label for item in items) == dict.fromkeys(DIGITS, 40)
    assert Counter(item.split for item in items) == {"train": 320, "validation": 40, "test": 40}
    assert len({item.key for item in items}) == 400
    for item in items[:10]:
        assert item.origin == {
            "image": "recorded",
            "event": "recorded",
            "audio": "recorded",
            "text": "simulated",
        }
        for name, load in item.modalities.items():
            sample_module(name).encode(load())
    for item in items:
        assert item.split == "train" or len(item.modalities) == 4


def test_the_modalities_agree_on_the_digit(plan):
    for index in (*range(10), *range(80, 100)):
        item = plan.item(index)
        digit = DIGITS.index(item.label)
        assert item.modalities["event"]()["x"].max() == digit  # as the tree has it
        assert item.meta["sources"]["audio"].startswith(f"fsdd/{digit}_")


def test_no_source_and_no_speaker_is_in_two_splits(plan):
    where = defaultdict(set)
    for index in range(len(plan)):
        item = plan.item(index)
        for source in item.meta["sources"].values():
            where[source].add(item.split)
            if source.startswith("fsdd/"):
                where[source.split("_")[1]].add(item.split)
    assert {len(splits) for splits in where.values()} == {1}
    assert where["carl"] == {"test"}


def test_all_recordings_have_their_turn(plan):
    items = [plan.item(i) for i in range(0, 400, 10)]
    used = Counter(i.meta["sources"]["event"] for i in items if "event" in i.modalities)
    assert {item.split for item in items} == {"train", "validation", "test"}
    # 32 training samples of zero, drawn from about 34 recordings: none is used twice.
    assert max(count for name, count in used.items()) <= 4
    assert len(used) > 30


def test_a_training_recording_is_in_one_sample_only(recordings):
    """So that a tenth of the samples is a tenth of the recordings, and folds share none."""
    plan = DigitsPlan(recordings, 1000, 3)
    used, lacking = Counter(), 0
    for item in map(plan.item, range(len(plan))):
        if item.split == "train":
            used.update(item.meta["sources"].values())
            assert item.meta["sources"].keys() == item.modalities.keys() - {"text"}
            lacking += "event" not in item.modalities
    assert set(used.values()) == {1}
    assert lacking > 300  # 80 samples of each digit, and about 34 recordings


def test_the_seed_decides_the_pairing(recordings, plan):
    again, other = DigitsPlan(recordings, 400, 3), DigitsPlan(recordings, 400, 4)
    keys = [
        [p.item(i).object_id for i in range(100)]
        for p in (plan, again, other, pickle.loads(pickle.dumps(plan)))
    ]
    assert keys[0] == keys[1] == keys[3] != keys[2]


def test_half_of_the_sentences_do_not_name_the_digit():
    for digit, name in enumerate(DIGITS):
        for seed in range(20):
            texts = sentences(digit, (seed,))
            assert sum(name in text.split() for text in texts) == 1, texts


def test_pictures_are_scikit_learns_as_they_are(plan):
    image = plan.item(0).modalities["image"]()
    assert image.shape == (128, 128, 3)
    small = image[::16, ::16]
    assert np.array_equal(np.kron(small[..., 0], np.ones((16, 16), np.uint8)), image[..., 0])


def test_where_recordings_are_comes_from_outside(recordings, monkeypatch):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    monkeypatch.delenv(RECORDINGS, raising=False)
    with pytest.raises(DatasetError, match="--recordings"):
        make_plan(parser.parse_args(["--out", "digits"]))
    monkeypatch.setenv(RECORDINGS, str(recordings))
    assert len(make_plan(parser.parse_args(["--out", "digits", "--samples", "100"]))) == 100


def test_too_little_is_one_sentence(tmp_path, recordings):
    with pytest.raises(DatasetError, match="is no folder"):
        DigitsPlan(tmp_path)
    with pytest.raises(DatasetError, match="make 100 or more"):
        DigitsPlan(recordings, 99)
    published.digits(tmp_path)
    for path in (tmp_path / "fsdd" / "recordings").glob("*_carl_*"):
        path.unlink()
    with pytest.raises(DatasetError, match="2 speakers"):
        DigitsPlan(tmp_path)


def test_the_card_says_what_the_set_may_be_used_for(plan):
    card = plan.describe()
    assert "reports and tests" in card["summary"]
    assert len(card["sources"]) == 3
    assert "carl (test)" in card["summary"]
