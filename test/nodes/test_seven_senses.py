"""Every modality end to end over real DDS: message, sample, encoder, fusion, result."""

import time

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_messages import BAD, GOOD, LARGE, TYPES

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.modalities import MODALITIES

SENSOR_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


class Senses:
    """A perception node with a sensor of each modality, and a publisher for each."""

    def __init__(self, start_perception, bundle, tmp_path, **parameters):
        file = tmp_path / "seven.yaml"
        values = {"sensors": list(MODALITIES), "bundle": str(bundle), **parameters}
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        self.client = start_perception("--params-file", str(file), ready=False)
        self.client.close()  # its own publishers, which would keep image and text present
        self.publishers = {
            name: self.client.probe.node.create_publisher(
                TYPES[name], MODALITIES[name].topic, SENSOR_QOS
            )
            for name in MODALITIES
        }
        self.counts = dict.fromkeys(MODALITIES, 0)
        assert self.client.probe.spin(
            lambda: all(p.get_subscription_count() for p in self.publishers.values()), 30
        ), self.client.process.output()

    def send(self, *names, make=None, stamp=None):
        for name in names:
            message = (make or GOOD[name])(stamp or self.client.now(), self.counts[name])
            self.publishers[name].publish(message)
            self.counts[name] += 1

    def until(self, condition, *names, make=None, stamp=None, seconds=30.0):
        """Publish at 20 Hz until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.client.process.output()
            self.send(*names, make=make, stamp=stamp)
            self.client.probe.spin(condition, 0.05)

    def fused(self):
        heard = self.client.messages() and self.client.messages(
            "embedding"
        )  # each by a subscription of its own
        return set(self.client.messages()[-1].sensors) if heard else set()

    def close(self):
        for publisher in self.publishers.values():
            self.client.probe.node.destroy_publisher(publisher)


@pytest.fixture
def senses(start_perception, seven_bundle, tmp_path):
    made = []

    def make(**parameters):
        made.append(Senses(start_perception, seven_bundle, tmp_path, **parameters))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_all_seven_are_fused(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    last = s.client.messages("embedding")[-1]
    assert np.linalg.norm(last.values) == pytest.approx(1, abs=1e-4)
    assert sum(last.weights) == pytest.approx(1, abs=1e-4)
    for age, modality in zip(last.ages, last.modalities, strict=True):
        assert 0 <= age <= MODALITIES[modality].max_age
    assert "no fusion network" not in s.client.process.output()
    for name in MODALITIES:
        sensor = s.client.sensor(name)
        assert sensor.state == SensorStatus.FRESH
        assert sensor.rejected == 0, sensor.reason


@pytest.mark.parametrize("modality", MODALITIES)
def test_each_one_alone(senses, modality):
    s = senses()
    s.until(lambda: s.fused() == {modality}, modality)
    assert s.client.sensor(modality).encoded > 0 or s.client.probe.spin(
        lambda: s.client.sensor(modality).encoded > 0
    )


def test_bad_messages_of_every_modality_are_counted_and_stop_nobody(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    rejected = dict.fromkeys(MODALITIES, 0)
    for modality, make in BAD:
        # A sentence is in ~/sensors once the sensor's own good embedding has aged.
        s.until(
            lambda modality=modality: s.client.sensor(modality).rejected > rejected[modality],
            modality,
            make=make,
        )
        sensor = s.client.sensor(modality)
        assert sensor.reason, modality
        assert len(sensor.reason) < 400
        rejected[modality] = sensor.rejected
        others = [name for name in MODALITIES if name != modality]
        before = len(s.client.messages())
        s.until(lambda before=before: len(s.client.messages()) > before, *others)
    assert s.client.process.alive()
    assert "Traceback" not in s.client.process.output()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)  # and all are back


def test_messages_a_hundred_times_larger_stop_nobody(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    for modality, make in LARGE.items():
        before = s.client.sensor(modality).received
        s.until(
            lambda modality=modality, before=before: s.client.sensor(modality).received > before,
            modality,
            make=make,
        )
        others = [name for name in MODALITIES if name != modality]
        results = len(s.client.messages())
        s.until(lambda results=results: len(s.client.messages()) > results, *others)
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    assert s.client.process.alive()
    assert "Traceback" not in s.client.process.output()


@pytest.mark.parametrize("offset", ["zero", "future", "an hour back"])
def test_stamps_that_lie_count_from_arrival(senses, offset):
    s = senses()
    stamp = s.client.now()
    if offset == "zero":
        stamp.sec = stamp.nanosec = 0
    else:
        stamp.sec += 3600 if offset == "future" else -3600
    with_header = [name for name in MODALITIES if name != "text"]
    s.until(lambda: s.fused() == set(with_header), *with_header, stamp=stamp)
    assert max(s.client.messages("embedding")[-1].ages) < 2.0
    assert abs(s.client.messages()[-1].header.stamp.sec - time.time()) < 30


def test_a_clock_that_jumps_ages_no_sensor(senses, probe):
    from rosgraph_msgs.msg import Clock  # noqa: PLC0415

    clock = probe.node.create_publisher(Clock, "/clock", 10)
    s = senses(use_sim_time=True)
    now = [1000]

    def tick():
        now[0] += 1
        msg = Clock()
        msg.clock.sec, msg.clock.nanosec = divmod(now[0] * 50_000_000, 10**9)
        clock.publish(msg)
        return msg.clock

    def send_until(condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, s.client.process.output()
            s.send("thermal", "points", stamp=tick())
            probe.spin(condition, 0.05)

    send_until(lambda: s.fused() == {"thermal", "points"})
    now[0] = 10  # the simulation starts again
    before = len(s.client.messages())
    send_until(lambda: len(s.client.messages()) > before + 10)
    assert s.fused() == {"thermal", "points"}
    assert s.client.messages()[-1].header.stamp.sec < 20
    probe.node.destroy_publisher(clock)


def test_a_clock_that_stands_still_hides_no_state(senses):
    s = senses(use_sim_time=True)  # and nobody publishes /clock
    s.until(lambda: s.client.sensor("text").state == SensorStatus.FRESH, "text")
    s.client.probe.node.destroy_publisher(s.publishers["text"])
    assert s.client.probe.spin(lambda: s.client.sensor("text").state == SensorStatus.ABSENT)
    s.publishers["text"] = s.client.probe.node.create_publisher(
        TYPES["text"], MODALITIES["text"].topic, SENSOR_QOS
    )


def test_sensors_that_are_pulled_leave_no_gap(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    left = list(MODALITIES)
    for name in ("image", "audio", "thermal", "points"):
        left.remove(name)
        s.client.probe.node.destroy_publisher(s.publishers[name])
        s.until(lambda name=name: s.client.sensor(name).state == SensorStatus.ABSENT, *left)
        s.until(lambda: s.fused() == set(left), *left)
        s.publishers[name] = s.client.probe.node.create_publisher(
            TYPES[name], MODALITIES[name].topic, SENSOR_QOS
        )
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
