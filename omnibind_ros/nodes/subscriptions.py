"""Subscriptions of the sensors, and how many publishers each has."""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.engine import Engine

from .messages import to_nanoseconds

try:  # Humble has no matched events
    from rclpy.event_handler import (
        QoSSubscriptionMatchedInfo,  # noqa: F401
        SubscriptionEventCallbacks,
    )

    HAS_MATCHED_EVENTS = True
except ImportError:
    HAS_MATCHED_EVENTS = False


def load_type(name: str) -> Any:
    """Return the class of a message type such as `sensor_msgs/msg/Image`.

    Raises:
        ValueError: The type's package is not installed; the text is one sentence.
    """
    package, _, rest = name.partition("/")
    try:
        module = importlib.import_module(f"{package}.msg")
        return getattr(module, rest.rpartition("/")[2])
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"message type {name} is not installed; install the package {package}"
        ) from error


class SensorSubscription:
    """Passes the messages of one sensor's topic to the engine."""

    def __init__(
        self,
        node: LifecycleNode,
        engine: Engine,
        channel: Channel,
        matched_events: bool,
    ) -> None:
        """Subscribe.

        Args:
            node: The node.
            engine: Gets the messages and the number of publishers.
            channel: The sensor's channel; the sensor may be renamed meanwhile.
            matched_events: Use matched events if ROS has them; otherwise `poll` counts publishers.

        Raises:
            ValueError: The message type is not installed, or the topic's name is not allowed; the
                text is one sentence.
        """
        self._node = node
        self._engine = engine
        self._channel = channel
        self._polled = not (matched_events and HAS_MATCHED_EVENTS)
        self._subscription = self._subscribe(load_type(channel.config.type))
        self.topic = str(self._subscription.topic_name)
        if self._polled:
            self.poll()
        else:
            # The graph also counts publishers whose QoS does not match; no event tells when one
            # of those ends.
            engine.set_publishers(channel.name, 0)

    def poll(self) -> None:
        """Count the publishers in the graph, unless matched events report them."""
        if self._polled:
            count = self._node.count_publishers(self.topic)
            self._engine.set_publishers(self._channel.name, count)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _subscribe(self, message_type: Any) -> Any:
        config = self._channel.config
        reliability = (
            ReliabilityPolicy.RELIABLE
            if config.reliability == "reliable"
            else ReliabilityPolicy.BEST_EFFORT
        )
        qos = QoSProfile(
            reliability=reliability, history=HistoryPolicy.KEEP_LAST, depth=config.depth
        )
        options: dict[str, Any] = {}
        if not self._polled:
            options["event_callbacks"] = SubscriptionEventCallbacks(matched=self._on_matched)
        try:
            return self._node.create_subscription(
                message_type, config.topic, self._on_message, qos, **options
            )
        except Exception as error:  # rclpy has several for a topic name that is not allowed
            raise ValueError(
                f"topic '{config.topic}' cannot be subscribed to ({error}); set another topic"
            ) from error

    def _on_matched(self, info: Any) -> None:
        self._engine.set_publishers(self._channel.name, info.current_count)

    def _on_message(self, message: Any) -> None:
        header = getattr(message, "header", None)
        self._engine.offer(
            self._channel.name,
            message,
            to_nanoseconds(header.stamp) if header is not None else None,
            header.frame_id if header is not None else "",
        )
