"""Every modality end to end over real DDS: message, sample, encoder, fusion, result."""

import time

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.qos import QoSProfile, ReliabilityPolicy
from senders import BAD, GOOD, LARGE, TYPES

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.modalities import MODALITIES

SENSOR_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


class Senses:
    """A perception node with a sensor of each modality, and a publisher for each."""

    def __init__(self, desk, bundle, tmp_path, **parameters):
        file = tmp_path / "seven.yaml"
        values = {"sensors": list(MODALITIES), "bundle": str(bundle), **parameters}
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        self.d = desk("--params-file", str(file), ready=False)
        self.d.close()  # its own publishers, which would keep image and text present
        self.publishers = {
            name: self.d.probe.node.create_publisher(
                TYPES[name], MODALITIES[name].topic, SENSOR_QOS
            )
            for name in MODALITIES
        }
        self.counts = dict.fromkeys(MODALITIES, 0)
        assert self.d.probe.spin(
            lambda: all(p.get_subscription_count() for p in self.publishers.values()), 30
        ), self.d.process.output()

    def send(self, *names, make=None, stamp=None):
        for name in names:
            message = (make or GOOD[name])(stamp or self.d.now(), self.counts[name])
            self.publishers[name].publish(message)
            self.counts[name] += 1

    def until(self, condition, *names, make=None, stamp=None, seconds=30.0):
        """Publish at 20 Hz until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.d.process.output()
            self.send(*names, make=make, stamp=stamp)
            self.d.probe.spin(condition, 0.05)

    def fused(self):
        heard = self.d.got() and self.d.got("embedding")  # each by a subscription of its own
        return set(self.d.got()[-1].sensors) if heard else set()

    def close(self):
        for publisher in self.publishers.values():
            self.d.probe.node.destroy_publisher(publisher)


@pytest.fixture
def senses(desk, seven_bundle, tmp_path):
    made = []

    def make(**parameters):
        made.append(Senses(desk, seven_bundle, tmp_path, **parameters))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_all_seven_are_fused(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    last = s.d.got("embedding")[-1]
    assert np.linalg.norm(last.values) == pytest.approx(1, abs=1e-4)
    assert sum(last.weights) == pytest.approx(1, abs=1e-4)
    for age, modality in zip(last.ages, last.modalities, strict=True):
        assert 0 <= age <= MODALITIES[modality].max_age
    assert "no fusion network" not in s.d.process.output()
    for name in MODALITIES:
        sensor = s.d.sensor(name)
        assert sensor.state == SensorStatus.FRESH
        assert sensor.rejected == 0, sensor.reason


@pytest.mark.parametrize("modality", MODALITIES)
def test_each_one_alone(senses, modality):
    s = senses()
    s.until(lambda: s.fused() == {modality}, modality)
    assert s.d.sensor(modality).encoded > 0 or s.d.probe.spin(
        lambda: s.d.sensor(modality).encoded > 0
    )


def test_bad_messages_of_every_modality_are_counted_and_stop_nobody(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    rejected = dict.fromkeys(MODALITIES, 0)
    for modality, make in BAD:
        # A sentence is in ~/sensors once the sensor's own good embedding has aged.
        s.until(
            lambda modality=modality: s.d.sensor(modality).rejected > rejected[modality],
            modality, make=make,
        )  # fmt: skip
        sensor = s.d.sensor(modality)
        assert sensor.reason, modality
        assert len(sensor.reason) < 400
        rejected[modality] = sensor.rejected
        others = [name for name in MODALITIES if name != modality]
        before = len(s.d.got())
        s.until(lambda before=before: len(s.d.got()) > before, *others)
    assert s.d.process.alive()
    assert "Traceback" not in s.d.process.output()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)  # and all are back


def test_messages_a_hundred_times_larger_stop_nobody(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    for modality, make in LARGE.items():
        before = s.d.sensor(modality).received
        s.until(
            lambda modality=modality, before=before: s.d.sensor(modality).received > before,
            modality, make=make,
        )  # fmt: skip
        others = [name for name in MODALITIES if name != modality]
        results = len(s.d.got())
        s.until(lambda results=results: len(s.d.got()) > results, *others)
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    assert s.d.process.alive()
    assert "Traceback" not in s.d.process.output()


@pytest.mark.parametrize("offset", ["zero", "future", "an hour back"])
def test_stamps_that_lie_count_from_arrival(senses, offset):
    s = senses()
    stamp = s.d.now()
    if offset == "zero":
        stamp.sec = stamp.nanosec = 0
    else:
        stamp.sec += 3600 if offset == "future" else -3600
    with_header = [name for name in MODALITIES if name != "text"]
    s.until(lambda: s.fused() == set(with_header), *with_header, stamp=stamp)
    assert max(s.d.got("embedding")[-1].ages) < 2.0
    assert abs(s.d.got()[-1].header.stamp.sec - time.time()) < 30


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
            assert time.monotonic() < deadline, s.d.process.output()
            s.send("thermal", "points", stamp=tick())
            probe.spin(condition, 0.05)

    send_until(lambda: s.fused() == {"thermal", "points"})
    now[0] = 10  # the simulation starts again
    before = len(s.d.got())
    send_until(lambda: len(s.d.got()) > before + 10)
    assert s.fused() == {"thermal", "points"}
    assert s.d.got()[-1].header.stamp.sec < 20
    probe.node.destroy_publisher(clock)


def test_a_clock_that_stands_still_hides_no_state(senses):
    s = senses(use_sim_time=True)  # and nobody publishes /clock
    s.until(lambda: s.d.sensor("text").state == SensorStatus.FRESH, "text")
    s.d.probe.node.destroy_publisher(s.publishers["text"])
    assert s.d.probe.spin(lambda: s.d.sensor("text").state == SensorStatus.ABSENT)
    s.publishers["text"] = s.d.probe.node.create_publisher(
        TYPES["text"], MODALITIES["text"].topic, SENSOR_QOS
    )


def test_sensors_that_are_pulled_leave_no_gap(senses):
    s = senses()
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
    left = list(MODALITIES)
    for name in ("image", "audio", "thermal", "points"):
        left.remove(name)
        s.d.probe.node.destroy_publisher(s.publishers[name])
        s.until(lambda name=name: s.d.sensor(name).state == SensorStatus.ABSENT, *left)
        s.until(lambda: s.fused() == set(left), *left)
        s.publishers[name] = s.d.probe.node.create_publisher(
            TYPES[name], MODALITIES[name].topic, SENSOR_QOS
        )
    s.until(lambda: s.fused() == set(MODALITIES), *MODALITIES)
