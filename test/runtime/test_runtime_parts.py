"""Presence, stamps, throttle and parameters, on clocks of the test's own."""

import math

import pytest

from omnibind_ros.config import ParameterError, check
from omnibind_ros.runtime.config import PerceptionConfig, SensorConfig
from omnibind_ros.runtime.presence import UNKNOWN_PUBLISHERS, Presence, presence
from omnibind_ros.runtime.throttle import MOST, Throttle


@pytest.mark.parametrize(
    ("publishers", "age", "fault", "expected"),
    [
        (0, math.inf, False, Presence.ABSENT),
        (0, 0.1, False, Presence.ABSENT),
        (1, math.inf, False, Presence.STALE),
        (1, 0.6, False, Presence.STALE),
        (1, 0.4, False, Presence.FRESH),
        (1, 0.4, True, Presence.FAULT),
        (0, 0.4, True, Presence.ABSENT),
        (UNKNOWN_PUBLISHERS, 0.4, False, Presence.FRESH),
        (UNKNOWN_PUBLISHERS, 6.0, False, Presence.ABSENT),
        (UNKNOWN_PUBLISHERS, 5.0, False, Presence.STALE),
        (UNKNOWN_PUBLISHERS, 5.0, True, Presence.FAULT),
        (UNKNOWN_PUBLISHERS, 5.1, False, Presence.ABSENT),
        (1, 0.5, False, Presence.FRESH),
        (2, 60.0, False, Presence.STALE),
    ],
)
def test_presence(publishers, age, fault, expected):
    assert presence(publishers, age, 0.5, fault) is expected


def test_the_numbers_are_those_of_the_message():
    assert {each.name: each.value for each in Presence} == {
        "ABSENT": 0,
        "STALE": 1,
        "FRESH": 2,
        "FAULT": 3,
    }


def test_throttle_says_news_at_once_and_repeats_rarely():
    now, said = [0.0], []
    throttle = Throttle(said.append, monotonic=lambda: now[0])
    for _ in range(30):
        throttle("camera", "bad step")
        now[0] += 0.1
    throttle("speech", "empty")
    throttle("camera", "bad size")
    assert said == ["camera: bad step", "speech: empty", "camera: bad size"]
    now[0] += 11
    for _ in range(2):
        throttle("camera", "bad size")
    assert len(said) == 4


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_a_throttle_remembers_a_bounded_number_of_texts(pause):
    now, said = [0.0], []
    throttle = Throttle(said.append, monotonic=lambda: now[0])
    for i in range(5 * MOST):
        throttle("camera", f"no publisher of /topic{i}", kind=f"no publisher of /topic{i}")
        now[0] += pause
    assert len(said) == 5 * MOST
    assert len(throttle._last) <= MOST
    throttle("camera", f"no publisher of /topic{i}", kind=f"no publisher of /topic{i}")
    assert len(said) == 5 * MOST  # the newest one is not said again


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        (SensorConfig, "max_age", -1.0, "must be in"),
        (SensorConfig, "max_age", float("nan"), "must be in"),
        (SensorConfig, "max_age", "long", "of type float"),
        (SensorConfig, "modality", "smell", "one of"),
        (SensorConfig, "reliability", "hope", "one of"),
        (SensorConfig, "depth", 1.5, "of type int"),
        (SensorConfig, "depth", True, "of type int"),
        (PerceptionConfig, "sensors", "camera", "list of texts"),
        (PerceptionConfig, "workers", -1, "must be in"),
        (PerceptionConfig, "fusion", "magic", "one of"),
    ],
)
def test_bad_parameters(kind, name, value, words):
    with pytest.raises(ParameterError, match=words) as error:
        check(kind, name, value, "sensor.camera.")
    assert f"sensor.camera.{name}" in str(error.value)


def test_good_parameters():
    assert check(SensorConfig, "max_age", 1) == 1.0
    assert isinstance(check(SensorConfig, "max_age", 1), float)
    assert check(PerceptionConfig, "sensors", ("a", "b")) == ["a", "b"]
    assert check(SensorConfig, "modality", "") == ""
