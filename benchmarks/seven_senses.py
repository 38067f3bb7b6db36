"""A robot with seven senses drives around simulated objects: what its perception node recognises.

Usage: python3 benchmarks/seven_senses.py [--bundle household] [--objects 3] [--json FILE]

For each object, one of the test split of the household set, perception_node runs in a process of
its own with config/seven_senses.yaml. This process renders all seven sensors step by step, and
publishes them as their drivers would. The pad is pressed on the object again and again. Measured
are the seconds until all seven are FRESH and fused in one result, how many results were of all
seven, how often these named the object, and how long after the newest stamp a result came. The
status is 1 if any object was never perceived by all seven, a message was rejected, or the node
ended.
"""

from __future__ import annotations

import argparse
import array
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from rich.console import Console
from rich.table import Table
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import String

from omnibind_msgs.msg import Audio, Events, Recognition, SensorStatus, SensorStatusArray
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.household.objects import HouseholdObject, find_objects
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.demo.processes import Child, config_file, prepare_environment, private_domain
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.simulator import Simulator
from runtime_designs.content import image

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
TYPES = {
    "image": Image, "text": String, "touch": Image, "thermal": Image, "event": Events,
    "points": PointCloud2, "audio": Audio,
}  # fmt: skip

START = 60.0
"""Seconds in which the node must have subscribed to all topics."""

RESTING = 40
"""Pictures of the free pad that come first, 20 a second, so that perception learns how it rests."""

PERIOD, PRESSED = 4.0, 2.5
"""Seconds of each period, and how long of it the pad is pressed."""


def picture(pixels: np.ndarray, encoding: str, stamp: Any) -> Image:
    """Return an image message of pixels [H, W] or [H, W, 3], with its stamp."""
    message = image(pixels, encoding)
    message.header.stamp = stamp
    return message


def to_messages(data: dict[str, Any], begun: Any, now: Any) -> dict[str, Any]:
    """Return a message of each modality for what the simulator has rendered.

    Args:
        data: As `Simulator.render` returns it, touch not None.
        begun: Stamp of the call before, when events and sound begin.
        now: Stamp of this call.
    """
    events, cloud = data["event"], np.asarray(data["points"], np.float32)
    event = Events(width=events["width"], height=events["height"])
    event.header.stamp = begun
    for name, kind, dtype in (("x", "H", np.uint16), ("y", "H", np.uint16), ("t", "I", np.uint32),
                              ("p", "B", np.uint8)):  # fmt: skip
        setattr(event, name, array.array(kind, np.asarray(events[name]).astype(dtype).tobytes()))
    points = PointCloud2(
        height=1, width=len(cloud), point_step=12, row_step=12 * len(cloud), is_dense=True,
        fields=[PointField(name=axis, offset=4 * i, datatype=PointField.FLOAT32, count=1)
                for i, axis in enumerate("xyz")],
        data=array.array("B", cloud.tobytes()),
    )  # fmt: skip
    points.header.stamp = now
    sound = np.asarray(data["audio"], np.int16)
    audio = Audio(sample_rate=16_000, channels=1, samples=array.array("h", sound.tobytes()))
    audio.header.stamp = begun
    thermal = picture(np.asarray(data["thermal"], np.float32), "32FC1", now)
    return {
        "image": picture(data["image"], "rgb8", now), "text": String(data=data["text"][0]),
        "touch": picture(data["touch"], "rgb8", now), "thermal": thermal, "event": event,
        "points": points, "audio": audio,
    }  # fmt: skip


