"""What an engine forgets: embeddings, windows and encodes under way from before a time."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from small_engine import KIND, SmallEngine, config

from omnibind_ros.runtime.buffer import Arrival, Buffer
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.sensors import SensorType


@pytest.fixture
def small():
    made = SmallEngine(a=config(), b=config())
    yield made
    made.encoder.gate.set()
    made.engine.stop()


def names(small):
    return [member.sensor for member in small.engine.fresh_embeddings()]


def test_older_embeddings_are_dropped_and_newer_ones_stay(small):
    small.offer("a", 1)
    small.wait(lambda: names(small) == ["a"])
    between = time.monotonic()
    small.offer("b", 2)
    small.wait(lambda: len(names(small)) == 2)
    small.engine.forget(between)
    assert names(small) == ["b"]
    small.offer("a", 1)
    small.wait(lambda: len(names(small)) == 2)


def test_an_encode_that_is_under_way_is_not_stored(small):
    small.encoder.gate.clear()
    small.offer("a", 1)
    assert small.encoder.entered.wait(5)
    small.engine.forget(time.monotonic())
    small.encoder.gate.set()
    small.wait(lambda: small.state("a").encoded == 1)
    assert names(small) == []
    small.offer("a", 2)
    small.wait(lambda: names(small) == ["a"])


def test_a_message_that_waits_is_not_encoded(small):
    small.encoder.gate.clear()
    small.offer("a", 1)
    assert small.encoder.entered.wait(5)
    small.offer("b", 2)  # the one worker is busy
    small.engine.forget(time.monotonic())
    small.encoder.gate.set()
    small.wait(lambda: small.state("a").encoded == 1)
    time.sleep(0.05)
    assert small.state("b").encoded == 0
    assert small.encoder.seen == [1]


@pytest.mark.parametrize(("before", "left"), [(0.0, 5), (2.5, 2), (3.0, 2), (9.0, 0)])
def test_a_window_keeps_what_was_taken_since(before, left):
    buffer = Buffer(10.0)
    for second in range(5):
        buffer.put(Arrival(SimpleNamespace(), 0, "", float(second)))
    buffer.forget(before)
    assert (buffer.newest is None) == (left == 0)
    if left:
        assert [item.taken for item in buffer.take()] == list(range(5 - left, 5))


def test_an_embedding_of_a_window_is_as_old_as_its_first_message():
    """A sound of two seconds ends after the change, but most of it is of the time before."""
    kind = SensorType("image", "test_msgs/msg/Number", KIND.decode, window=lambda _: 2.0)
    channel = Channel("ear", config(), kind, None)
    sound = StoredEmbedding(np.ones(4, np.float32), 1.0, None, 0, "", 10.0, begins=8.0)
    channel.store(sound, 10.1)
    channel.forget(9.0)
    assert channel.embedding is None
    channel.store(sound, 10.2)  # of an encode that was under way
    assert channel.embedding is None
    since = StoredEmbedding(np.ones(4, np.float32), 1.0, None, 0, "", 11.0, begins=9.0)
    channel.store(since, 11.1)
    assert channel.embedding is since


def test_an_embedding_of_another_host_is_as_old_as_the_window_that_it_names(small):
    small.encoder.window = 2.0
    small.engine.forget(time.monotonic() - 1.0)
    small.offer("a", 1)
    small.wait(lambda: small.state("a").encoded == 1)
    assert names(small) == []  # half of what it describes was there before
    small.encoder.window = 0.5
    small.offer("a", 2)
    small.wait(lambda: names(small) == ["a"])
