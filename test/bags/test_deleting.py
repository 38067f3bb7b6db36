"""`omnibind labels` on recordings: what is listed, and what is left after a label is deleted."""

import fcntl
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader

from omnibind_ros.bags.moments import Message
from omnibind_ros.bags.recorder import Recorder
from omnibind_ros.cli import main
from omnibind_ros.datasets.readers.bags.files import bag_problems, open_bag, typestore
from omnibind_ros.datasets.readers.bags.teaching import taught_spans
from omnibind_ros.recognition.enrolled_file import View
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder

S = 1_000_000_000
START = 1_700_000_000 * S
STRING, TEACHING = "std_msgs/msg/String", "omnibind_msgs/msg/Teaching"
ENROLL, DELETE, RENAME, SET_LABELS = 1, 2, 3, 4


def stamp(store, seconds):
    time = START + round(seconds * S)
    return store.types["builtin_interfaces/msg/Time"](sec=time // S, nanosec=time % S)


def teaching(store, seconds, action, start=0.0, end=0.0, labels=(), **texts):
    fields = {"label": "", "new_label": "", "object": "", **texts}
    return store.types[TEACHING](
        header=store.types["std_msgs/msg/Header"](stamp=stamp(store, seconds), frame_id=""),
        action=action,
        labels=list(labels),
        sensors=["camera"],
        start=stamp(store, start),
        end=stamp(store, end),
        ENROLL=ENROLL,
        DELETE=DELETE,
        RENAME=RENAME,
        SET_LABELS=SET_LABELS,
        **fields,
    )


def make_bag(folder, storage="mcap", labels=None):
    """Write a bag in which each message says its second; anna at 2-4 and 12-13 s, cup at 7-8 s."""
    store = typestore()
    told = [
        (4.1, ENROLL, {"start": 2.0, "end": 4.0, "label": "ann"}),
        (5.0, RENAME, {"label": "ann", "new_label": "Anna"}),
        (8.1, ENROLL, {"start": 7.0, "end": 8.0, "label": "cup"}),
        (10.0, SET_LABELS, {"labels": ["Anna", "cup", "door"]}),
        (13.2, ENROLL, {"start": 12.0, "end": 13.0, "label": "anna"}),
        (15.0, DELETE, {"label": "Anna"}),
    ]
    recorder = Recorder(folder, storage)
    for topic, kind in (("/tf_static", STRING), ("/eye", STRING), ("/node/teaching", TEACHING)):
        recorder.add_topic(topic, kind)
    written = [(2.0, "/tf_static", STRING, store.types[STRING](data="static"))]
    written += [
        (tenth / 10, "/eye", STRING, store.types[STRING](data=f"{tenth / 10}"))
        for tenth in range(160)
    ]
    written += [
        (at, "/node/teaching", TEACHING, teaching(store, at, action, **fields))
        for at, action, fields in told
    ]
    for at, topic, kind, message in sorted(written, key=lambda each: each[0]):
        raw = bytes(store.serialize_cdr(message, kind))
        recorder.add(Message(topic, START + round(at * S), raw))
    recorder.close()
    (folder / "labels.yaml").write_text(labels or "topics: {}\n")
    (folder / "note.txt").write_text("kept")
    return folder


def content(bag):
    """Return topic -> messages, and all bytes of the folder."""
    found = {}
    with AnyReader([bag], default_typestore=typestore()) as reader:
        for connection, _, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append(message)
    return found, b"".join(path.read_bytes() for path in sorted(bag.rglob("*")) if path.is_file())


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path / "home"))
    open_bag.cache_clear()
    return tmp_path / "home" / "omnibind_ros"


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_label_is_listed_and_deleted_from_recordings_and_enrolled_labels(home, capsys, storage):
    bag = make_bag(home / "recordings" / "perception" / "one", storage)
    other = make_bag(home / "recordings" / "perception" / "two", storage)
    enrolled = EnrolledFolder(home / "enrolled" / "perception")
    enrolled.add("Anna", [View(np.eye(8, dtype=np.float32)[0], ("image",), "a", "household@1")])
    assert main(["labels", "list", "--recordings"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].startswith(f"{bag} (")
    assert listed[1:3] == [
        "  anna: 2 enrolments, 3.0 s (2 of a label deleted since, still in the bag)",
        "  cup: 1 enrolment, 1.0 s",
    ]
    assert listed[-1] == f"2 labels in 2 recordings in {bag.parent}"
    assert main(["labels", "delete", "ANNA", "--recordings"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "label 'Anna' was deleted with 1 view"
    assert said[1] == f"{bag}: 2 enrolments, 3.0 s and 59 messages were deleted"
    assert said[2].startswith(f"{other}: ")
    assert enrolled.labels()[0] == {}
    found, raw = content(bag)
    seconds = [float(message.data) for message in found["/eye"]]
    gone = [tenth / 10 for tenth in range(160) if 20 <= tenth <= 51 or 120 <= tenth <= 142]
    assert seconds == [tenth / 10 for tenth in range(160) if tenth / 10 not in gone]
    assert len(found["/tf_static"]) == 1
    assert [(each.action, each.label) for each in found["/node/teaching"]] == [
        (ENROLL, "cup"),
        (SET_LABELS, ""),
    ]
    assert found["/node/teaching"][1].labels == ["cup", "door"]
    assert b"nna" not in raw
    assert b"ann\0" not in raw
    assert (bag / "note.txt").read_text() == "kept"
    assert [span.label for span in taught_spans(bag)] == ["cup"]
    assert bag_problems(bag) == []
    assert sorted(path.name for path in bag.parent.iterdir()) == ["one", "two"]
    assert main(["labels", "delete", "Anna", "--recordings", str(bag)]) == 1
    assert "no recording in" in capsys.readouterr().err


def test_labels_that_count_from_the_first_message_are_moved(home, tmp_path):
    labels = "labels:\n- {start: 0, end: 2.5, label: anna}\n- {start: 6, end: 9, label: door}\n"
    bag = make_bag(tmp_path / "bag", labels=labels)
    assert main(["labels", "delete", "anna", "--recordings", str(bag)]) == 0
    # The transforms at 2 s are the first message that is left.
    left = yaml.safe_load((bag / "labels.yaml").read_text())["labels"]
    assert left == [{"start": 4.0, "end": 7.0, "label": "door"}]


def test_a_recording_of_one_label_is_removed(home, tmp_path, capsys):
    bag = make_bag(tmp_path / "bag", labels="labels: [{start: 0, end: 99, label: anna}]\n")
    assert main(["labels", "delete", "anna", "--recordings", str(tmp_path)]) == 0
    assert "nothing else was in it, so that it was removed" in capsys.readouterr().out
    assert not bag.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_bag_that_is_being_recorded_is_left_alone(home, tmp_path, capsys):
    bag = make_bag(tmp_path / "bag")
    before = content(bag)[1]
    lock = os.open(bag, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert main(["labels", "delete", "anna", "--recordings", str(bag)]) == 1
    os.close(lock)
    told = capsys.readouterr().err
    assert f"{bag} may still hold 'anna'" in told
    assert "is being recorded or changed by another process; end it first" in told
    assert content(bag)[1] == before
    assert main(["labels", "list", "--recordings", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err


KILLED = """
import os, signal, sys
from pathlib import Path
from omnibind_ros.bags import deleting, writing
write = writing.BagWriter.write
def die(self, *message):
    write(self, *message)
    if sum(self.counts.values()) == 40:
        os.kill(os.getpid(), signal.SIGKILL)
writing.BagWriter.write = die
deleting.delete_label(Path(sys.argv[1]), "anna")
"""


def test_a_killed_deletion_leaves_the_old_bag_and_the_next_one_ends_it(home, tmp_path):
    bag = make_bag(tmp_path / "bag")
    before = content(bag)[1]
    ended = subprocess.run([sys.executable, "-c", KILLED, str(bag)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert content(bag)[1] == before
    assert main(["labels", "delete", "anna", "--recordings", str(bag)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]
    assert b"nna" not in content(bag)[1]
