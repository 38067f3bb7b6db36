"""A bag that is played in a loop: the stamps jump back, with and without simulated time."""

import time

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from perception_client import image, photograph
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from omnibind_msgs.msg import Ready, SensorStatus

RECORDED = 1_700_000_000.0
"""When the bag began, seconds since the epoch."""

LENGTH = 2.0
"""Of the bag, seconds."""

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def stamp(seconds):
    return Time(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))


class LoopingBag:
    """Plays pictures at 20 Hz with the stamps of a recording, again and again."""

    def __init__(self, client, clock):
        self.client = client
        self.clock = clock
        self.pixels = photograph("coffee").copy()
        self.began = time.monotonic()
        self.loops = 0

    def play_until(self, condition, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.client.process.output()
            passed = time.monotonic() - self.began
            self.loops = int(passed / LENGTH)
            now = stamp(RECORDED + passed % LENGTH)
            if self.clock is not None:
                self.clock.publish(Clock(clock=now))
            self.pixels.flat[int(passed * 1e3) % self.pixels.size] ^= 1
            self.client.camera.publish(image(self.pixels, now))
            self.client.probe.spin(condition, 0.05)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_bag_that_loops_is_sensed_without_a_break(start_perception, simulated):
    client = start_perception(
        *("-p", f"use_sim_time:={str(simulated).lower()}", "-p", "sensor.camera.required:=true"),
        *("-p", "sensor.camera.max_age:=1.5", "-p", "deadline:=3.0"),  # on a busy machine, too
    )
    probe = client.probe
    probe.subscribe(Ready, "/perception/ready", LATCHED)
    clock = probe.node.create_publisher(Clock, "/clock", 10) if simulated else None
    bag = LoopingBag(client, clock)

    def verdicts():
        return [msg for _, msg in probe.arrivals["/perception/ready"]]

    try:
        bag.play_until(lambda: verdicts() and verdicts()[-1].ready)
        began, results = len(verdicts()), len(client.messages())
        first = bag.loops
        until = time.monotonic() + 3 * LENGTH
        bag.play_until(lambda: time.monotonic() > until)
        assert bag.loops >= first + 2
        assert all(msg.ready for msg in verdicts()[began:]), [
            list(msg.reasons) for msg in verdicts()[began:]
        ]
        assert len(client.messages()) >= results + 20
        assert client.recognises("cup")
        camera = client.sensor("camera")
        assert camera.state == SensorStatus.FRESH
        # That delays are not noticed is said.
        assert SensorStatus.CLOCK_OFFSET in camera.issues or simulated
        if simulated:
            stamps = [m.header.stamp.sec for m in client.messages()[results:]]
            assert all(RECORDED <= s <= RECORDED + LENGTH for s in stamps)
    finally:
        if clock is not None:
            probe.node.destroy_publisher(clock)
