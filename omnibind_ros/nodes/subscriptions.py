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
    """Feeds one sensor of the engine from its topic."""

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
            channel: The sensor's; it may be renamed meanwhile.
            matched_events: Use them where ROS has them; else call `poll`.

        Raises:
            ValueError: The message type is not installed.
        """
        self._node = node
        self._engine = engine
        self._channel = channel
        config = channel.config
        self.polled = not (matched_events and HAS_MATCHED_EVENTS)
        reliability = (
            ReliabilityPolicy.RELIABLE
            if config.reliability == "reliable"
            else ReliabilityPolicy.BEST_EFFORT
        )
        options: dict[str, Any] = {}
        if not self.polled:
            options["event_callbacks"] = SubscriptionEventCallbacks(matched=self._on_matched)
        self.subscription = node.create_subscription(
            load_type(config.type),
            config.topic,
            self._on_message,
            QoSProfile(
                reliability=reliability, history=HistoryPolicy.KEEP_LAST, depth=config.depth
            ),
            **options,
        )
        self.topic = self.subscription.topic_name
        if self.polled:
            self.poll()
        else:
            # The graph counts publishers too that do not match, and of whose end no event tells.
            engine.set_publishers(channel.name, 0)

    def poll(self) -> None:
        """Ask the graph how many publishers there are."""
        self._engine.set_publishers(self._channel.name, self._node.count_publishers(self.topic))

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self.subscription)

    def _on_matched(self, info: Any) -> None:
        self._engine.set_publishers(self._channel.name, info.current_count)

    def _on_message(self, message: Any) -> None:
        header = getattr(message, "header", None)
        self._engine.offer(
            self._channel.name,
            message,
            to_nanoseconds(header.stamp) if header is not None else 0,
            header.frame_id if header is not None else "",
        )
