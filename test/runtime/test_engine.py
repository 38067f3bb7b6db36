"""The engine with small encoders of the test's own, in real threads."""

import time

import numpy as np
import pytest
from engine_rig import KIND, AxisEncoder, Rig, config

from omnibind_ros.encoders.base import Encoding
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.presence import Presence


@pytest.fixture
def rig():
    rigs = []

    def make(*args, **configs):
        rigs.append(Rig(*args, **configs))
        return rigs[-1]

    yield make
    for made in rigs:
        made.encoder.gate.set()
        made.engine.stop()


def test_latest_wins_and_nothing_queues(rig):
    r = rig(cam=config())
    r.encoder.gate.clear()
    r.offer("cam", 0)
    assert r.encoder.entered.wait(10)
    for number in (1, 2, 3):
        r.offer("cam", number)
    r.encoder.gate.set()
    r.wait(lambda: len(r.results) == 2)
    assert r.encoder.seen == [0, 3]
    state = r.state("cam")
    assert (state.received, state.encoded, state.dropped) == (4, 2, 2)
    assert r.results[-1].recognition.labels[0] == "d"
    assert r.results[-1].recognition.known


def test_what_is_fresh_is_fused_and_what_is_old_thrown_out(rig):
    r = rig(one=config(), two=config(max_age=0.2))
    r.offer("two", 1)
    r.wait(lambda: len(r.results) == 1)
    r.offer("one", 0)
    r.wait(lambda: len(r.results) == 2)
    assert r.results[-1].sensors == ("one", "two")
    np.testing.assert_allclose(r.results[-1].weights, [0.5, 0.5])
    time.sleep(0.25)
    r.offer("one", 0)
    r.wait(lambda: len(r.results) == 3)
    assert r.results[-1].sensors == ("one",)


def test_a_bad_message_is_counted_and_stops_nobody(rig):
    r = rig(bad=config(), good=config())
    r.engine.set_publishers("bad", 1)
    r.offer("bad", -1)
    r.wait(lambda: r.state("bad").rejected == 1)
    assert r.reports == [("bad", "the number is negative")]
    assert r.state("bad").state is Presence.FAULT
    r.offer("bad", 99)  # the encoder raises IndexError
    r.wait(lambda: r.state("bad").rejected == 2)
    r.offer("good", 2)
    r.wait(lambda: len(r.results) == 1)
    assert r.results[0].sensors == ("good",)


def test_a_failing_encoder_is_tried_again(rig):
    r = rig(cam=config())
    r.engine.set_publishers("cam", 1)
    r.encoder.fail = True
    r.offer("cam", 0)
    r.wait(lambda: r.state("cam").state is Presence.FAULT)
    assert "no memory" in r.state("cam").reason
    r.encoder.fail = False
    r.offer("cam", 1)  # waits for the pause of a second
    r.wait(lambda: len(r.results) == 1)
    assert r.state("cam").state is Presence.FRESH
    assert r.state("cam").reason == ""


def test_an_embedding_that_is_not_finite_reaches_nobody(rig):
    r = rig(good=config())
    for name, (value, quality) in {"a": (np.nan, 1.0), "b": (1.0, np.nan)}.items():
        broken = AxisEncoder()
        broken.encode = lambda _, v=value, q=quality: Encoding(np.full(4, v, np.float32), q)
        r.engine.add(Channel(name, config(), KIND, broken))
        r.offer(name, 0)
        r.wait(lambda name=name: "not finite" in r.state(name).reason)
    r.offer("good", 0)
    r.wait(lambda: len(r.results) == 1)
    assert r.results[0].sensors == ("good",)


def test_presence_follows_publishers_and_age(rig):
    r = rig(cam=config(max_age=0.1))
    r.engine.set_publishers("cam", 0)
    assert r.state("cam").state is Presence.ABSENT
    r.engine.set_publishers("cam", 1)
    assert r.state("cam").state is Presence.STALE
    r.offer("cam", 0)
    assert r.state("cam").state is Presence.FRESH
    r.wait(lambda: r.state("cam").state is Presence.STALE)
    r.engine.set_publishers("cam", 0)
    assert r.state("cam").state is Presence.ABSENT


def test_rate_limit(rig):
    r = rig(cam=config(rate_limit=5.0))
    started = time.monotonic()
    while time.monotonic() - started < 0.7:
        r.offer("cam", 0)
        time.sleep(0.01)
    assert 1 <= len(r.results) <= 5


def test_lying_stamps_count_from_arrival(rig):
    r = rig(cam=config(max_age=0.5))
    hour = 3600 * 10**9
    for stamp in (1, time.time_ns() - hour, time.time_ns() + hour):
        before = len(r.results)
        r.offer("cam", 0, stamp)
        r.wait(lambda before=before: len(r.results) > before)
        assert abs(r.results[-1].stamp_ns - time.time_ns()) < 10**9
        assert r.results[-1].ages[0] < 0.5
    assert len(r.reports) == 3


def test_the_result_uses_the_newest_stamp(rig):
    r = rig(one=config(), two=config())
    now = time.time_ns()
    r.offer("one", 0, now)
    r.wait(lambda: len(r.results) == 1)
    r.offer("two", 0, now - 10**8)
    r.wait(lambda: len(r.results) == 2)
    assert r.results[-1].stamp_ns == now


def test_a_failing_callback_does_not_end_the_worker(rig):
    r = rig(cam=config())
    working = r.perceiver._on_result

    def broken(_result):
        r.perceiver._on_result = working
        raise RuntimeError("publisher is gone")

    r.perceiver._on_result = broken
    r.offer("cam", 0)
    r.wait(lambda: any("publisher is gone" in s for _, s in r.reports))
    r.offer("cam", 1)
    r.wait(lambda: len(r.results) == 1)


def test_stop_ends_the_threads(rig):
    r = rig(cam=config())
    threads = r.threads()
    r.engine.stop()
    assert not any(thread.is_alive() for thread in threads)
    r.offer("cam", 0)
    assert r.state("cam").received == 0
