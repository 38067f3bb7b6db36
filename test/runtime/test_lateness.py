"""Embeddings that are older than max_age when they are done: no result, but a reason."""

import time

import numpy as np
import pytest
from small_engine import KIND, AxisEncoder, SmallEngine, config

from omnibind_ros.encoders.base import Encoding
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.sensors import Issue, SensorType

VALUES = np.eye(4, dtype=np.float32)[0]


def store(channel, taken, latency):
    """Store an embedding that was done `latency` seconds after its sample was taken."""
    channel.publishers = 1
    embedding = StoredEmbedding(VALUES, 1.0, None, 0, "", taken)
    channel.store(embedding, taken + latency)
    return channel.state(taken + latency)


@pytest.mark.parametrize(
    ("latencies", "told"),
    [
        ([0.1, 0.4, 0.499], False),
        ([0.995], False),  # the first one after the start may be slow
        ([0.995, 0.3], False),
        ([0.995, 0.3, 0.9, 0.2, 0.8], False),
        ([0.6, 0.995], True),
        ([0.1, 0.2, 0.9, 7.0], True),
        ([0.9, 0.9, 0.9, 0.1], False),
    ],
)
def test_two_late_embeddings_in_a_row_are_told_until_one_is_in_time(latencies, told):
    channel = Channel("camera", config(max_age=0.5), KIND, AxisEncoder())
    for number, latency in enumerate(latencies):
        state = store(channel, 10.0 * number, latency)
    assert bool(state.reason) is told
    assert state.issues == ((Issue.DELAYED,) if told else ())
    assert state.needs_attention is told
    if told:
        assert f"done {latencies[-1]:.2f} s after their samples were taken" in state.reason
        assert "max_age is 0.5 s; raise sensor.camera.max_age, or use fewer" in state.reason


def test_a_text_counts_by_itself_so_that_one_is_enough():
    kind = SensorType("text", "test_msgs/msg/Number", KIND.decode, single=True)
    channel = Channel("speech", config(modality="text", max_age=3.0), kind, AxisEncoder())
    assert "raise sensor.speech.max_age" in store(channel, 0.0, 3.5).reason
    assert store(channel, 10.0, 2.5).reason == ""


def test_a_higher_max_age_ends_it():
    channel = Channel("camera", config(max_age=0.5), KIND, AxisEncoder())
    for taken in range(3):
        state = store(channel, 5.0 * taken, 0.995)
    assert state.reason
    channel.config.max_age = 2.0
    assert store(channel, 20.0, 0.995).reason == ""


class SlowEncoder(AxisEncoder):
    """Takes 0.15 s."""

    def encode(self, sample):
        time.sleep(0.15)
        return Encoding(VALUES, 1.0)


def test_an_encoder_that_is_slower_than_max_age_gives_no_result_and_is_told_once():
    small = SmallEngine()
    small.encoder = SlowEncoder()
    small.add("camera", config(max_age=0.1))
    try:
        small.engine.set_publishers("camera", 1)
        end = time.monotonic() + 10

        def told():
            assert time.monotonic() < end
            small.offer("camera", 0)
            return small.state("camera").encoded >= 5

        small.wait(told)
        assert small.results == []
        assert small.state("camera").reason.startswith("its embeddings are not used")
        ((name, doubt),) = small.doubts
        assert (name, doubt.issue) == ("camera", Issue.DELAYED)
    finally:
        small.engine.stop()
