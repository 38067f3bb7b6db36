"""A client of a perception node: publishers for its sensors, subscriptions to its outputs."""

import array
import time
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import String

from omnibind_msgs.msg import FusedEmbedding, Recognition, SensorStatus, SensorStatusArray

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@cache
def photograph(name, extension="png"):
    data = pytest.importorskip("skimage.data")
    bgr = cv2.imread(str(Path(data.__file__).parent / f"{name}.{extension}"))
    height, width = bgr.shape[:2]
    scale = max(640 / width, 480 / height)
    bgr = cv2.resize(bgr, (round(width * scale), round(height * scale)))
    y, x = (bgr.shape[0] - 480) // 2, (bgr.shape[1] - 640) // 2
    return np.ascontiguousarray(bgr[y : y + 480, x : x + 640, ::-1])


def image(rgb, stamp, **changes):
    height, width = rgb.shape[:2]
    msg = Image(height=height, width=width, encoding="rgb8", step=width * 3)
    msg.data = array.array("B", rgb.tobytes())
    msg.header.stamp = stamp
    msg.header.frame_id = "eye"
    for name, value in changes.items():
        setattr(msg, name, value)
    return msg


class PerceptionClient:
    """A perception node in a process of its own, with publishers and subscriptions to it."""

    def __init__(self, probe, node):
        self.probe, self.process = probe, node
        self.published = 0
        self.camera = probe.node.create_publisher(Image, "image", qos_profile_sensor_data)
        self.text = probe.node.create_publisher(String, "text", 10)
        probe.subscribe(Recognition, "/perception/recognition")
        probe.subscribe(FusedEmbedding, "/perception/embedding")
        probe.subscribe(SensorStatusArray, "/perception/sensors", LATCHED)
        probe.subscribe(DiagnosticArray, "/diagnostics")

    def now(self):
        return self.probe.node.get_clock().now().to_msg()

    def messages(self, topic="recognition"):
        return [msg for _, msg in self.probe.arrivals[f"/perception/{topic}"]]

    def sensor(self, name):
        for status in self.messages("sensors")[::-1]:
            for sensor in status.sensors:
                if sensor.name == name:
                    return sensor
        return SensorStatus(state=255)

    def wait_until_ready(self):
        assert self.probe.spin(
            lambda: (
                self.camera.get_subscription_count() > 0
                and self.text.get_subscription_count() > 0
                and self.messages("sensors")
            ),
            60.0,
        ), self.process.output()
        return self

    def publish_image(self, rgb, until, seconds=15.0, also=(), **changes):
        """Publish an image to the camera and other publishers, at 20 Hz until a condition holds.

        One pixel changes by one count each time, as a camera is frozen whose pictures are equal.
        """
        deadline = time.monotonic() + seconds
        pixels = rgb.copy()
        while not until():
            assert time.monotonic() < deadline, self.process.output()
            self.published += 1
            pixels.flat[self.published % pixels.size] ^= 1
            for publisher in (self.camera, *also):
                publisher.publish(image(pixels, self.now(), **changes))
            self.probe.spin(until, 0.05)

    def show(self, picture, sentence, until, also=(), seconds=30.0):
        """Publish a photograph at 20 Hz and a sentence at 2 Hz until a condition holds."""
        said = float("-inf")

        def done():
            nonlocal said
            if time.monotonic() - said > 0.5:
                said = time.monotonic()
                self.text.publish(String(data=sentence))
            return until()

        self.publish_image(photograph(picture), done, seconds, also)

    def publish_text(self, text, until, seconds=15.0):
        """Publish a sentence every 0.5 s until a condition holds: best effort may lose one."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, self.process.output()
            self.text.publish(String(data=text))
            self.probe.spin(until, 0.5)

    def recognises(self, label):
        recent = self.messages()[-1:]
        return bool(recent) and recent[0].known and recent[0].labels[0] == label

    def diagnostic(self, words):
        for _, msg in self.probe.arrivals["/diagnostics"]:
            for status in msg.status:
                if words in status.message:
                    return status
        return None

    def close(self):
        self.probe.node.destroy_publisher(self.camera)
        self.probe.node.destroy_publisher(self.text)
