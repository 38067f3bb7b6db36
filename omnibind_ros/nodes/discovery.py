"""Adopts topics of known types that appear, and lets go of those that stay away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from omnibind_ros.config import ParameterError
from omnibind_ros.runtime.discovery import match, sensor_name

from .parameters import Parameters
from .sensor_set import SensorSet

if TYPE_CHECKING:
    from .sensing_node import SensingNode

LET_GO = 60.0
"""Seconds without a publisher after which an adopted topic is forgotten."""


class Discovery:
    """Looks at the graph of topics from time to time."""

    def __init__(
        self, node: SensingNode[Any], parameters: Parameters[Any], sensors: SensorSet
    ) -> None:
        """Create it; `look` looks.

        Args:
            node: Whose graph to look at.
            parameters: Get what was adopted.
            sensors: What there is already.
        """
        self._node = node
        self._parameters = parameters
        self._sensors = sensors
        self._seen: dict[str, tuple[str, float]] = {}
        """By adopted sensor: its topic, and when it last had a publisher (monotonic, s)."""

    def look(self) -> None:
        """Adopt and let go."""
        now = time.monotonic()
        own = self._node.get_fully_qualified_name() + "/"
        # Also those whose encoder is still being loaded, or that could not be subscribed to.
        used = self._sensors.topics().union(topic for topic, _ in self._seen.values())
        there = {
            topic: types
            for topic, types in self._node.get_topic_names_and_types()
            if not topic.startswith(own) and self._node.count_publishers(topic)
        }
        for topic, types in there.items():
            # The compressed twin of a picture topic that is there itself adds nothing.
            if topic not in used and topic.rpartition("/")[0] not in {*used, *there}:
                self._adopt(topic, types, now)
        for name, (topic, when) in list(self._seen.items()):
            if topic in there:
                self._seen[name] = (topic, now)
            elif now - when > LET_GO or name not in self._parameters.config.sensors:
                del self._seen[name]
                if name in self._parameters.config.sensors:
                    self._parameters.remove_sensor(name)
                    self._node.get_logger().info(f"{topic} is gone; sensor '{name}' was removed")

    def _adopt(self, topic: str, types: list[str], now: float) -> None:
        for message in types:
            kind = match(topic, message, self._parameters.sensor_types)
            if kind is None:
                continue
            name = sensor_name(topic, self._parameters.config.sensors)
            values = {"modality": kind.modality, "topic": topic, "type": message}
            try:
                self._parameters.set_sensor(name, values)
            except ParameterError as error:
                self._node.get_logger().warning(f"{topic} was not adopted: {error}")
                return
            self._seen[name] = (topic, now)
            self._node.get_logger().info(f"{topic} is there; sensor '{name}' ({kind.modality})")
            return
