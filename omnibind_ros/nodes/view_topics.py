"""Subscriptions of the page to the sensors' own topics: messages as bytes, the newest alone."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message

from omnibind_ros.demo.page.state import SensorView, ViewState
from omnibind_ros.demo.page.tiles import Tiles

from .subscriptions import load_type

QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Matches all publishers. Bursts of small messages, such as sound, need a few places."""


class SensorTopics:
    """Subscribes to the topics that the perception node's sensors name.

    A message is kept as bytes: it is read only when a browser wants a picture of it. All is done in
    the executor's thread.
    """

    def __init__(self, node: Node, state: ViewState, tiles: Tiles) -> None:
        """Create it without subscriptions.

        Args:
            node: Has the subscriptions.
            state: Names the sensors, and gets the times of their messages.
            tiles: Get the messages.
        """
        self._node = node
        self._state = state
        self._tiles = tiles
        self._subscriptions: dict[str, tuple[str, str, Any]] = {}
        """Topic, type and subscription by sensor."""

    def look(self) -> None:
        """Subscribe to what there is now, and no longer to what the node does not name."""
        sensors = {each.name: each for each in self._state.sensors}
        for name in set(self._subscriptions) - set(sensors):
            self._close(name)
        if not sensors:
            return
        types = dict(self._node.get_topic_names_and_types())
        for name, sensor in sensors.items():
            known = self._subscriptions.get(name)
            there = types.get(sensor.topic, [])
            if known and known[0] == sensor.topic and (known[1] in there or not there):
                continue
            kind = next((one for one in there if self._tiles.knows(sensor.modality, one)), "")
            if kind:
                if known:
                    self._close(name)
                self._open(sensor, kind)

    def options(self) -> dict[str, type]:
        """Return the dataclass of the options of each sensor that is subscribed to."""
        known = {each.name: each.modality for each in self._state.sensors}
        return {
            name: self._tiles.options_of(known[name], kind)
            for name, (_, kind, _) in self._subscriptions.items()
            if name in known
        }

    def _open(self, sensor: SensorView, kind: str) -> None:
        try:
            message = load_type(kind)
        except ValueError as error:
            self._node.get_logger().warning(str(error), once=True)
            return
        self._tiles.open(
            sensor.name, sensor.modality, kind, lambda data: deserialize_message(data, message)
        )
        subscription = self._node.create_subscription(
            message, sensor.topic, self._receiver(sensor.name, message), QOS, raw=True
        )
        self._subscriptions[sensor.name] = (sensor.topic, kind, subscription)

    def _receiver(self, name: str, message: Any) -> Callable[[bytes], None]:
        stamped = has_header(message)

        def receive(data: bytes) -> None:
            self._tiles.offer(name, data)
            stamp = read_stamp(data) if stamped else 0.0
            self._state.on_message(time.monotonic(), name, stamp or time.time())

        return receive

    def _close(self, name: str) -> None:
        self._node.destroy_subscription(self._subscriptions.pop(name)[2])
        self._tiles.close(name)


def has_header(message: Any) -> bool:
    """Return whether the messages of a class begin with a std_msgs/Header."""
    first = next(iter(message.get_fields_and_field_types().items()), ("", ""))
    return first[1] == "std_msgs/Header"


def read_stamp(data: bytes) -> float:
    """Return the stamp of a serialised message that begins with a std_msgs/Header, seconds.

    The format is CDR: four bytes, the second of which says the byte order, then int32 seconds and
    uint32 nanoseconds (OMG RTPS 2.5, 10.2).

    Returns:
        The stamp; 0 if the message is too short.
    """
    if len(data) < 12:
        return 0.0
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return float(seconds + nanoseconds * 1e-9)
