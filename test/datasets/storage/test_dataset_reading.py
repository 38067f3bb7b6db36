"""Samples come back as they went in, alone or in any selection."""

import pickle
import threading
from collections import Counter

import numpy as np
import pytest
from tiny_plan import LABELS, TinyPlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.dataset import Dataset

PLAN = TinyPlan(60, audio_only=(5, 17, 44))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("tiny")
    build_dataset(PLAN, out, workers=1, shard_size=8)
    return out


def test_every_sample_comes_back(folder):
    dataset = Dataset.open(folder)
    assert len(dataset) == 60
    assert dataset.labels == LABELS
    for index, sample in enumerate(dataset):
        made = PLAN.data(index)
        assert sample.key == f"tiny-{index:05d}"
        assert sample.meta == {"index": index}
        assert np.array_equal(sample["audio"], made["audio"])
        if index not in PLAN.audio_only:
            assert np.array_equal(sample["touch"], made["touch"])
            assert sample["text"] == made["text"]


def test_a_recorded_sound_has_nothing_else(folder):
    sample = Dataset.open(folder)[17]
    assert sample.modalities == ("audio",)
    assert sample.origin == {"audio": "recorded"}
    with pytest.raises(KeyError):
        sample["image"]


def test_selections_narrow(folder):
    dataset = Dataset.open(folder)
    assert len(dataset.select(modalities=["image"])) == 57
    assert len(dataset.select(recorded=True)) == 3
    chairs = dataset.select(labels=["chair"], recorded=False)
    assert {sample.label for sample in chairs} == {"chair"}
    sizes = [len(dataset.select(split=split)) for split in ("train", "validation", "test")]
    assert sum(sizes) == 60
    assert len(dataset.select(split="train").select(split="test")) == 0


def test_no_object_is_in_two_splits(folder):
    dataset = Dataset.open(folder)
    pairs = set(zip(dataset.column("object_id"), dataset.column("split"), strict=True))
    assert max(Counter(object_id for object_id, _ in pairs).values()) == 1


@pytest.mark.parametrize(
    "wrong", [{"split": "exam"}, {"labels": ["spaceship"]}, {"modalities": ["smell"]}]
)
def test_what_is_not_there_is_told(folder, wrong):
    with pytest.raises(DatasetError, match=r"has no .*: use "):
        Dataset.open(folder).select(**wrong)


def test_a_share_takes_a_modality_from_training_samples_only(folder):
    dataset = Dataset.open(folder)
    none = dataset.select(shares={"touch": 0, "event": 100})
    assert len(none) == len(dataset)
    for sample in none:
        expected = sample.split != "train" and "event" in sample.modalities
        assert ("touch" in sample.modalities) == expected


def test_a_smaller_share_lies_within_a_larger(folder):
    train = Dataset.open(folder).select(split="train", modalities=["touch"])
    kept = [
        {sample.key for sample in train.select(shares={"touch": percent}, modalities=["touch"])}
        for percent in (0, 20, 60, 100)
    ]
    assert kept[0] < kept[1] < kept[2] < kept[3]
    assert len(kept[3]) == len(train)


def test_a_shuffled_pass_meets_every_sample_once(folder):
    dataset = Dataset.open(folder).select(modalities=["image"])
    passes = [[sample.key for sample in dataset.shuffled(seed, window=3)] for seed in (1, 1, 2)]
    assert passes[0] == passes[1]
    assert passes[0] != passes[2]
    assert sorted(passes[0]) == sorted(dataset.column("key"))


def test_a_dataset_goes_to_other_processes(folder):
    dataset = Dataset.open(folder)
    dataset[0]["image"]
    again = pickle.loads(pickle.dumps(dataset.select(labels=["lamp"])))
    assert again[3].label == "lamp"
    assert again[3]["image"].shape == (24, 24, 3)


def test_threads_read_the_same(folder):
    dataset = Dataset.open(folder)
    sums = []

    def read():
        sums.append(sum(int(sample["audio"].astype(np.int64).sum()) for sample in dataset))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sums)) == 1
    assert len(sums) == 4
