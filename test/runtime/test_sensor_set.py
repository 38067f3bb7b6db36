"""The sensors of a node follow its parameters, while encoders are loaded."""

import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig, SensorSetup
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.sensor_set import SensorSet
from omnibind_ros.sensors import Doubt, Issue


class Listener:
    def on_embedding(self, engine, sensor):
        pytest.fail("nothing is encoded here")

    def on_doubt(self, sensor, doubt):
        raise AssertionError(doubt)

    def on_problem(self, sensor, problem):
        pytest.fail(problem)


class Host:
    """A node that subscribes to every topic but 'bad'."""

    reporter = logging.getLogger("node")

    def __init__(self):
        self.names, self.closed = [], []

    def subscribe(self, channel):
        if channel.config.topic == "bad":
            raise ValueError("topic 'bad' cannot be subscribed to")
        return Subscription(self, channel.config.topic)

    def resolve(self, topic):
        return f"/{topic.lstrip('/')}"

    def call(self, function):
        future = Future()
        future.set_result(function())
        return future

    def on_sensors(self, names):
        self.names = list(names)


class Subscription:
    def __init__(self, host, topic):
        self.host, self.topic = host, f"/{topic.lstrip('/')}"

    def poll(self):
        pass

    def close(self):
        self.host.closed.append(self.topic)


class Maker:
    """Makes channels without decoder and encoder, once `loaded` is set."""

    def __init__(self):
        self.loading, self.loaded = threading.Event(), threading.Event()

    def make(self, name, setup):
        self.loading.set()
        assert self.loaded.wait(10)
        return Channel(name, replace(setup.config), None, None)


def setup(**changes):
    return SensorSetup(
        SensorConfig(modality="image", type="sensor_msgs/msg/Image", max_age=1.0, **changes)
    )


@pytest.fixture
def engine():
    return Engine(Listener(), time.time_ns)


@pytest.fixture
def maker():
    return Maker()


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def sensors(engine, maker, host):
    made = SensorSet(engine, maker, host)
    yield made
    maker.loaded.set()
    made.close()


def test_reasons_for_silence_end_with_the_subscription(sensors, engine, maker, monkeypatch):
    maker.loaded.set()
    sensors.load({"left": setup(topic="left")})
    sensors.activate()
    monkeypatch.setattr(Listener, "on_doubt", lambda *_: None)
    engine.set_topic_doubts("left", [Doubt(Issue.NO_MATCH, "nobody publishes")])
    assert engine.states()[0].reason == "nobody publishes"
    sensors.deactivate()
    assert engine.states()[0].reason == ""


def test_a_sensor_is_switched_off_and_on_by_its_parameter(sensors, engine, maker, host):
    maker.loaded.set()
    sensors.load({"left": setup(topic="left", enabled=False), "right": setup(topic="right")})
    sensors.activate()
    left = engine.states()[0]
    assert (left.state, left.topic) == (Presence.ABSENT, "/left")
    assert left.reason.startswith("it is switched off; set the parameter sensor.left.enabled")
    assert not left.needs_attention
    # Discovery leaves the topic alone.
    assert sensors.topics() == {"/left", "/right"}
    engine.set_publishers("right", 1)
    shown = StoredEmbedding(np.ones(4, np.float32), 1.0, None, 0, "", time.monotonic())
    engine.channels()["right"].store(shown, time.monotonic())
    assert [each.sensor for each in engine.fresh_embeddings()] == ["right"]
    on, off = setup(topic="left"), setup(topic="right", enabled=False)
    assert sensors.apply({"left": on, "right": off}) == []
    assert host.closed == ["/right"]
    assert engine.fresh_embeddings() == []  # it does not count until max_age is over
    assert engine.states()[0].reason == ""
    assert engine.channels()["right"].publishers == 0
    assert engine.states()[1].reason.startswith("it is switched off")
    sensors.deactivate()
    assert host.closed == ["/right", "/left"]
    sensors.activate()
    assert sensors.topics() == {"/left", "/right"}
    sensors.apply({"left": on, "right": setup(topic="right")})
    sensors.deactivate()
    assert host.closed == ["/right", "/left", "/left", "/right"]


def finish(futures):
    for future in futures:
        future.result(10)


def test_a_sensor_can_be_renamed_while_its_encoder_is_loaded(sensors, engine, maker):
    first = sensors.apply({"left": setup()})
    assert maker.loading.wait(10)
    sensors.rename("left", "right")
    second = sensors.apply({"right": setup()})
    maker.loaded.set()
    finish([*first, *second])
    assert list(engine.channels()) == ["right"]


def test_a_changed_topic_makes_a_new_sensor_and_a_changed_age_does_not(
    sensors, engine, maker, host
):
    maker.loaded.set()
    sensors.load({"left": setup(topic="a"), "right": setup(topic="b")})
    sensors.activate()
    assert sensors.topics() == {"/a", "/b"}
    before = engine.channels()
    changed = setup(topic="b")
    changed.config.max_age = 3.0
    finish(sensors.apply({"left": setup(topic="c"), "right": changed}))
    after = engine.channels()
    assert after["left"] is not before["left"]
    assert after["right"] is before["right"]
    assert after["right"].config.max_age == 3.0
    assert host.closed == ["/a"]
    assert sensors.topics() == {"/c", "/b"}
    finish(sensors.apply({"right": changed}))
    assert list(engine.channels()) == host.names == ["right"]
    sensors.deactivate()
    assert host.closed == ["/a", "/c", "/b"]


def test_a_topic_that_cannot_be_subscribed_to_is_a_fault(sensors, engine, maker):
    maker.loaded.set()
    sensors.load({"left": setup(topic="bad"), "right": setup(topic="good")})
    sensors.activate()
    states = {state.name: state for state in engine.states()}
    assert states["left"].state is Presence.FAULT
    assert "cannot be subscribed to" in states["left"].reason
    assert states["right"].reason == ""
    assert sensors.topics() == {"/good"}
