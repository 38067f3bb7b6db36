"""Publishes ~/teaching: what was taught, and from which time it was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from omnibind_msgs.msg import Teaching

QOS = QoSProfile(depth=100)


class TeachingPublisher:
    """Publishes each enrolment and each change of labels, also while the node is inactive."""

    def __init__(self, node: Node) -> None:
        """Create the publisher.

        Args:
            node: The node; its clock gives the stamps.
        """
        self._clock = node.get_clock()
        # No lifecycle publisher: labels may be changed before the node is activated.
        self._publisher = node.create_publisher(Teaching, "~/teaching", QOS)

    def now(self) -> Time:
        """Return the time by the node's clock."""
        return self._clock.now().to_msg()

    def enrolled(
        self, label: str, object_name: str, sensors: Sequence[str], start: Time, end: Time
    ) -> None:
        """Tell that a label was learned from what sensors showed from start to end."""
        self._publish(
            action=Teaching.ENROLL,
            label=label,
            object=object_name,
            sensors=list(sensors),
            start=start,
            end=end,
        )

    def deleted(self, label: str) -> None:
        """Tell that a label was deleted."""
        self._publish(action=Teaching.DELETE, label=label)

    def renamed(self, label: str, new_label: str) -> None:
        """Tell that a label has another name."""
        self._publish(action=Teaching.RENAME, label=label, new_label=new_label)

    def labels_set(self, labels: Sequence[str]) -> None:
        """Tell that the label bank was replaced."""
        self._publish(action=Teaching.SET_LABELS, labels=list(labels))

    def _publish(self, **fields: Any) -> None:
        self._publisher.publish(Teaching(header=Header(stamp=self.now()), **fields))
