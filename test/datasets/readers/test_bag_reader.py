"""Labelled bags of one's own robot become items."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
from bags import write_bag
from rosbags.rosbag2 import StoragePlugin

from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.storage.skip_log import SkipLog

LABELS = """
labels:
  - {start: 0.0, end: 2.0, label: mug, object: blue_mug}
  - {start: 2.5, end: 3.5, label: bottle}
split: validation
licence: mine
"""


def read(root, log=None):
    return list(READERS["bag"].read(root, SkipLog() if log is None else log))


@pytest.mark.parametrize("plugin", list(StoragePlugin))
def test_a_labelled_bag_becomes_items_of_all_modalities(tmp_path, plugin):
    bag = write_bag(tmp_path / "kitchen", plugin=plugin)
    reference = tmp_path / "pad.png"
    cv2.imwrite(str(reference), np.full((24, 32, 3), 100, np.uint8))
    topics = (
        f"topics: {{touch: {{topic: /touch, reference: '{reference}'}}, "
        "audio: {topic: /audio, window: 1.0}}\nperiod: 1.0\n"
    )
    (bag / "labels.yaml").write_text(topics + LABELS)
    items = read(bag)
    assert [item.label for item in items] == ["mug", "mug", "bottle"]
    assert [item.object_id for item in items] == ["bag/blue_mug"] * 2 + ["bag/kitchen-bottle"]
    assert {item.split for item in items} == {"validation"}
    assert len({item.key for item in items}) == 3
    first = pickle.loads(pickle.dumps(items[0]))
    data = {name: load() for name, load in first.modalities.items()}
    assert set(data) == set(stored_modalities())
    for name, value in data.items():
        sample_module(name).encode(value)
    assert data["image"][0, 0].tolist() == [10] * 3  # the last one of the first second
    assert data["touch"][:, 0, 0, 0].tolist() == [101, 100]
    assert data["thermal"][0, 0] == pytest.approx(300.01 - 273.15, abs=1e-3)
    assert data["points"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert data["audio"].size == 16_000
    assert data["text"] == ["the blue one"]  # the newest, as the node takes it


@pytest.mark.parametrize(
    ("topic", "duration_ns"),
    [("/event", 400_000_000), ("{topic: /event, window: 0.05}", 50_000_000)],
)
def test_events_are_those_of_the_samples_end(tmp_path, topic, duration_ns):
    bag = write_bag(tmp_path / "bag")
    (bag / "labels.yaml").write_text(
        f"topics: {{event: {topic}}}\nlabels: [{{start: 0.0, end: 1.02, label: fan}}]\n"
    )
    (item,) = read(bag)
    event = item.modalities["event"]()
    assert (event["width"], event["height"]) == (64, 48)
    assert event["duration_ns"] == duration_ns
    assert event["t"].tolist() == [duration_ns - 1000, duration_ns]  # it ends with the last event
    assert event["x"].tolist() == [1, 2]


def test_labels_may_come_from_a_topic(tmp_path):
    spoken = [(0.4, "mug"), (2.6, ""), (3.0, "bottle")]
    items = read(write_bag(tmp_path / "bag", labels=spoken))
    assert [item.label for item in items] == ["mug", "bottle"]
    assert items[0].split is None
    # A label holds until the next one, and the last one until the bag ends: in between are
    # five chunks of half a second, of which a sample takes two seconds.
    assert items[0].modalities["audio"]().size == 32_000
    # The last label holds for half a second, so that two seconds of sound reach the label before.
    assert set(items[1].modalities) >= {"image", "points"}
    assert "audio" not in items[1].modalities


def test_topics_can_be_named_and_are_checked(tmp_path):
    bag = write_bag(tmp_path / "bag")
    (bag / "labels.yaml").write_text(
        "topics:\n  image: /gone\n  event: /image\n"
        "  thermal: {topic: /thermal, scale: 0.001, offset: 0}\n"
        "labels: [{start: 0, end: 2, label: mug}]\n"
    )
    log = SkipLog()
    (item,) = read(bag, log)
    assert not {"image", "event"} & set(item.modalities)
    assert item.modalities["thermal"]()[0, 0] == pytest.approx(30.003)
    wrong_type, gone = sorted(log.counts)
    assert "no decoder turns sensor_msgs/msg/Image into modality 'event'" in wrong_type
    assert "omnibind_msgs/msg/Events" in wrong_type
    assert "the topic named for image is not in the bag" in gone
    assert "/thermal (sensor_msgs/msg/Image)" in gone


def test_several_bags_and_a_damaged_one(tmp_path):
    for name in ("a", "b", "c"):
        bag = write_bag(tmp_path / name)
        (bag / "labels.yaml").write_text("labels: [{start: 0, end: 2, label: mug}]\n")
    next((tmp_path / "b").glob("*.db3")).write_bytes(b"no database")
    (tmp_path / "c" / "labels.yaml").write_text("labels: [{start: 2, end: 1, label: mug}]\n")
    log = SkipLog()
    assert [item.meta["bag"] for item in read(tmp_path, log)] == ["a"]
    assert len(log) == 2


def test_a_message_that_is_damaged_loses_its_sample_only(tmp_path):
    bag = write_bag(tmp_path / "bag")
    (bag / "labels.yaml").write_text("labels: [{start: 0, end: 4, label: mug}]\n")
    path = next(bag.glob("*.db3"))
    import sqlite3  # noqa: PLC0415 - to damage the bag

    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE messages SET data = x'00010000ffff' WHERE id = "
            "(SELECT max(m.id) FROM messages m JOIN topics t ON m.topic_id = t.id "
            "WHERE t.name = '/image' AND m.timestamp < 1700000002000000000)"
        )
    log = SkipLog()
    first, second = read(bag, log)
    assert np.asarray(first.modalities["image"]())[0, 0, 0] == 20  # the picture before it
    assert np.asarray(second.modalities["image"]()).shape == (48, 64, 3)
    assert list(log.counts) == ["a message cannot be decoded"]


def test_a_bag_without_labels_is_told(tmp_path):
    with pytest.raises(ReaderError, match=r"labels\.yaml"):
        read(write_bag(tmp_path / "bag"))


@pytest.mark.parametrize(
    "text",
    [
        "labels: mug",
        "labels: [{start: 0}]",
        "labels: [{start: 0, end: 1, label: 7}]",
        'labels: [{start: 0, end: 1, label: "\\u0007"}]',
        "topics: {smell: /nose}",
        "split: exam",
        "period: 0",
        "labells: []",
        "[1",
        "topics: [a]",
    ],
)
def test_a_bad_labels_file_is_one_sentence(tmp_path, text):
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(ReaderError, match=r"labels\.yaml"):
        read_bag_labels(path)
