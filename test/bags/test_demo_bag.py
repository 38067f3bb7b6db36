"""The bag that comes with this package, read by us and by another implementation of MCAP."""

import re
from pathlib import Path

import pytest
from mcap.reader import make_reader
from paths import ROOT

from omnibind_ros.bags.replay.places import find_bag
from omnibind_ros.bags.replay.sensors import read_parameters, read_recording
from omnibind_ros.bags.writing import BagWriter
from omnibind_ros.cli import main
from omnibind_ros.datasets.readers.bags.files import bag_problems, open_bag, typestore
from omnibind_ros.datasets.readers.bags.storage.bag import uncompressed

DEMO = ROOT / "sample_bags" / "demo"
RATES = {
    "image": 10,
    "text": 0.5,
    "touch": 15,
    "thermal": 9,
    "event": 30,
    "points": 5,
    "audio": 20,
}
"""Messages a second."""


def ours(bag):
    opened = open_bag(bag)
    topics = {each.topic for each in opened.connections}
    return [
        (t.topic, at, bytes(uncompressed(raw)))
        for t, at, raw in opened.messages(topics, None, None)
    ]


def theirs(file):
    with file.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        return [
            (channel.topic, message.log_time, bytes(message.data))
            for _, channel, message in reader.iter_messages()
        ]


def test_the_demo_bag_has_all_senses_for_a_minute_and_is_small():
    assert (find_bag(Path("demo")) / "demo.mcap").samefile(DEMO / "demo.mcap")
    recording = read_recording(DEMO, read_parameters(None)[1])
    assert set(recording.sensors) == set(RATES)
    counts = {}
    for topic, _, _ in ours(DEMO):
        counts[topic] = counts.get(topic, 0) + 1
    for name, rate in RATES.items():
        seen = 63 if name == "touch" else 60  # the free pad comes first
        expected = pytest.approx(rate * seen, rel=0.02)
        assert counts[recording.sensors[name].topic] == expected
    assert bag_problems(DEMO) == []
    assert sum(file.stat().st_size for file in DEMO.iterdir()) < 20_000_000


def test_the_demo_bag_is_labelled():
    labels = read_recording(DEMO, {}).labels
    assert len({span.object_name for span in labels.spans}) == 10
    assert all(span.end - span.start == pytest.approx(6, abs=0.1) for span in labels.spans)


def test_the_mcap_library_reads_the_demo_bag_as_we_do():
    found = theirs(DEMO / "demo.mcap")
    assert len(found) > 5000
    assert sorted(found) == sorted(ours(DEMO))


def test_the_mcap_library_reads_what_is_recorded(tmp_path):
    store, kind = typestore(), "std_msgs/msg/String"
    writer = BagWriter(tmp_path / "bag")
    writer.add_topic("/words", kind)
    sent = [
        ("/words", 10**18 + n, bytes(store.serialize_cdr(store.types[kind](data=f"{n}"), kind)))
        for n in range(50)
    ]
    for message in sent:
        writer.write(*message)
    writer.close()
    assert theirs(next((tmp_path / "bag").glob("*.mcap"))) == sent
    assert ours(tmp_path / "bag") == sent


def test_the_first_seconds_of_the_demo_bag_are_replayed(tmp_path, capsys, monkeypatch):
    recording = read_recording(DEMO, {})
    opened = open_bag(DEMO)
    monkeypatch.setattr(opened, "end_time", recording.start_ns + 5 * 10**9)
    assert main(["bag", "replay", str(DEMO), "--without", "audio", "--quiet"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("demo (without audio): 5.0 s")
    assert re.search(r"^audio +0.0% +0 of 0$", told, re.MULTILINE)
