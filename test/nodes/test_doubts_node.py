"""What a node says of readings that may be wrong: delayed, from another clock, frozen."""

import time

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from perception_client import image, photograph

from omnibind_msgs.msg import SensorStatus

SECOND = 10**9


def publish(client, make, until, seconds=20.0):
    """Publish what `make(count)` returns at 20 Hz until the camera's status is as wanted."""
    deadline, count = time.monotonic() + seconds, 0
    while not until(client.sensor("camera")):
        assert time.monotonic() < deadline, (client.sensor("camera"), client.process.output())
        client.camera.publish(make(count))
        count += 1
        client.probe.spin(lambda: until(client.sensor("camera")), 0.05)
    return client.sensor("camera")


def noisy(count, stamp):
    pixels = photograph("coffee").copy()
    pixels.flat[count % pixels.size] ^= 1
    return image(pixels, stamp)


def has(issue):
    return lambda status: issue in status.issues


@pytest.fixture
def client(start_perception):
    return start_perception()


def test_delays_offsets_and_frozen_cameras_are_told(client):
    def delayed(count):
        behind = min(count * 0.04, 3.0)
        nanoseconds = time.time_ns() - round(behind * SECOND)
        return noisy(count, Time(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND))

    status = publish(client, delayed, has(SensorStatus.DELAYED))
    assert status.state == SensorStatus.STALE
    assert status.age > 0.5
    assert "after their stamps" in status.reason

    status = publish(
        client, lambda n: noisy(n, client.now()), lambda s: s.state == SensorStatus.FRESH
    )
    status = publish(client, lambda n: noisy(n, client.now()), lambda s: not len(s.issues))
    assert status.reason == ""

    frozen = image(photograph("coffee"), client.now())

    def repeat(_count):
        frozen.header.stamp = client.now()
        return frozen

    status = publish(client, repeat, has(SensorStatus.FROZEN))
    assert status.state == SensorStatus.STALE
    assert "frozen" in status.reason

    status = publish(client, lambda n: noisy(n, Time()), has(SensorStatus.CLOCK_OFFSET))
    assert "zero" in status.reason
    publish(
        client,
        lambda n: noisy(n, Time()),
        lambda _: (
            (found := client.diagnostic("header.stamp is zero")) is not None
            and found.level == DiagnosticStatus.WARN
        ),
    )
    log = client.process.output()
    for words in ("after their stamps", "frozen:", "header.stamp is zero"):
        assert 1 <= log.count(words) <= 3
