"""Prints the best label of each recognition, once a second.

Run it in a shell after `source env.sh`; Ctrl+C ends it.
"""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from omnibind_msgs.msg import Recognition


class PrintLabels(Node):
    """Listens to /perception/recognition."""

    def __init__(self) -> None:
        """Subscribe."""
        super().__init__("print_labels")
        self.create_subscription(Recognition, "/perception/recognition", self.on_recognition, 1)

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
    """Run until Ctrl+C."""
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(PrintLabels())


if __name__ == "__main__":
    main()
