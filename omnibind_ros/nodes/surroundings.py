"""Asks ROS what is wrong around a node, once a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rclpy.node import Node

from omnibind_ros.runtime.middleware import how_not_to_lose
from omnibind_ros.runtime.parameter_files import why_unreached
from omnibind_ros.runtime.surroundings import SameNames, SimulatedTime


class Surroundings:
    """What is wrong around a node: parameter files, clock, nodes of one name.

    Attributes:
        problems: One sentence each, from the last `update`.
    """

    def __init__(self, node: Node) -> None:
        """Create it.

        Args:
            node: The node; its logger gets each problem when it arises.
        """
        self._node = node
        self._time = SimulatedTime(time.monotonic())
        self._names = SameNames()
        self._files: list[str] = []
        self.problems: Sequence[str] = ()

    def set_command_line(self, arguments: Sequence[str] | None) -> None:
        """Look at the parameter files on the node's command line; None for this process's own."""
        self._files = unreached_files(self._node, arguments)
        self.update()

    def update(self) -> None:
        """Look again."""
        now, clock = time.monotonic(), self._node.get_clock()
        stands = self._time.problem(clock.ros_time_is_active, clock.now().nanoseconds, now)
        names = [
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self._node.get_node_names_and_namespaces()
        ]
        same = self._names.problems(names, self._node.get_fully_qualified_name(), now)
        found = [*self._files, *([stands] if stands else []), *same]
        for problem in found:
            if problem not in self.problems:
                self._node.get_logger().warning(problem)
        self.problems = found


def unreached_files(node: Node, arguments: Sequence[str] | None) -> list[str]:
    """Return one sentence for each parameter file on the command line without a key for a node.

    Args:
        node: The node.
        arguments: The command line; None for this process's own.
    """
    line = sys.argv if arguments is None else arguments
    return why_unreached(line, node.get_fully_qualified_name())


def large_message_advice() -> str:
    """Return what to do so that large messages are not lost, for `TopicWatch`."""
    try:
        share = get_package_share_directory("omnibind_ros")
    except PackageNotFoundError:  # run from the source tree
        share = ""
    return how_not_to_lose(
        rclpy.get_rmw_implementation_identifier(),
        os.environ,
        str(Path(share, "config", "fastdds.xml")),
    )
