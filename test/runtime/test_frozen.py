"""Sensors that repeat one message, compared byte for byte."""

import array
from types import SimpleNamespace

import numpy as np
import pytest

from omnibind_ros.runtime.buffer import Arrival
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.frozen import FrozenDetector
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.sensors import Issue, SensorRegistry

SECOND = 10**9


def offer(detector, taken, payload, after=1.0):
    arrival = Arrival(None, round(taken * SECOND), "frame", taken)
    return detector.check(arrival, payload, after), arrival


def buffers():
    picture = np.random.default_rng(0).integers(0, 255, 1000, np.uint8)
    other = picture.copy()
    other[-1] ^= 1
    yield array.array("B", picture.tobytes()), array.array("B", other.tobytes())
    yield picture, other
    yield picture.tobytes(), other.tobytes()
    yield (picture, picture[:9]), (picture, other[-9:])


@pytest.mark.parametrize(("same", "other"), list(buffers()))
def test_equal_messages_are_frozen_from_the_limit_on(same, other):
    detector = FrozenDetector()
    for tick in range(30):
        doubts, arrival = offer(detector, 10 + 0.1 * tick, same)
        frozen = tick >= 10
        assert [doubt.issue for doubt in doubts] == [Issue.FROZEN] * frozen
        assert arrival.taken == pytest.approx(10.0 if frozen else 10 + 0.1 * tick)
        assert arrival.stamp_ns == round(arrival.taken * SECOND)
    assert offer(detector, 13.0, other)[0] == ()
    assert offer(detector, 13.1, same)[0] == ()


def test_messages_that_may_repeat_are_never_frozen():
    for after, payload in ((0.0, b"12"), (1.0, None)):
        detector = FrozenDetector()
        assert all(offer(detector, float(t), payload, after)[0] == () for t in range(9))


def message(modality, value):
    data = array.array("B", bytes([value]) * 12)
    image = SimpleNamespace(
        data=data, height=2, width=2, step=6, encoding="rgb8", is_bigendian=0, format="jpeg"
    )
    column = array.array("H", [value] if value else [])
    events = SimpleNamespace(x=column, y=column, t=column, p=column, width=9, height=9)
    return events if modality == "event" else image


@pytest.mark.parametrize(
    ("modality", "value", "freezes"),
    [
        ("image", 7, True),
        ("thermal", 7, True),
        ("event", 7, True),
        ("event", 0, False),  # nothing moves
        ("touch", 7, False),  # a pad at rest
    ],
)
def test_which_sensors_freeze(modality, value, freezes):
    config = SensorConfig(modality=modality, max_age=0.5)
    registry = SensorRegistry.installed()
    kind = next(k for k in registry if k.modality == modality and not k.encoded)
    channel = Channel("sensor", config, kind, None, options=kind.options())
    channel.publishers = 1
    for tick in range(30):
        now = 100 + 0.1 * tick
        channel.put(message(modality, value), round(now * SECOND), "", round(now * SECOND), now)
    state = channel.state(now)
    assert (Issue.FROZEN in state.issues) == freezes
    assert state.state is (Presence.STALE if freezes else Presence.FRESH)
    assert state.age == pytest.approx(2.9 if freezes else 0.0)
    assert ("frozen" in state.reason) == freezes
