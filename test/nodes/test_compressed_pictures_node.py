"""Compressed pictures over real DDS: damaged ones are explained, good ones recognised."""

import array
import time

import cv2
import pytest

pytest.importorskip("rclpy")

from perception_client import photograph
from sensor_msgs.msg import CompressedImage


def test_compressed_pictures(start_perception):
    client = start_perception(
        "-p",
        "sensor.camera.type:=sensor_msgs/msg/CompressedImage",
        "-p",
        "sensor.camera.topic:=image/compressed",
        "-p",
        "sensor.camera.frozen_after:=0.0",  # the same file again and again
        ready=False,
    )
    publisher = client.probe.node.create_publisher(CompressedImage, "image/compressed", 1)
    assert client.probe.spin(lambda: publisher.get_subscription_count() > 0), (
        client.process.output()
    )
    good = cv2.imencode(".jpg", photograph("coffee")[..., ::-1])[1].tobytes()
    for data, done in (
        (good[:300], lambda: client.diagnostic("do not decode")),
        (b"no picture", lambda: client.diagnostic("neither JPEG nor PNG")),
        (good, lambda: client.recognises("cup")),
    ):
        deadline = time.monotonic() + 15
        while not done():
            assert time.monotonic() < deadline, client.process.output()
            msg = CompressedImage(format="jpeg", data=array.array("B", data))
            msg.header.stamp = client.now()
            publisher.publish(msg)
            client.probe.spin(done, 0.1)
    client.probe.node.destroy_publisher(publisher)
