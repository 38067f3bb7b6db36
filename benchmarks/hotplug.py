"""Random plugging, unplugging, adding, removing, renaming and retargeting under load.

Usage: python3 benchmarks/hotplug.py [--operations 10000] [--seed 0] [--json FILE]

The perception node runs in a process of its own. This process publishes pictures and sentences
on six topics at 20 Hz, and meanwhile changes sensors by ~/set_sensor and makes and destroys
publishers.
At the end the presence table must be right, and the node's memory, threads and open files must not
have grown since the first tenth.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sensor_msgs.msg import Image
from std_msgs.msg import String

from omnibind_msgs.msg import SensorStatus, SensorStatusArray
from omnibind_msgs.srv import SetSensor
from omnibind_ros.demo.processes import ChildProcess, prepare_environment, private_domain

TOPICS = {
    **{f"image{i}": (Image, "image", "sensor_msgs/msg/Image") for i in range(3)},
    **{f"text{i}": (String, "text", "std_msgs/msg/String") for i in range(3)},
}
"""Message class, modality and type of the topics that are published."""

NAMES = [f"sensor{i}" for i in range(8)]
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
PATIENCE = 10.0
"""Seconds that a service call is waited for."""

SETTLE = 3.0
"""Seconds after the last operation until the presence table is read."""


class Bench(Node):
    """Publishes, changes sensors, and keeps a table of its own of what perception should report."""

    def __init__(self, seed: int) -> None:
        """Create the publishers' timer and the client."""
        super().__init__("hotplug_benchmark")
        self.rng = random.Random(seed)
        self.plugged: dict[str, Any] = {}
        self.sensors: dict[str, str] = {}
        self.states: dict[str, Any] = {}
        self.refused: list[str] = []
        self.operations: dict[str, int] = {}
        self.client = self.create_client(SetSensor, "/perception/set_sensor")
        self.create_subscription(
            SensorStatusArray, "/perception/sensors", self._on_sensors, LATCHED
        )
        self._picture = Image(height=48, width=64, encoding="rgb8", step=192)
        self._picture.data = bytes(self.rng.randrange(256) for _ in range(48 * 192))
        self.create_timer(0.05, self._publish)

    def _on_sensors(self, message: Any) -> None:
        self.states = {sensor.name: sensor for sensor in message.sensors}

    def _publish(self) -> None:
        self._picture.header.stamp = self.get_clock().now().to_msg()
        self._picture.data[self.rng.randrange(48 * 192)] ^= 1  # equal pictures are a frozen camera
        for topic, publisher in self.plugged.items():
            is_image = TOPICS[topic][0] is Image
            publisher.publish(self._picture if is_image else String(data="a cup of coffee"))

    def operate(self, executor: SingleThreadedExecutor) -> None:
        """Do one random operation."""
        topic, name = self.rng.choice(list(TOPICS)), self.rng.choice(NAMES)
        free = [n for n in NAMES if n not in self.sensors]
        kind = self.rng.choice(("plug", "unplug", "add", "remove", "rename", "retarget"))
        done = True
        if kind == "plug" and topic not in self.plugged:
            self.plugged[topic] = self.create_publisher(TOPICS[topic][0], topic, BEST_EFFORT)
        elif kind == "unplug" and topic in self.plugged:
            self.destroy_publisher(self.plugged.pop(topic))
        elif (kind == "add" and name not in self.sensors) or (
            kind == "retarget" and name in self.sensors
        ):
            _, modality, message = TOPICS[topic]
            self._call(
                executor,
                operation=SetSensor.Request.SET,
                name=name,
                topic=topic,
                modality=modality,
                type=message,
            )
            self.sensors[name] = topic
        elif kind == "remove" and name in self.sensors:
            self._call(executor, operation=SetSensor.Request.REMOVE, name=name)
            del self.sensors[name]
        elif kind == "rename" and name in self.sensors and free:
            self._call(executor, operation=SetSensor.Request.RENAME, name=name, new_name=free[0])
            self.sensors[free[0]] = self.sensors.pop(name)
        else:
            done = False
        if done:
            self.operations[kind] = self.operations.get(kind, 0) + 1

    def _call(self, executor: SingleThreadedExecutor, **fields: Any) -> None:
        future = self.client.call_async(SetSensor.Request(**fields))
        # rclpy's spin_until_future_complete adds a callback to the future at every turn.
        end = time.monotonic() + PATIENCE
        while not future.done() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.01)
        answer = future.result()
        if answer is None or not answer.success:
            self.refused.append(answer.message if answer else f"no answer within {PATIENCE:g} s")

    def wrong(self) -> list[str]:
        """Return what is wrong in the presence table, a sentence each."""
        found = []
        if set(self.states) != set(self.sensors):
            found.append(f"sensors {sorted(self.states)} instead of {sorted(self.sensors)}")
        for name, topic in self.sensors.items():
            state = self.states.get(name)
            if state is None:
                continue
            expected = SensorStatus.FRESH if topic in self.plugged else SensorStatus.ABSENT
            if state.topic != f"/{topic}" or state.state != expected:
                found.append(
                    f"{name} on {state.topic} is {state.state} instead of {expected} on /{topic}"
                )
        return found


