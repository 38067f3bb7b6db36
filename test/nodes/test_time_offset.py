"""A camera whose stamps are late by a known time, with and without time_offset."""

import time

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from perception_client import photograph

from omnibind_msgs.msg import SensorStatus

LATE = 3.0
"""Seconds that the stamps are behind, more than a picture's max_age."""


@pytest.mark.parametrize("offset", [LATE, 0.0])
def test_stamps_that_are_late_by_a_known_time(start_perception, offset):
    client = start_perception(
        *("-p", "sensor.camera.stamp:=header", "-p", f"sensor.camera.time_offset:={offset}"),
        *("-p", "sensor.camera.max_age:=1.5"),  # on a busy machine, too
    )

    def late():
        ns = time.time_ns() - int(LATE * 1e9)
        return Time(sec=ns // 10**9, nanosec=ns % 10**9)

    client.now = late
    began = time.monotonic()
    if offset:
        client.publish_image(
            photograph("coffee"),
            lambda: (
                client.recognises("cup")
                and client.messages("embedding")
                and client.sensor("camera").state == SensorStatus.FRESH
            ),
            30.0,
        )
        assert max(client.messages("embedding")[-1].ages) < 1.5
        newest = client.messages()[-1].header.stamp.sec
        assert abs(newest - time.time()) < 2.0  # the result has the corrected stamp
    else:
        client.publish_image(photograph("coffee"), lambda: time.monotonic() > began + 4.0)
        assert client.messages() == []
        assert client.sensor("camera").state != SensorStatus.FRESH
