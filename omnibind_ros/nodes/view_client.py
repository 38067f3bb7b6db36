"""The node of the page `omnibind view`: it hears a perception node and a simulated robot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from omnibind_msgs.msg import FusedEmbedding, Recognition, SensorStatusArray
from omnibind_ros.demo.page.state import OFF, ResultView, SensorView, ViewState
from omnibind_ros.demo.page.tiles import Tiles
from omnibind_ros.runtime.callback_errors import CallbackErrors
from omnibind_ros.runtime.sensor_state import switched_off

from .client_thread import client_in_thread
from .executor_queue import ExecutorQueue
from .view_calls import ServiceCalls
from .view_options import SensorOptions
from .view_robot import RosRobot
from .view_topics import SensorTopics

# Best effort matches reliable and best-effort publishers.
NEWEST = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

LOOK = 0.5
"""Seconds between two looks at which topics there are."""


class ViewClient(Node):
    """Records what a perception node publishes, and the newest messages of its sensors.

    Attributes:
        errors: Exceptions in callbacks.
        robot: Takes the requests of the page.
    """

    def __init__(self, perception: str, simulator: str, state: ViewState, tiles: Tiles) -> None:
        """Subscribe.

        Args:
            perception: Full name of the perception node.
            simulator: Full name of the simulated robot's node, which need not be there.
            state: Gets what is published.
            tiles: Gets the messages of the sensors.
        """
        super().__init__("view", start_parameter_services=False)
        self.errors = CallbackErrors(self.get_logger())
        self.queue = ExecutorQueue(self, self.errors)
        self._state = state
        self._topics = SensorTopics(self, state, tiles)
        calls = ServiceCalls(self, self.queue)
        self._options = SensorOptions(calls, perception, tiles)
        self.robot = RosRobot(self, self.queue, calls, perception, simulator, state)
        for type_, topic, callback, qos in (
            (Recognition, f"{perception}/recognition", self._on_recognition, NEWEST),
            (FusedEmbedding, f"{perception}/embedding", self._on_embedding, NEWEST),
            (SensorStatusArray, f"{perception}/sensors", self._on_sensors, LATCHED),
            (String, f"{simulator}/label", self._on_truth, LATCHED),
        ):
            self.create_subscription(type_, topic, callback, qos)
        self.create_timer(LOOK, self._look)

    def _look(self) -> None:
        self._topics.look()
        self._options.look(self._topics.options())
        self.robot.look()

    def _on_recognition(self, message: Any) -> None:
        stamp = message.header.stamp
        sent = stamp.sec * 1_000_000_000 + stamp.nanosec
        self._state.on_result(
            time.monotonic(),
            (self.get_clock().now().nanoseconds - sent) * 1e-9,
            ResultView(
                labels=tuple(message.labels),
                probabilities=tuple(map(float, message.probabilities)),
                unknown=message.unknown,
                known=message.known,
                since=message.since,
                category=message.category,
                category_probability=message.category_probability,
                contradicting=tuple(message.contradicting),
            ),
        )

    def _on_embedding(self, message: Any) -> None:
        self._state.on_weights(dict(zip(message.sensors, message.weights, strict=False)))

    def _on_sensors(self, message: Any) -> None:
        self._state.on_sensors(
            time.monotonic(),
            [
                SensorView(
                    name=status.name,
                    modality=status.modality,
                    topic=status.topic,
                    state=OFF if status.reason == switched_off(status.name) else status.state,
                    rate=status.rate,
                    age=status.age,
                    latency=status.latency,
                    received=status.received,
                    rejected=status.rejected,
                    reason=status.reason,
                )
                for status in message.sensors
            ],
        )

    def _on_truth(self, message: Any) -> None:
        self._state.on_truth(message.data)


@contextmanager
def connect(perception: str, simulator: str, state: ViewState, tiles: Tiles) -> Iterator[RosRobot]:
    """Run a `ViewClient` in a thread of its own until the with statement ends.

    Args:
        perception: See `ViewClient`.
        simulator: Likewise.
        state: Likewise.
        tiles: Likewise.

    Yields:
        What takes the requests of the page.
    """
    with client_in_thread(lambda: ViewClient(perception, simulator, state, tiles)) as client:
        yield client.robot
