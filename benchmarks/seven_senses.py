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
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rich.console import Console
from rich.table import Table
from simulated_robot import Robot

from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.household.objects import HouseholdObject, find_objects
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.demo.processes import (
    ChildProcess,
    config_file,
    prepare_environment,
    private_domain,
)
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.catalogue import read_catalogue
from omnibind_ros.simulation.objects.fetching import fetch
from omnibind_ros.simulation.simulator import Simulator

START = 60.0
"""Seconds in which the node must have subscribed to all topics."""

FREE = 40
"""Pictures of the pad without contact that come first, 20 a second: perception learns them."""


def perceive(
    subject: HouseholdObject, simulator: Simulator, bundle: str, seconds: float, logs: Path
) -> dict[str, Any]:
    """Let a node of its own perceive an object, and return the figures."""
    parameters = str(config_file("seven_senses.yaml"))
    arguments = ["--ros-args", "--params-file", parameters, "-p", f"bundle:={bundle}"]
    arguments += ["-p", "enrolled:=''"]
    child = ChildProcess("perception", "omnibind_ros.nodes.perception_node", arguments, logs)
    robot = Robot(simulator)
    executor = SingleThreadedExecutor()
    executor.add_node(robot)
    try:
        deadline = time.monotonic() + START
        while not robot.subscribed():
            child.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"perception does not subscribe to all topics:\n{child.tail()}")
            executor.spin_once(timeout_sec=0.1)
        for _ in range(FREE):
            robot.publish_free_pad()
            executor.spin_once(timeout_sec=0.05)
            time.sleep(0.05)
        second, first, calls = 0.0, None, 0
        while second < seconds:
            child.check()
            second, calls = robot.step(), calls + 1
            for _ in range(20):
                executor.spin_once(timeout_sec=0.002)
            if first is None and any(result.complete for result in robot.results):
                first = second
        run = {"calls": calls, "seconds": second, "first_whole_s": first}
        return {"label": subject.label, "name": subject.name} | run | figures_of(robot, subject)
    finally:
        child.stop()
        executor.shutdown(timeout_sec=1.0)
        robot.destroy_node()


def figures_of(robot: Robot, subject: HouseholdObject) -> dict[str, Any]:
    """Return the figures of what a robot has received about an object."""
    complete = [result for result in robot.results if result.complete]
    messages = [result.message for result in complete]
    last = messages[-1] if messages else None
    figures: dict[str, Any] = {
        "results": len(robot.results),
        "whole": len(complete),
        "present": {
            name: sum(name in result.message.sensors for result in robot.results)
            for name in MODALITIES
        },
        "right_share": None,
        "known_share": None,
        "latency_p50_ms": None,
        "labels": list(last.labels[:3]) if last else [],
        "weights": {},
        "states": {name: int(state.state) for name, state in robot.states.items()},
        "rejected": {n: s.reason for n, s in robot.states.items() if s.rejected},
    }
    if last is not None:
        figures |= {
            "right_share": float(np.mean([m.labels[0] == subject.label for m in messages])),
            "known_share": float(np.mean([m.known for m in messages])),
            "latency_p50_ms": float(np.median([result.latency for result in complete]) * 1e3),
            "weights": dict(zip(last.sensors, map(float, last.weights), strict=True)),
        }
    return figures


def _cell(value: float | None, unit: str = "", scale: float = 1.0, digits: int = 0) -> str:
    """Return a figure as it stands in the table."""
    return "never" if value is None else f"{value * scale:.{digits}f} {unit}".rstrip()


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
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
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
                    of["name"],
                    label,
                    _cell(of["first_whole_s"], "s", digits=1),
                    _cell(of["whole"]),
                    _cell(of["right_share"], "%", scale=100),
                    _cell(of["latency_p50_ms"], "ms"),
                    ", ".join(of["labels"]),
                )
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
