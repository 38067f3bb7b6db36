"""The engine with small encoders of the test's own, in real threads."""

import threading
import time

import numpy as np
import pytest
from small_engine import KIND, AxisEncoder, SmallEngine, config

from omnibind_ros.encoders.base import Encoding
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.workers import WorkerSettings
from omnibind_ros.sensors import Issue


@pytest.fixture
def make_engine():
    engines = []

    def make(*args, **configs):
        engines.append(SmallEngine(*args, **configs))
        return engines[-1]

    yield make
    for made in engines:
        made.encoder.gate.set()
        made.engine.stop()


def test_latest_wins_and_nothing_queues(make_engine):
    small = make_engine(cam=config())
    small.encoder.gate.clear()
    small.offer("cam", 0)
    assert small.encoder.entered.wait(10)
    for number in (1, 2, 3):
        small.offer("cam", number)
    small.encoder.gate.set()
    small.wait(lambda: len(small.results) == 2)
    assert small.encoder.seen == [0, 3]
    state = small.state("cam")
    assert (state.received, state.encoded, state.dropped) == (4, 2, 2)
    assert small.results[-1].recognition.labels[0] == "d"
    assert small.results[-1].recognition.known


def test_what_is_fresh_is_fused_and_what_is_old_thrown_out(make_engine):
    small = make_engine(one=config(), two=config(max_age=0.2))
    small.offer("two", 1)
    small.wait(lambda: len(small.results) == 1)
    small.offer("one", 0)
    small.wait(lambda: len(small.results) == 2)
    assert small.results[-1].sensors == ("one", "two")
    np.testing.assert_allclose(small.results[-1].weights, [0.5, 0.5])
    time.sleep(0.25)
    small.offer("one", 0)
    small.wait(lambda: len(small.results) == 3)
    assert small.results[-1].sensors == ("one",)


def test_a_bad_message_is_counted_and_stops_nobody(make_engine):
    small = make_engine(bad=config(), good=config())
    small.engine.set_publishers("bad", 1)
    small.offer("bad", -1)
    small.wait(lambda: small.state("bad").rejected == 1)
    assert small.problems == [("bad", "the number is negative")]
    assert small.state("bad").state is Presence.FAULT
    small.offer("bad", 99)  # the encoder raises IndexError
    small.wait(lambda: small.state("bad").rejected == 2)
    small.offer("good", 2)
    small.wait(lambda: len(small.results) == 1)
    assert small.results[0].sensors == ("good",)


def test_a_failing_encoder_is_tried_again(make_engine):
    small = make_engine(cam=config())
    small.engine.set_publishers("cam", 1)
    small.encoder.fail = True
    small.offer("cam", 0)
    small.wait(lambda: small.state("cam").state is Presence.FAULT)
    assert "no memory" in small.state("cam").reason
    small.encoder.fail = False
    small.offer("cam", 1)  # waits for the pause of a second
    small.wait(lambda: len(small.results) == 1)
    assert small.state("cam").state is Presence.FRESH
    assert small.state("cam").reason == ""


def test_an_embedding_that_is_not_finite_reaches_nobody(make_engine):
    small = make_engine(good=config())
    unit, nan = np.eye(4, dtype=np.float32)[0], np.full(4, np.nan, np.float32)
    encodings = {
        "embedding": Encoding(nan, 1.0),
        "quality": Encoding(unit, np.nan),
        "distance": Encoding(unit, 1.0, np.nan),
        "features": Encoding(unit, 1.0, 0.0, nan),
    }
    for name, encoding in encodings.items():
        broken = AxisEncoder()
        broken.encode = lambda _, encoding=encoding: encoding
        small.engine.add(Channel(name, config(), KIND, broken))
        small.offer(name, 0)
        small.wait(lambda name=name: f"not finite: its {name}" in small.state(name).reason)
    small.offer("good", 0)
    small.wait(lambda: len(small.results) == 1)
    assert small.results[0].sensors == ("good",)


