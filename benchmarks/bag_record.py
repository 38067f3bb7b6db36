"""How many messages of a camera `omnibind bag record` writes, and what that costs.

Usage: python3 benchmarks/bag_record.py [--size 640x480] [--rate 30] [--messages 300]

Publishes raw pictures in this process and records them in another one, once to each storage.
"""

from __future__ import annotations

import argparse
import array
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rclpy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from omnibind_ros.datasets.readers.bags.files import messages

TOPIC = "/bag_record_benchmark"


def publish(node: rclpy.node.Node, picture: Image, rate: float, count: int) -> None:
    """Publish a picture at a rate, once there is a subscription."""
    publisher = node.create_publisher(Image, TOPIC, QoSProfile(depth=10))
    while not publisher.get_subscription_count():
        time.sleep(0.05)
    started = time.monotonic()
    for number in range(count):
        picture.header.stamp.sec = number
        publisher.publish(picture)
        time.sleep(max(started + (number + 1) / rate - time.monotonic(), 0.0))
    time.sleep(2.0)
    node.destroy_publisher(publisher)


def main() -> int:
    """Measure both storages, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--messages", type=int, default=300)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    noise = np.random.default_rng(0).integers(0, 256, width * height * 3, np.uint8)
    picture = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    picture.data = array.array("B", noise.tobytes())
    rclpy.init()
    node = rclpy.create_node("bag_record_benchmark")
    for storage in ("mcap", "sqlite3"):
        with tempfile.TemporaryDirectory() as name:
            bag, before = Path(name, "bag"), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "omnibind_ros.cli", "bag", "record", "--topics", TOPIC]
            recorder = subprocess.Popen(
                [*command, "--storage", storage, "--out", str(bag)], stdout=subprocess.PIPE
            )
            publish(node, picture, options.rate, options.messages)
            recorder.terminate()
            said = recorder.communicate()[0].decode()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            written = sum(1 for _ in messages(bag, [TOPIC]))
            print(f"{storage}: {written} of {options.messages}, {used:.1f} s of processor")
            print("".join(f"  {line}\n" for line in said.splitlines() if "lost" in line), end="")
    node.destroy_node()
    rclpy.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