def resources(process: psutil.Process) -> dict[str, float]:
    """Return a process's memory [MB], threads and open files."""
    return {
        "rss_mb": process.memory_info().rss / 1e6,
        "threads": process.num_threads(),
        "files": process.num_fds(),
    }


def run(operations: int, seed: int, logs: Path) -> dict[str, Any]:
    """Run all operations and return the figures."""
    parameters = (
        "sensors:=[sensor0]",
        "sensor.sensor0.modality:=text",
        "sensor.sensor0.topic:=text0",
        "enrolled:=''",
    )
    arguments = ["--ros-args", *(word for each in parameters for word in ("-p", each))]
    child = ChildProcess("perception", "omnibind_ros.nodes.perception_node", arguments, logs)
    rclpy.init(args=[])
    bench = Bench(seed)
    bench.sensors["sensor0"] = "text0"
    executor = SingleThreadedExecutor()
    executor.add_node(bench)
    try:
        while not bench.client.service_is_ready():
            child.check()
            executor.spin_once(timeout_sec=0.1)
        process = psutil.Process(child.pid)
        history = []
        start = time.monotonic()
        for done in track(range(1, operations + 1), "hot-plug", console=Console(stderr=True)):
            before = sum(bench.operations.values())
            while sum(bench.operations.values()) == before:
                bench.operate(executor)
            executor.spin_once(timeout_sec=0.001)
            child.check()
            if done % max(operations // 10, 1) == 0:
                history.append(resources(process))
        seconds = time.monotonic() - start
        end = time.monotonic() + SETTLE
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.01)
        first, last = history[0], history[-1]
        log = (logs / "perception.log").read_text(errors="replace")
        return {
            "operations": bench.operations,
            "seconds": seconds,
            "refused": bench.refused,
            "exceptions": log.count("Traceback") + log.count("a result was lost"),
            "wrong_at_end": bench.wrong(),
            "rss_growth_mb": last["rss_mb"] - first["rss_mb"],
            "thread_growth": last["threads"] - first["threads"],
            "file_growth": last["files"] - first["files"],
            "history": history,
        }
    finally:
        child.stop()
        executor.shutdown(timeout_sec=1.0)
        bench.destroy_node()
        rclpy.try_shutdown()


def main() -> int:
    """Print a table, write JSON on request; the status is 1 if something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as logs, private_domain():
        prepare_environment()
        figures = run(options.operations, options.seed, Path(logs))
    table = Table("what", "figure")
    for key, value in figures.items():
        if key != "history":
            table.add_row(key, f"{value:.1f}" if isinstance(value, float) else str(value))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))
    return int(bool(figures["refused"] or figures["exceptions"] or figures["wrong_at_end"]))


if __name__ == "__main__":
    sys.exit(main())
