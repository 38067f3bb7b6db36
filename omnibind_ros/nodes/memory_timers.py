"""Gives a node's free memory back: at regular times, and after a cleanup."""

from __future__ import annotations

from rclpy.clock import Clock
from rclpy.node import Node

from omnibind_ros.runtime.memory import give_back_memory, return_free_pages

PERIOD = 10.0
"""Seconds after which free pages are returned."""

LATER = 0.2
"""Seconds after a cleanup in which the executor lets go of what was destroyed."""


class MemoryTimers:
    """Timers in a node's executor that give memory back."""

    def __init__(self, node: Node, clock: Clock) -> None:
        """Start to return free pages.

        Args:
            node: The node.
            clock: A clock that never stands.
        """
        self._node = node
        self._clock = clock
        node.create_timer(PERIOD, return_free_pages, clock=clock)

    def released(self) -> None:
        """Free what was released, now and once more a moment later.

        Until its present callbacks have ended, the executor holds what they have destroyed, and
        with its callbacks the engine and the bundle.
        """

        def once() -> None:
            self._node.destroy_timer(timer)
            give_back_memory()

        give_back_memory()
        timer = self._node.create_timer(LATER, once, clock=self._clock)
