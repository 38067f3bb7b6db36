"""How soon ~/ready is false once a required sensor has ended: random trials with a real node.

Usage: python3 benchmarks/ready.py [--trials 1000] [--seed 0] [--json FILE]

The perception node runs in a process of its own; its camera is required. In each trial this
process sends pictures until the node is ready, and at random so many more at a random rate; then it
sends none any more, or its publisher goes. What is measured is the time from the last picture's
stamp plus max_age, a random one for each 50 trials, until the stamp of the message that says not
ready (`told`), and until it has arrived here (`heard`). A publisher that goes is told earlier: the
delay is negative.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from show_figures import show_figures

from omnibind_msgs.msg import Ready
from omnibind_ros.demo.processes import ChildProcess, prepare_environment, private_domain

LATCHED = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
ALLOWED = 0.05
"""Seconds after max_age within which the node must say it."""

PATIENCE = 30.0
"""Seconds that anything is waited for."""

MAX_AGES = (0.3, 0.8)
"""Seconds; on a machine with too much work, embeddings are done later than after 0.15 s."""

BLOCK = 50
"""Trials with one max_age."""

Spin = Callable[[Callable[[], bool], float], bool]
"""(condition, seconds) -> whether it held in time; handles messages meanwhile."""


class Trials:
    """Lets the camera of a perception node begin and end, and measures ~/ready."""

    def __init__(self, node: Node, spin: Spin, seed: int) -> None:
        """Create the subscription and the client; a camera is made for each trial.

        Args:
            node: Publishes and subscribes.
            spin: Runs its executor.
            seed: Of the random choices.
        """
        self._node = node
        self._spin = spin
        self._rng = random.Random(seed)
        self._heard: list[tuple[float, Any]] = []
        self._subscription = node.create_subscription(
            Ready, "/perception/ready", lambda m: self._heard.append((time.time(), m)), LATCHED
        )
        self._client = node.create_client(SetParameters, "/perception/set_parameters")
        self._camera: Any = None
        self._picture = Image(height=48, width=64, encoding="rgb8", step=192)
        self._picture.data = bytes(self._rng.randrange(256) for _ in range(48 * 192))
        self._max_age = 0.5

    def run(self, count: int) -> list[dict[str, Any]]:
        """Do so many trials, and return for each what was chosen and measured, seconds."""
        found = []
        for number in range(count):
            if number % BLOCK == 0:
                self._set_max_age(self._rng.uniform(*MAX_AGES))
            found.append(self._trial())
        return found

    def close(self) -> None:
        """Remove what was made at the node."""
        self._unplug()
        self._node.destroy_subscription(self._subscription)
        self._node.destroy_client(self._client)

    def _trial(self) -> dict[str, Any]:
        period = self._rng.uniform(0.02, 0.1)
        more = self._rng.randrange(1, 12)
        unplugged = self._rng.random() < 0.25
        if self._camera is None:
            self._camera = self._node.create_publisher(Image, "image", BEST_EFFORT)
        self._wait(lambda: self._shown(period) and self._is_ready(), "the node was never ready")
        for _ in range(more):
            last = self._send()
            self._spin(lambda: False, period)
        if unplugged:
            self._unplug()
        self._wait(lambda: not self._heard[-1][1].ready, "the node stayed ready")
        # The first one that says so; it may be repeated by now.
        place = len(self._heard)
        while not self._heard[place - 1][1].ready:
            place -= 1
        at, message = self._heard[place]
        told = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        end = last + self._max_age
        del self._heard[:-1]
        return {
            "max_age": self._max_age,
            "period": period,
            "unplugged": unplugged,
            "told": told - end,
            "heard": at - end,
        }

    def _is_ready(self) -> bool:
        return bool(self._heard) and bool(self._heard[-1][1].ready)

    def _shown(self, period: float) -> bool:
        """Send a picture, and return true a moment later."""
        self._send()
        self._spin(lambda: False, period)
        return True

    def _send(self) -> float:
        """Send a picture that differs from the last one, and return its stamp, seconds."""
        stamp = self._node.get_clock().now().to_msg()
        self._picture.header.stamp = stamp
        self._picture.data[self._rng.randrange(48 * 192)] ^= 1
        self._camera.publish(self._picture)
        return float(stamp.sec + stamp.nanosec * 1e-9)

    def _unplug(self) -> None:
        if self._camera is not None:
            self._node.destroy_publisher(self._camera)
            self._camera = None

    def _set_max_age(self, value: float) -> None:
        parameter = Parameter("sensor.camera.max_age", value=value).to_parameter_msg()
        self._wait(self._client.service_is_ready, "the node is not there")
        future = self._client.call_async(SetParameters.Request(parameters=[parameter]))
        self._wait(future.done, "the parameter was not set")
        if not future.result().results[0].successful:
            raise RuntimeError(future.result().results[0].reason)
        self._max_age = value

    def _wait(self, condition: Callable[[], bool], failure: str) -> None:
        if not self._spin(condition, PATIENCE):
            last = self._heard[-1][1] if self._heard else None
            raise RuntimeError(f"{failure} within {PATIENCE:g} s; its last word: {last}")


def summary(trials: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the distribution of the delays of those trials, milliseconds."""
    figures: dict[str, Any] = {"trials": len(trials)}
    stopped = [trial for trial in trials if not trial["unplugged"]]
    figures["unplugged"] = len(trials) - len(stopped)
    for key in ("told", "heard"):
        for kind, chosen in (("silent", stopped), ("all", trials)):
            values = np.array([trial[key] for trial in chosen]) * 1000.0
            quantiles = np.quantile(values, (0.0, 0.5, 0.95, 0.99, 1.0)).round(2).tolist()
            names = ("min", "p50", "p95", "p99", "max")
            figures[f"{key}_{kind}_ms"] = dict(zip(names, quantiles, strict=True))
        late = sum(trial[key] > ALLOWED for trial in trials)
        figures[f"{key}_later_than_50_ms"] = late
    return figures


def run(count: int, seed: int, logs: Path) -> dict[str, Any]:
    """Start the node, do the trials and return the figures."""
    child = ChildProcess(
        "perception",
        "omnibind_ros.nodes.perception_node",
        ["--ros-args", "-p", "sensor.camera.required:=true", "-p", "enrolled:=''"],
        logs,
    )
    rclpy.init()
    node = rclpy.create_node("ready_benchmark")
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin(condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0.0:
                return False
            executor.spin_once(timeout_sec=min(left, 0.01))
        return True

    try:
        trials = Trials(node, spin, seed)
        return {**summary(found := trials.run(count)), "delays": found}
    except RuntimeError:
        print(child.tail(30), file=sys.stderr)
        raise
    finally:
        child.stop()
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown()


def main() -> int:
    """Print a table, write JSON on request; the status is 1 if the node said it too late."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as logs, private_domain():
        prepare_environment()
        figures = run(options.trials, options.seed, Path(logs))
    show_figures(figures, options.json, json_only="delays")
    return int(figures["told_later_than_50_ms"] > 0)


if __name__ == "__main__":
    sys.exit(main())
