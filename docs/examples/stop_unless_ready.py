"""Publishes std_msgs/Bool: true (stop) unless a perception node is ready, 10 times a second.

It is a lock for twist_mux, see docs/how-to/ready.md. Run it in a shell after `source env.sh`;
Ctrl+C ends it. Arguments of ROS may follow, as `--ros-args -r stop:=/base/stop`.
"""

import argparse
import contextlib
import sys
import time

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Bool

from omnibind_msgs.msg import Ready

TOO_OLD = 1.0
"""Seconds; the node publishes ~/ready more than twice a second as long as it lives."""


class StopUnlessReady(Node):
    """Says stop while the node says no, and when it says nothing."""

    def __init__(self, perception: str = "/perception") -> None:
        """Subscribe, and publish from now on.

        Args:
            perception: Full name of the perception node.
        """
        super().__init__("stop_unless_ready")
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Ready, f"{perception}/ready", self.on_ready, latched)
        self.publisher = self.create_publisher(Bool, "stop", 1)
        self.create_timer(0.1, self.publish)
        self.reasons = ["the perception node has said nothing yet"]
        self.heard_at = time.monotonic()

    def on_ready(self, msg: Ready) -> None:
        """Keep the verdict, with the time of its arrival."""
        self.reasons = [] if msg.ready else list(msg.reasons)
        self.heard_at = time.monotonic()

    def publish(self) -> None:
        """Publish whether to stop, and log why."""
        reasons = self.reasons
        if time.monotonic() - self.heard_at > TOO_OLD:
            reasons = ["the perception node says nothing; is it running?"]
        if reasons:
            self.get_logger().info(f"stop: {'; '.join(reasons)}", throttle_duration_sec=1.0)
        self.publisher.publish(Bool(data=bool(reasons)))


def main() -> None:
    """Read the command line, and run until Ctrl+C."""
    parser = argparse.ArgumentParser(
        description="Publishes true on the topic stop unless a perception node is ready."
    )
    parser.add_argument("--node", default="/perception", help="the perception node (/perception)")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(StopUnlessReady(options.node))


if __name__ == "__main__":
    main()
