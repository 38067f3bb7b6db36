"""Publishes ~/sensors: when a state changes, and at least once a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node

from omnibind_ros.runtime.presence import Presence
from omnibind_ros.runtime.sensor_state import SensorState
from omnibind_ros.sensors import Issue

from . import messages


class SensorStatusPublisher:
    """Publishes the states of the sensors, and logs each change of presence.

    A sensor that is not mentioned yet counts as ABSENT.
    """

    def __init__(self, node: Node, publisher: Any, ticks_per_second: float) -> None:
        """Create it.

        Args:
            node: Whose clock and logger to use.
            publisher: Of ~/sensors.
            ticks_per_second: How often `tick` is called.
        """
        self._node = node
        self._publisher = publisher
        self._ticks_per_second = ticks_per_second
        self._ticks = 0
        self._last: list[tuple[str, int, bool, tuple[Issue, ...]]] = []

    def tick(self, states: Sequence[SensorState]) -> None:
        """Publish the states if one has changed, or if the last time was a second ago."""
        self._ticks += 1
        # The numbers in a reason change all the time.
        summary = [(s.name, int(s.state), bool(s.reason), s.issues) for s in states]
        if summary == self._last and self._ticks < self._ticks_per_second:
            return
        before = {name: presence for name, presence, *_ in self._last}
        for state in states:
            if before.get(state.name, int(Presence.ABSENT)) != int(state.state):
                self._node.get_logger().info(f"sensor '{state.name}' is {state.state.name}")
        self._publisher.publish(messages.sensors(states, self._node.get_clock().now().to_msg()))
        self._last = summary
        self._ticks = 0
