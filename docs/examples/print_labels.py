"""Prints the best label of each recognition, once a second.

Run it in a shell after `source env.sh`; Ctrl+C ends it. `--node NAME` listens to a node of another
name, and arguments of ROS may follow, as `--ros-args -r __node:=listener`.
"""

import argparse
import contextlib
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from omnibind_msgs.msg import Recognition


class PrintLabels(Node):
    """Listens to the recognitions of a perception node."""

    def __init__(self, perception: str = "/perception") -> None:
        """Subscribe.

        Args:
            perception: Full name of the perception node.
        """
        super().__init__("print_labels")
        topic = f"{perception}/recognition"
        self.create_subscription(Recognition, topic, self.on_recognition, 1)

    def on_recognition(self, msg: Recognition) -> None:
        """Print the three most probable labels and what each sensor contributed."""
        labels = ", ".join(
            f"{label} {probability:.2f}"
            for label, probability in zip(msg.labels[:3], msg.probabilities, strict=False)
        )
        weights = ", ".join(
            f"{sensor} {weight:.2f}"
            for sensor, weight in zip(msg.sensors, msg.weights, strict=True)
        )
        known = "known" if msg.known else "unknown"
        self.get_logger().info(f"{known}: {labels} (weights: {weights})", throttle_duration_sec=1.0)


def main() -> None:
    """Read the command line, and run until Ctrl+C."""
    parser = argparse.ArgumentParser(
        description="Prints the best labels of each recognition, once a second; Ctrl+C ends it."
    )
    parser.add_argument("--node", default="/perception", help="the perception node (/perception)")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(PrintLabels(options.node))


if __name__ == "__main__":
    main()
