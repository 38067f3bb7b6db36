"""The thread that writes a bag: order, a disk that is nearly full, messages that come too fast."""

import time

import pytest
from rosbags.highlevel import AnyReader

from omnibind_ros.bags.errors import RecordingError
from omnibind_ros.bags.moments import Message
from omnibind_ros.bags.recorder import Recorder
from omnibind_ros.datasets.readers.bags.files import bag_problems, messages, typestore

STRING = "std_msgs/msg/String"


def words(text):
    store = typestore()
    return bytes(store.serialize_cdr(store.types[STRING](data=text), STRING))


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_messages_are_written_in_order_and_types_are_defined(tmp_path, storage):
    recorder = Recorder(tmp_path / "bag", storage)
    recorder.add_topic("/words", STRING)
    recorder.add_topic("/taught", "omnibind_msgs/msg/Teaching")
    for number in range(100):
        recorder.add(Message("/words", 10**18 + number, words(f"{number}")))
    with pytest.raises(RecordingError, match="/words has messages of std_msgs/msg/String and of"):
        recorder.add_topic("/words", "std_msgs/msg/Bool")
    with pytest.raises(RecordingError, match="definition of no_msgs/msg/Such is not found"):
        recorder.add_topic("/such", "no_msgs/msg/Such")
    recorder.close()
    assert recorder.counts == {"/words": 100, "/taught": 0}
    with AnyReader([tmp_path / "bag"]) as reader:
        assert [m.topic for m in reader.connections] == ["/words", "/taught"]
        found = [reader.deserialize(raw, c.msgtype).data for c, _, raw in reader.messages()]
    assert found == [f"{number}" for number in range(100)]


def test_a_disk_that_is_nearly_full_leaves_a_whole_bag(tmp_path):
    recorder = Recorder(tmp_path / "bag", free_bytes=1 << 60)
    recorder.add_topic("/words", STRING)
    recorder.add(Message("/words", 10**18, words("first")))
    wait_for(lambda: recorder.problem)
    assert "MB left, so the recording was ended and closed whole; free the disk" in recorder.problem
    with pytest.raises(RecordingError, match="MB left"):
        recorder.add_topic("/more", STRING)
    recorder.add(Message("/words", 10**18, words("too late")))
    recorder.close()
    read = [decode().data for _, _, decode in messages(tmp_path / "bag", ["/words"])]
    assert read == ["first"]
    assert bag_problems(tmp_path / "bag") == []


def test_what_comes_too_fast_is_counted_and_what_is_in_memory_is_not_lost(tmp_path):
    recorder = Recorder(tmp_path / "bag", waiting_bytes=10)
    recorder.add_topic("/words", STRING)
    recorder.add(Message("/words", 1, words("a long sentence")))
    recorder.add_held([Message("/words", 2, words("another long sentence"))])
    recorder.close()
    assert recorder.lost == {"/words": 1}
    assert recorder.counts == {"/words": 1}


def test_a_bag_without_messages_is_removed(tmp_path):
    recorder = Recorder(tmp_path / "bag")
    recorder.add_topic("/words", STRING)
    recorder.close()
    assert not (tmp_path / "bag").exists()
