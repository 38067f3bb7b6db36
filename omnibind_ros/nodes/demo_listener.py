"""Listens to everything that perception and the picture camera publish, for the demo."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool, String, UInt64

from omnibind_msgs.msg import FusedEmbedding, Recognition, SensorStatusArray
from omnibind_ros.demo.record import DemoRecord, Labels, SensorRow

# Best effort, so that it hears reliable and best-effort publishers alike.
RESULT_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class DemoListener(Node):
    """Writes down what it hears, and types sentences."""

    def __init__(self, record: DemoRecord) -> None:
        """Subscribe.

        Args:
            record: Where to write it down.
        """
        super().__init__("demo_listener")
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

    def say(self, sentence: str) -> None:
        """Publish a sentence as if somebody had typed it."""
        self._text.publish(String(data=sentence))

    def _on_recognition(self, message: Any) -> None:
        stamp = message.header.stamp
        sent = stamp.sec * 1_000_000_000 + stamp.nanosec
        latency = (self.get_clock().now().nanoseconds - sent) * 1e-9
        self._record.on_result(
            time.monotonic(),
            latency,
            Labels(
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