class Robot(Node):
    """Renders and publishes what seven sensors measure of an object, and receives the results."""

    def __init__(self, simulator: Simulator) -> None:
        """Stand before an object."""
        super().__init__("seven_senses_benchmark")
        self.simulator = simulator
        self.publishers_of = {
            name: self.create_publisher(TYPES[name], MODALITIES[name].topic, SENSOR)
            for name in MODALITIES
        }
        self.states: dict[str, Any] = {}
        self.results: list[tuple[Recognition, bool, float]] = []
        self.create_subscription(SensorStatusArray, "/perception/sensors", self._hear, LATCHED)
        self.create_subscription(Recognition, "/perception/recognition", self._named, 10)
        first = simulator.render(self._orbit(0.0), 0.0, touching=True)
        self._rest = first["touch"][1]
        self._begun: float | None = None
        self._last = 0.0

    def _hear(self, message: SensorStatusArray) -> None:
        self.states = {sensor.name: sensor for sensor in message.sensors}

    def _named(self, message: Recognition) -> None:
        now = self.get_clock().now()
        fresh = all(
            name in self.states and self.states[name].state == SensorStatus.FRESH
            for name in MODALITIES
        )
        whole = fresh and set(message.sensors) == set(MODALITIES)
        late = (now - Time.from_msg(message.header.stamp)).nanoseconds / 1e9
        self.results.append((message, whole, late))

    def _orbit(self, second: float) -> View:
        """Return where a robot is that drives around the object at half a metre a second."""
        model = self.simulator.subject.model
        size, middle = float(np.linalg.norm(model.size)), float(model.size[2]) / 2
        reach = 1.3 * size + 0.3
        angle = 0.5 / reach * second
        place = (reach * np.cos(angle), reach * np.sin(angle), middle + 0.3 * reach)
        return View(tuple(map(float, place)), (0.0, 0.0, middle), 50.0)  # type: ignore[arg-type]

    def subscribed(self) -> bool:
        """Return whether perception listens to all topics."""
        return all(each.get_subscription_count() for each in self.publishers_of.values())

    def rest(self) -> None:
        """Show the pad as it hangs free."""
        stamp = self.get_clock().now().to_msg()
        self.publishers_of["touch"].publish(picture(self._rest, "rgb8", stamp))

    def step(self) -> float:
        """Render and publish once; return the seconds since the first time."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = now - 0.1
        second = now - self._begun
        pressed = second % PERIOD < PRESSED
        data = self.simulator.render(self._orbit(second), second, touching=pressed)
        data["touch"] = self._rest if data["touch"] is None else data["touch"][0]
        clock = self.get_clock().now()
        # What was rendered is of this moment, whatever the rendering took.
        taken = Time(nanoseconds=clock.nanoseconds - int((time.monotonic() - now) * 1e9))
        begun = Time(nanoseconds=taken.nanoseconds - int((second - self._last) * 1e9))
        self._last = second
        for name, message in to_messages(data, begun.to_msg(), taken.to_msg()).items():
            self.publishers_of[name].publish(message)
        return second


def perceive(
    subject: HouseholdObject, simulator: Simulator, bundle: str, seconds: float, logs: Path
) -> Any:
    """Let a node of its own perceive an object, and return the figures."""
    child = Child(
        "perception", "omnibind_ros.nodes.perception_node",
        ["--ros-args", "--params-file", str(config_file("seven_senses.yaml")),
         "-p", f"bundle:={bundle}"],
        logs,
    )  # fmt: skip
    robot = Robot(simulator)
    executor = SingleThreadedExecutor()
    executor.add_node(robot)
    try:
        deadline = time.monotonic() + START
        while not robot.subscribed():
            child.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"perception does not listen to all topics:\n{child.tail()}")
            executor.spin_once(timeout_sec=0.1)
        for _ in range(RESTING):
            robot.rest()
            executor.spin_once(timeout_sec=0.05)
            time.sleep(0.05)
        second, first, calls = 0.0, None, 0
        while second < seconds:
            child.check()
            second, calls = robot.step(), calls + 1
            for _ in range(20):
                executor.spin_once(timeout_sec=0.002)
            if first is None and any(whole for _, whole, _ in robot.results):
                first = second
        whole = [(message, late) for message, whole, late in robot.results if whole]
        named = [message.labels[0] == subject.label for message, _ in whole]
        late = [seconds_late for _, seconds_late in whole]
        last = whole[-1][0] if whole else None
        return {
            "label": subject.label, "name": subject.name, "calls": calls, "seconds": second,
            "results": len(robot.results), "whole": len(whole), "first_whole_s": first,
            "present": {
                name: sum(name in message.sensors for message, _, _ in robot.results)
                for name in MODALITIES
            },
            "right_share": float(np.mean(named)) if named else None,
            "known_share": float(np.mean([m.known for m, _ in whole])) if whole else None,
            "latency_p50_ms": float(np.median(late) * 1e3) if late else None,
            "labels": list(last.labels[:3]) if last else [],
            "weights": dict(zip(last.sensors, map(float, last.weights), strict=True))
            if last else {},
            "states": {name: int(state.state) for name, state in robot.states.items()},
            "rejected": {n: s.reason for n, s in robot.states.items() if s.rejected},
        }  # fmt: skip
    finally:
        child.stop()
        executor.shutdown(timeout_sec=1.0)
        robot.destroy_node()


def test_objects(catalogue: Path | None, count: int, seed: int) -> list[HouseholdObject]:
    """Return objects that no training has seen, each of another class."""
    found = find_objects(read_catalogue(catalogue or fetch()), None, ClassMap.load(), SkipLog())
    rng = np.random.default_rng(seed)
    labels = rng.permutation(sorted(found))[:count]
    of = {label: [each for each in found[label] if each.split == "test"] for label in labels}
    return [objects[int(rng.integers(len(objects)))] for objects in of.values()]


def main() -> int:
    """Print a table, write JSON on request; the status is 1 if something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", default="household", help="its folder, or its name")
    parser.add_argument("--catalogue", type=Path, help="folder of .sh3f files (else fetched)")
    parser.add_argument("--objects", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each object")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    descriptions, classes = load_descriptions(), ClassMap.load()
    figures = []
    table = Table("object", "class", "all seven after", "results of seven", "right", "p50", "best")
    with tempfile.TemporaryDirectory() as logs, private_domain():
        prepare_environment()
        rclpy.init(args=[])
        try:
            for subject in test_objects(options.catalogue, options.objects, options.seed):
                label = subject.label
                words = classes.words(label)
                simulator = Simulator(subject.load(), label, descriptions[label], words)
                of = perceive(subject, simulator, options.bundle, options.seconds, Path(logs))
                figures.append(of)
                table.add_row(
                    of["name"], label, *(
                        "never" if value is None else f"{value * scale:.{digits}f} {unit}"
                        for value, scale, digits, unit in (
                            (of["first_whole_s"], 1, 1, "s"), (of["whole"], 1, 0, ""),
                            (of["right_share"], 100, 0, "%"), (of["latency_p50_ms"], 1, 0, "ms"),
                        )
                    ), ", ".join(of["labels"]),
                )  # fmt: skip
        finally:
            rclpy.try_shutdown()
    Console().print(table)
    for of in figures:
        if of["first_whole_s"] is None:
            print(f"{of['name']}: of {of['results']} results, with each sensor: {of['present']}")
        for name, reason in of["rejected"].items():
            print(f"{of['name']}: {name} was rejected: {reason}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return int(any(of["first_whole_s"] is None or of["rejected"] for of in figures))


if __name__ == "__main__":
    sys.exit(main())