@pytest.mark.parametrize(("distance", "issues"), [(0.4, ()), (0.8, (Issue.OUT_OF_DISTRIBUTION,))])
def test_what_is_far_from_the_training_is_said(make_engine, distance, issues):
    small = make_engine(cam=config())
    values = np.eye(4, dtype=np.float32)[0]
    features = np.arange(3, dtype=np.float32)
    small.encoder.encode = lambda _: Encoding(values, 0.5, distance, features)
    small.engine.set_publishers("cam", 1)
    small.offer("cam", 0)
    small.wait(lambda: len(small.results) == 1)
    assert small.state("cam").issues == issues
    assert [doubt.issue for _, doubt in small.doubts] == list(issues)
    if issues:
        assert "distance 0.80 of 1" in small.state("cam").reason
    np.testing.assert_allclose(small.results[0].distances, [distance])
    stored = small.engine.channels()["cam"].embedding
    np.testing.assert_array_equal(stored.features, features)


def test_presence_follows_publishers_and_age(make_engine):
    small = make_engine(cam=config(max_age=0.1))
    small.engine.set_publishers("cam", 0)
    assert small.state("cam").state is Presence.ABSENT
    small.engine.set_publishers("cam", 1)
    assert small.state("cam").state is Presence.STALE
    small.offer("cam", 0)
    assert small.state("cam").state is Presence.FRESH
    small.wait(lambda: small.state("cam").state is Presence.STALE)
    small.engine.set_publishers("cam", 0)
    assert small.state("cam").state is Presence.ABSENT


def test_rate_limit(make_engine):
    small = make_engine(cam=config(rate_limit=5.0))
    started = time.monotonic()
    while time.monotonic() - started < 0.7:
        small.offer("cam", 0)
        time.sleep(0.01)
    assert 1 <= len(small.results) <= 5


def test_lying_stamps_count_from_arrival(make_engine):
    small = make_engine(cam=config(max_age=0.5))
    hour = 3600 * 10**9
    for stamp in (1, time.time_ns() - hour, time.time_ns() + hour):
        before = len(small.results)
        small.offer("cam", 0, stamp)
        small.wait(lambda before=before: len(small.results) > before)
        assert abs(small.results[-1].stamp_ns - time.time_ns()) < 10**9
        assert small.results[-1].ages[0] < 0.5
    assert [doubt.issue for _, doubt in small.doubts] == [Issue.CLOCK_OFFSET]  # said once
    assert small.state("cam").issues == (Issue.CLOCK_OFFSET,)
    assert "stamp to arrival" in small.state("cam").reason


def test_the_result_uses_the_newest_stamp(make_engine):
    small = make_engine(one=config(), two=config())
    now = time.time_ns()
    small.offer("one", 0, now)
    small.wait(lambda: len(small.results) == 1)
    small.offer("two", 0, now - 10**8)
    small.wait(lambda: len(small.results) == 2)
    assert small.results[-1].stamp_ns == now


def test_a_failing_callback_does_not_end_the_worker(make_engine):
    small = make_engine(cam=config())
    working = small.perception._on_result

    def broken(_result):
        small.perception._on_result = working
        raise RuntimeError("publisher is gone")

    small.perception._on_result = broken
    small.offer("cam", 0)
    small.wait(lambda: any("publisher is gone" in s for _, s in small.problems))
    small.offer("cam", 1)
    small.wait(lambda: len(small.results) == 1)


def test_a_start_that_was_interrupted_can_be_stopped(monkeypatch):
    engine = Engine(None, time.time_ns, WorkerSettings(count=3, timeout=5.0))
    started, start = [], threading.Thread.start

    def interrupted(thread):
        if started:
            raise KeyboardInterrupt
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.start()
    engine.stop()
    assert len(started) == 1
    assert not started[0].is_alive()


def test_stop_ends_the_threads(make_engine):
    small = make_engine(cam=config())
    threads = small.threads()
    small.engine.stop()
    assert not any(thread.is_alive() for thread in threads)
    small.offer("cam", 0)
    assert small.state("cam").received == 0
