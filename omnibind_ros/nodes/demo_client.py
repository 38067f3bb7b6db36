"""The demo's node: records what perception and the picture camera publish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool, String, UInt64

from omnibind_msgs.msg import FusedEmbedding, Recognition, SensorStatusArray
from omnibind_ros.demo.record import DemoRecord, LabelRow, SensorRow
from omnibind_ros.runtime.callback_errors import CallbackErrors

from .client_thread import client_in_thread

# Best effort matches reliable and best-effort publishers.
RESULT_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class DemoClient(Node):
    """Records messages, and publishes sentences."""

    def __init__(self, record: DemoRecord) -> None:
        """Subscribe.

        Args:
            record: Gets what is published.
        """
        super().__init__("demo_client")
        self.errors = CallbackErrors(self.get_logger())
        self._record = record
        self._text = self.create_publisher(String, "text", 1)
        for type_, topic, callback, qos in (
            (Recognition, "perception/recognition", self._on_recognition, RESULT_QOS),
            (FusedEmbedding, "perception/embedding", self._on_embedding, RESULT_QOS),
            (SensorStatusArray, "perception/sensors", self._on_sensors, LATCHED_QOS),
            (String, "subject", self._on_subject, LATCHED_QOS),
            (Bool, "plugged", self._on_plugged, LATCHED_QOS),
            (UInt64, "published", self._on_published, LATCHED_QOS),
        ):
            self.create_subscription(type_, topic, callback, qos)

    def publish_text(self, sentence: str) -> None:
        """Publish a sentence on the topic text."""
        self._text.publish(String(data=sentence))

    def _on_recognition(self, message: Any) -> None:
        stamp = message.header.stamp
        sent = stamp.sec * 1_000_000_000 + stamp.nanosec
        latency = (self.get_clock().now().nanoseconds - sent) * 1e-9
        self._record.on_result(
            time.monotonic(),
            latency,
            LabelRow(
                labels=tuple(message.labels),
                probabilities=tuple(message.probabilities),
                known=message.known,
                sensors=tuple(message.sensors),
                weights=tuple(message.weights),
            ),
        )

    def _on_embedding(self, message: Any) -> None:
        self._record.on_embedding(message.modalities, message.ages)

    def _on_sensors(self, message: Any) -> None:
        self._record.on_sensors(
            time.monotonic(),
            [
                SensorRow(
                    name=status.name,
                    modality=status.modality,
                    state=status.state,
                    rate=status.rate,
                    age=status.age,
                    latency=status.latency,
                    received=status.received,
                    encoded=status.encoded,
                    dropped=status.dropped,
                    rejected=status.rejected,
                    reason=status.reason,
                )
                for status in message.sensors
            ],
        )

    def _on_subject(self, message: Any) -> None:
        self._record.on_subject(time.monotonic(), message.data)

    def _on_plugged(self, message: Any) -> None:
        self._record.on_plugged(time.monotonic(), message.data)

    def _on_published(self, message: Any) -> None:
        self._record.on_published(message.data)


@contextmanager
def connect(record: DemoRecord) -> Iterator[DemoClient]:
    """Run a client in a thread of its own until the with statement ends.

    Args:
        record: Gets what is published.
    """
    with client_in_thread(lambda: DemoClient(record)) as client:
        yield client
