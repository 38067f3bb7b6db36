"""Subscriptions of the sensors, and how many publishers each has."""

from __future__ import annotations

import importlib
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_policy_name_from_kind,
)

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.losses import Loss, Losses
from omnibind_ros.runtime.silence import (
    RELIABLE,
    TRANSIENT_LOCAL,
    VOLATILE,
    Alternation,
    Endpoint,
    Wanted,
    fits,
    wanted_durability,
)
from omnibind_ros.runtime.stamps import to_nanoseconds
from omnibind_ros.sensors.registry import normalise_type

from .graph import TopicGraph
from .rclpy_features import (
    HAS_MATCHED_EVENTS,
    SubscriptionEventCallbacks,
    UnsupportedEventTypeError,
    with_message_info,
)

HISTORY = 1.0
"""Seconds after a publisher is connected in which the messages arrive that it has kept."""


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


def resolved_topic(node: LifecycleNode, topic: str) -> str:
    """Return the full name of a topic, after remapping rules.

    Raises:
        ValueError: The name is not allowed; the text is one sentence.
    """
    try:
        return str(node.resolve_topic_name(topic))
    except Exception as error:  # rclpy has several for a name that is not allowed
        raise _refused(topic, error) from error


def _refused(topic: str, error: Exception) -> ValueError:
    return ValueError(f"topic '{topic}' cannot be subscribed to ({error}); set another topic")


def message_size(message: Any) -> int:
    """Return about how many bytes a message has: those of its arrays and texts."""
    size = 0
    for field in message.get_fields_and_field_types():
        value = getattr(message, field)
        if isinstance(value, (bytes, str)):
            size += len(value)
        elif hasattr(value, "itemsize"):  # array.array and numpy.ndarray
            size += len(value) * value.itemsize
    return size


