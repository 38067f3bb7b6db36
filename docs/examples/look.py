"""Shows once what a perception node publishes, where the command `ros2` or rviz is missing.

Run it in a shell after `source env.sh`:

    python3 docs/examples/look.py sensors              # state, rate, latency and reason of each
    python3 docs/examples/look.py recognition          # the labels and what each sensor contributed
    python3 docs/examples/look.py overlay --out o.png  # the camera's picture with the labels
    python3 docs/examples/look.py markers              # the texts for rviz, and where they are
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import Recognition, SensorStatusArray

STATES = ("ABSENT", "STALE", "FRESH", "FAULT")
ISSUES = (
    *("", "DELAYED", "CLOCK_OFFSET", "FROZEN", "UNIT_GUESSED", "AXES_GUESSED"),
    *("OUT_OF_DISTRIBUTION", "CONTRADICTING", "NO_MATCH"),
)


def sensors(message: SensorStatusArray, _out: Path) -> list[str]:
    """Return two or three lines for each sensor."""
    lines = []
    for sensor in message.sensors:
        lines += [
            f"{sensor.name} ({sensor.modality}, {sensor.topic}): {STATES[sensor.state]}",
            f"  {sensor.rate:.1f} messages/s, latency {sensor.latency:.3f} s, "
            f"{sensor.encoded} of {sensor.received} encoded, {sensor.rejected} rejected",
        ]
        issues = ", ".join(ISSUES[issue] if issue < len(ISSUES) else "?" for issue in sensor.issues)
        if sensor.reason:
            lines.append(f"  reason: {sensor.reason}" + (f" ({issues})" if issues else ""))
    return lines or ["the node has no sensors"]


def recognition(message: Recognition, _out: Path) -> list[str]:
    """Return a line for each label, and one for each sensor."""
    lines = [f"{'known' if message.known else 'unknown'} (unknown: {message.unknown:.2f})"]
    labels = zip(message.labels, message.probabilities, strict=True)
    members = zip(message.sensors, message.weights, strict=True)
    lines += [f"  {probability:.2f} {label}" for label, probability in labels]
    return lines + [f"  weight {weight:.2f} {sensor}" for sensor, weight in members]


def overlay(message: Image, out: Path) -> list[str]:
    """Write the picture, and return where it is."""
    rgb = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
    if out.suffix != ".png" or not cv2.imwrite(str(out), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)):
        raise ValueError(f"{out} cannot be written; give --out the name of a .png in a folder")
    return [f"{out}: {message.width} x {message.height} pixels"]


def markers(message: MarkerArray, _out: Path) -> list[str]:
    """Return a line for each text."""
    return [
        f"'{marker.text}' in the frame '{marker.header.frame_id}' at "
        f"({marker.pose.position.x:.2f}, {marker.pose.position.y:.2f}, "
        f"{marker.pose.position.z:.2f}) m"
        for marker in message.markers
        if marker.text
    ] or ["there is no text"]


SHOWN: dict[str, tuple[type, Callable[[Any, Path], list[str]]]] = {
    "sensors": (SensorStatusArray, sensors),
    "recognition": (Recognition, recognition),
    "overlay": (Image, overlay),
    "markers": (MarkerArray, markers),
}


def look(node_name: str, what: str, out: Path, timeout: float) -> list[str]:
    """Wait for one message and return what it says.

    Args:
        node_name: Full name of the perception node.
        what: A key of `SHOWN`, the last part of the topic's name.
        out: Where a picture is written.
        timeout: Seconds.

    Raises:
        ValueError: None came, or the picture cannot be written; the text is one sentence.
    """
    kind, show = SHOWN[what]
    topic = f"{node_name}/{what}"
    node = rclpy.create_node("look")
    messages: list[Any] = []
    keeps = DurabilityPolicy.TRANSIENT_LOCAL if what == "sensors" else DurabilityPolicy.VOLATILE
    node.create_subscription(kind, topic, messages.append, QoSProfile(depth=1, durability=keeps))
    end = time.monotonic() + timeout
    try:
        while not messages:
            if time.monotonic() > end:
                break
            rclpy.spin_once(node, timeout_sec=0.2)
        publishers = node.count_publishers(topic)
    finally:
        node.destroy_node()
    if messages:
        return show(messages[0], out)
    if publishers:
        raise ValueError(
            f"nothing came on {topic} within {timeout:g} s, as no sensor gives a result; run "
            "`look.py sensors` to see why"
        )
    raise ValueError(
        f"no node publishes {topic}; start the perception node, and give its name by --node and "
        "its ROS_DOMAIN_ID"
    )


def main() -> int:
    """Read the command line, show what was asked for, and return the exit status."""
    parser = argparse.ArgumentParser(description="Shows once what a perception node publishes.")
    parser.add_argument("what", choices=SHOWN, help="what to show")
    parser.add_argument("--node", default="/perception", help="the perception node (/perception)")
    parser.add_argument(
        "--out", type=Path, default=Path("overlay.png"), help="file of the overlay (overlay.png)"
    )
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="(30)")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    try:
        print("\n".join(look(options.node, options.what, options.out, options.timeout)))
    except ValueError as error:
        print(f"look.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
