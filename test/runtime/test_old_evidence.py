"""Evidence that is old, or of a sensor that is off, never counts as new."""

import numpy as np
import pytest
from virtual_engine import VirtualEngine

from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.ready import Progress, ReadySettings, judge

CHUNK = 0.02
AUDIO = "omnibind_msgs/msg/Audio"
SINE = (np.sin(np.arange(320) * 0.2) * 3000).astype(np.int16)


@pytest.fixture
def virtual():
    return VirtualEngine()


def hear(virtual, seconds, samples=SINE, late=0.0):
    """Offer chunks for some seconds; each has the stamp of its first sample."""
    for _ in range(round(seconds / CHUNK)):
        start_ns = virtual.time.now_ns
        virtual.wait(CHUNK)
        stamp_ns = start_ns - round(late * 1e9)
        virtual.offer("mic", stamp_ns, sample_rate=16000, channels=1, samples=samples)


def test_messages_that_cannot_be_decoded_do_not_keep_old_sound_fresh(virtual):
    virtual.add("mic", "audio", AUDIO, max_age=1.0)
    hear(virtual, 2.5)
    virtual.wait(0.005)
    assert virtual.time.monotonic() - virtual.fused()["mic"].taken < 0.1
    encoded = virtual.state("mic").encoded
    hear(virtual, 0.5, samples=SINE[:0])
    virtual.wait(0.005)
    embedding = virtual.fused()["mic"]
    assert virtual.time.monotonic() - embedding.taken == pytest.approx(0.5, abs=0.05)
    assert virtual.state("mic").encoded == encoded  # the same sound is not encoded again
    assert virtual.state("mic").rejected >= 20
    hear(virtual, 0.7, samples=SINE[:0])
    assert virtual.fused() == {}
    assert virtual.state("mic").state is Presence.FAULT
    hear(virtual, 0.2)
    virtual.wait(0.005)
    assert list(virtual.fused()) == ["mic"]


def test_a_damaged_message_between_good_ones_changes_no_stamp(virtual):
    virtual.add("mic", "audio", AUDIO, max_age=1.0)
    hear(virtual, 1.0)
    good_ns = virtual.time.now_ns - round(CHUNK * 1e9)
    hear(virtual, CHUNK, samples=SINE[:0])
    virtual.wait(0.005)
    assert virtual.fused()["mic"].stamp_ns == good_ns


@pytest.mark.parametrize("late", [0.005, 0.025])
def test_after_a_reset_a_microphone_is_heard_again_at_once(virtual, late):
    """The chunk that was under way at the reset is not what its next two seconds begin with."""
    channel = virtual.add("mic", "audio", AUDIO, max_age=1.0)
    hear(virtual, 3.0, late=late)
    virtual.wait(0.005)
    reset = virtual.time.monotonic()
    virtual.engine.forget(reset)
    assert virtual.fused() == {}
    hear(virtual, 0.2, late=late)
    virtual.wait(0.005)
    embedding = virtual.fused()["mic"]
    assert embedding.oldest >= reset
    assert channel.encoder.last.size <= 0.2 * 16000  # nothing from before


def test_what_a_sensor_has_shown_does_not_count_once_it_is_off(virtual):
    virtual.add("speech", "text", "std_msgs/msg/String", max_age=3.0)
    virtual.offer("speech", data="a cup")
    virtual.wait(0.1)
    assert list(virtual.fused()) == ["speech"]
    virtual.offer("speech", data="a wrong word")  # its encode is under way
    virtual.engine.switch_off("speech")
    assert virtual.fused() == {}
    virtual.wait(1.0)
    assert virtual.fused() == {}
    virtual.offer("speech", data="a chair")
    virtual.wait(0.1)
    assert virtual.fused()["speech"].sample == "a chair"


def test_what_a_reset_has_dropped_makes_no_required_sensor_ready(virtual):
    virtual.add("speech", "text", "std_msgs/msg/String", max_age=3.0, required=True)
    virtual.engine.set_publishers("speech", 1)

    def ready():
        now = virtual.time.monotonic()
        progress = Progress("", now, now, known=True)
        return judge(now, progress, virtual.engine.states(), ReadySettings()).ready

    virtual.offer("speech", data="a cup")
    virtual.wait(0.1)
    assert ready()
    virtual.engine.forget(virtual.time.monotonic())
    assert virtual.fused() == {}
    assert not ready()
    virtual.offer("speech", data="a chair")
    virtual.wait(0.1)
    assert ready()


def test_an_embedding_that_reaches_back_before_a_reset_makes_it_not_ready(virtual):
    channel = virtual.add("mic", "audio", AUDIO, max_age=1.0, required=True)
    hear(virtual, 1.0)
    virtual.wait(0.005)
    virtual.engine.forget(virtual.time.monotonic())
    late = StoredEmbedding(
        np.ones(4, np.float32) / 2,
        1.0,
        None,
        virtual.time.now_ns,
        "",
        virtual.time.monotonic(),
        begins=virtual.time.monotonic() - 2.0,
    )
    channel.store(late, virtual.time.monotonic())
    assert virtual.fused() == {}
    assert np.isinf(virtual.state("mic").evidence_age)
