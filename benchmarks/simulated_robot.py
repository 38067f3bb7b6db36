"""A simulated robot before an object: seven sensors that are rendered, published and answered."""

from __future__ import annotations

import array
import math
import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import String

from omnibind_msgs.msg import Audio, Events, Recognition, SensorStatus, SensorStatusArray
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.nodes.subscriptions import load_type
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.simulator import Simulator
from omnibind_ros.units import SAMPLE_RATE
from runtime_designs.content import image

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)

PERIOD, PRESSED = 4.0, 2.5
"""Seconds of each period, and how long of it the pad is pressed."""


def picture(pixels: npt.NDArray[Any], encoding: str, stamp: Any) -> Image:
    """Return an image message of pixels [H, W] or [H, W, 3], with its stamp."""
    message = image(pixels, encoding)
    message.header.stamp = stamp
    return message


def event_message(events: dict[str, Any], stamp: Any) -> Events:
    """Return a message of events as the simulator renders them; the stamp is their begin."""
    message = Events(width=events["width"], height=events["height"])
    message.header.stamp = stamp
    columns = (("x", "H", np.uint16), ("y", "H", np.uint16), ("t", "I", np.uint32))
    for name, code, dtype in (*columns, ("p", "B", np.uint8)):
        values = np.asarray(events[name]).astype(dtype)
        setattr(message, name, array.array(code, values.tobytes()))
    return message


def cloud_message(points: npt.NDArray[np.float32], stamp: Any) -> PointCloud2:
    """Return a message of points [N, 3], metres."""
    message = PointCloud2(
        height=1,
        width=len(points),
        point_step=12,
        row_step=12 * len(points),
        is_dense=True,
        fields=[
            PointField(name=axis, offset=4 * i, datatype=PointField.FLOAT32, count=1)
            for i, axis in enumerate("xyz")
        ],
        data=array.array("B", points.tobytes()),
    )
    message.header.stamp = stamp
    return message


def audio_message(samples: npt.NDArray[np.int16], stamp: Any) -> Audio:
    """Return a message of samples [N] of one channel; the stamp is that of the first."""
    content = array.array("h", samples.tobytes())
    message = Audio(sample_rate=SAMPLE_RATE, channels=1, samples=content)
    message.header.stamp = stamp
    return message


def to_messages(data: dict[str, Any], begin: Any, now: Any) -> dict[str, Any]:
    """Return a message of each modality for what the simulator has rendered.

    Args:
        data: As `Simulator.render` returns it, but touch is a picture of the pad.
        begin: Stamp of the call before, when events and sound begin.
        now: Stamp of this call.
    """
    return {
        "image": picture(data["image"], "rgb8", now),
        "text": String(data=data["text"][0]),
        "touch": picture(data["touch"], "rgb8", now),
        "thermal": picture(np.asarray(data["thermal"], np.float32), "32FC1", now),
        "event": event_message(data["event"], begin),
        "points": cloud_message(np.asarray(data["points"], np.float32), now),
        "audio": audio_message(np.asarray(data["audio"], np.int16), begin),
    }


class Received(NamedTuple):
    """A result of the perception node.

    Attributes:
        message: The recognition.
        complete: Whether all seven sensors were fresh and fused in it.
        latency: Seconds from its stamp, the newest of its sensors, to its arrival.
    """

    message: Recognition
    complete: bool
    latency: float


class Robot(Node):
    """Renders and publishes what seven sensors measure of an object, and receives the results."""

    def __init__(self, simulator: Simulator) -> None:
        """Create the publishers and subscriptions."""
        super().__init__("seven_senses_benchmark")
        self.simulator = simulator
        self.sensor_publishers = {
            name: self.create_publisher(load_type(modality.type), modality.topic, SENSOR)
            for name, modality in MODALITIES.items()
        }
        self.states: dict[str, Any] = {}
        self.results: list[Received] = []
        self.create_subscription(SensorStatusArray, "/perception/sensors", self._on_states, LATCHED)
        self.create_subscription(Recognition, "/perception/recognition", self._on_result, 10)
        first = simulator.render(self._orbit(0.0), 0.0, touching=True)
        self._free_pad = first["touch"][1]
        self._start: float | None = None
        self._last = 0.0

    def _on_states(self, message: SensorStatusArray) -> None:
        self.states = {sensor.name: sensor for sensor in message.sensors}

    def _on_result(self, message: Recognition) -> None:
        now = self.get_clock().now()
        fresh = all(
            name in self.states and self.states[name].state == SensorStatus.FRESH
            for name in MODALITIES
        )
        complete = fresh and set(message.sensors) == set(MODALITIES)
        latency = (now - Time.from_msg(message.header.stamp)).nanoseconds / 1e9
        self.results.append(Received(message, complete, latency))

    def _orbit(self, second: float) -> View:
        """Return the camera of a robot that drives around the object at half a metre a second."""
        model = self.simulator.subject.model
        size, middle = float(np.linalg.norm(model.size)), float(model.size[2]) / 2
        radius = 1.3 * size + 0.3
        angle = 0.5 / radius * second
        place = (radius * math.cos(angle), radius * math.sin(angle), middle + 0.3 * radius)
        return View(place, (0.0, 0.0, middle), 50.0)

    def subscribed(self) -> bool:
        """Return whether perception subscribes to all topics."""
        return all(each.get_subscription_count() for each in self.sensor_publishers.values())

    def publish_free_pad(self) -> None:
        """Publish a picture of the pad without contact."""
        stamp = self.get_clock().now().to_msg()
        self.sensor_publishers["touch"].publish(picture(self._free_pad, "rgb8", stamp))

    def step(self) -> float:
        """Render and publish once; return the seconds since the first time."""
        now = time.monotonic()
        if self._start is None:
            self._start = now - 0.1
        second = now - self._start
        pressed = second % PERIOD < PRESSED
        data = self.simulator.render(self._orbit(second), second, touching=pressed)
        data["touch"] = self._free_pad if data["touch"] is None else data["touch"][0]
        clock = self.get_clock().now()
        # The stamp is when rendering began, however long it took.
        taken = Time(nanoseconds=clock.nanoseconds - int((time.monotonic() - now) * 1e9))
        begin = Time(nanoseconds=taken.nanoseconds - int((second - self._last) * 1e9))
        self._last = second
        for name, message in to_messages(data, begin.to_msg(), taken.to_msg()).items():
            self.sensor_publishers[name].publish(message)
        return second
