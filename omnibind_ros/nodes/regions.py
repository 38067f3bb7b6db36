"""The topic ~/roi: which part of a sensor's pictures is encoded."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode

from omnibind_msgs.msg import SensorRoi
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.stamps import to_nanoseconds
from omnibind_ros.sensors.region import Box


def subscribe_to_regions(node: LifecycleNode, engine: Engine) -> Any:
    """Pass the regions of ~/roi to an engine.

    Args:
        node: The node.
        engine: Has the sensors.

    Returns:
        The subscription.
    """

    def take(message: SensorRoi) -> None:
        roi = message.roi
        box = Box(roi.x_offset, roi.y_offset, roi.width, roi.height) if roi.width else None
        engine.set_region(message.sensor, box, to_nanoseconds(message.header.stamp))

    return node.create_subscription(SensorRoi, "~/roi", take, 10)