class SensorSubscription:
    """Passes the messages of one sensor's topic to the engine.

    Attributes:
        topic: The resolved name of the topic.
        kept_for: Seconds that the newest message had been kept by its publisher; 0 if it was not.
        policy: QoS policy that DDS has named as incompatible last; empty if it has named none.
    """

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
        self._graph = TopicGraph(node)
        self._engine = engine
        self._channel = channel
        self._polled = not (matched_events and HAS_MATCHED_EVENTS)
        self._durability = VOLATILE
        self._received_at = time.monotonic()
        self._history_until = 0.0
        self._connected = 0
        self._alternation = Alternation()
        self._losses = Losses()
        self._arrived: deque[int] = deque(maxlen=64)
        self.kept_for = 0.0
        self.policy = ""
        self._type = load_type(channel.config.type)
        self._subscription = self._subscribe()
        self.topic = str(self._subscription.topic_name)
        self._forget_publishers()

    def poll(self) -> None:
        """Count the publishers in the graph, unless matched events report them."""
        if self._polled:
            wanted = self.wanted()
            count = self._node.count_publishers(self.topic)
            if count:  # also those of another type or QoS
                count = sum(fits(other, wanted) for other in self._graph.endpoints(self.topic))
            self._set_publishers(count)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    # See `WatchedSubscription`

    def wanted(self) -> Wanted:
        """Return what is subscribed to."""
        config, decoder = self._channel.config, self._channel.decoder
        return Wanted(
            sensor=self._channel.name,
            topic=self.topic,
            type=normalise_type(config.type),
            reliability=self._reliability,
            durability=self._durability,
            single=decoder is not None and decoder.single,
        )

    def silent_for(self, now: float) -> float:
        """Return the seconds since the newest message, or since the subscription."""
        return now - self._received_at

    def alternates(self, now: float) -> bool:
        """Return whether the messages of several publishers arrive by turns."""
        return self._alternation.detected(now)

    def loss(self, now: float) -> Loss | None:
        """Return how many messages were lost on the way; None if it is not worth a report."""
        return self._losses.current(now)

    def adapt(self, endpoints: Sequence[Endpoint]) -> None:
        """Subscribe anew if the publishers on the topic let another durability be asked for."""
        durability = wanted_durability(endpoints, self.wanted())
        if durability != self._durability:
            self._durability = durability
            old, self._subscription = self._subscription, self._subscribe()
            self._node.destroy_subscription(old)
            self._forget_publishers()

    @property
    def _reliability(self) -> str:
        # Best effort would get none of the messages that a publisher has kept.
        return RELIABLE if self._durability == TRANSIENT_LOCAL else self._channel.config.reliability

    def _subscribe(self) -> Any:
        config = self._channel.config
        qos = QoSProfile(
            reliability=(
                ReliabilityPolicy.RELIABLE
                if self._reliability == RELIABLE
                else ReliabilityPolicy.BEST_EFFORT
            ),
            durability=(
                DurabilityPolicy.TRANSIENT_LOCAL
                if self._durability == TRANSIENT_LOCAL
                else DurabilityPolicy.VOLATILE
            ),
            history=HistoryPolicy.KEEP_LAST,
            depth=config.depth,
        )
        # Instead of rclpy's own callbacks, which log each of them.
        callbacks: dict[str, Any] = {
            "incompatible_qos": self._on_incompatible_qos,
            "message_lost": self._on_message_lost,
        }
        if HAS_MATCHED_EVENTS:
            callbacks["incompatible_type"] = lambda _info: None  # the graph tells which one
        if not self._polled:
            callbacks["matched"] = self._on_matched
        try:
            try:
                return self._create(qos, callbacks)
            except UnsupportedEventTypeError:  # a DDS that reports no loss
                del callbacks["message_lost"]
                return self._create(qos, callbacks)
        except Exception as error:  # rclpy has several for a topic name that is not allowed
            raise _refused(config.topic, error) from error

    def _create(self, qos: QoSProfile, callbacks: Mapping[str, Any]) -> Any:
        return self._node.create_subscription(
            self._type,
            self._channel.config.topic,
            with_message_info(self._on_message),
            qos,
            event_callbacks=SubscriptionEventCallbacks(**callbacks),
        )

    def _forget_publishers(self) -> None:
        self._connected = 0
        self._history_until = time.monotonic() + HISTORY
        if self._polled:
            self.poll()
        else:
            # The graph also counts publishers whose QoS does not match; no event tells when one
            # of those ends.
            self._set_publishers(0)

    def _set_publishers(self, count: int) -> None:
        if count > self._connected:
            self._history_until = time.monotonic() + HISTORY
        if count != self._connected:
            self._losses.forget()
        self._connected = count
        self._engine.set_publishers(self._channel.name, count)

    def _on_matched(self, info: Any) -> None:
        self._set_publishers(info.current_count)

    def _on_incompatible_qos(self, info: Any) -> None:
        self.policy = qos_policy_name_from_kind(info.last_policy_kind).lower()

    def _on_message_lost(self, info: Any) -> None:
        self._losses.lost(info.total_count_change, time.monotonic())

    def _on_message(self, message: Any, info: Mapping[str, Any]) -> None:
        now = time.monotonic()
        published_ns = info.get("source_timestamp") or 0
        kept = self._durability == TRANSIENT_LOCAL and now <= self._history_until
        if kept and published_ns and published_ns in self._arrived:
            return  # it was received before this subscription replaced another one
        self._arrived.append(published_ns)
        self._received_at = now
        self._losses.message(now)
        if self._losses.size_wanted:
            self._losses.set_size(message_size(message))
        self._alternation.message(info.get("publication_sequence_number") or 0, now)
        # Otherwise the publisher's clock is not used, as it may be another computer's.
        self.kept_for = (
            max((time.time_ns() - published_ns) * 1e-9, 0.0) if kept and published_ns else 0.0
        )
        header = getattr(message, "header", None)
        self._engine.offer(
            self._channel.name,
            message,
            to_nanoseconds(header.stamp) if header is not None else None,
            header.frame_id if header is not None else "",
            self.kept_for,
        )
