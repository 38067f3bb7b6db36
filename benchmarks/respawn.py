"""How soon there are results again after SIGKILL, where the node is started again at once.

Usage: python3 benchmarks/respawn.py [--kills 20] [--config perception.yaml] [--json FILE]

The perception node runs in a process of its own with the household bundle, and this process sends
a picture 20 times a second, as a camera that goes on. The node is killed at random moments, and
started again as soon as it has ended: what `respawn=True` of a launch file does without a
respawn_delay. What is measured is the time from SIGKILL until the first result arrives here of a
picture that was taken after it, and the processor time that the new process has spent by then; a
first start, before which files may have to be read from disk, is measured apart.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from show_figures import show_figures

from omnibind_msgs.msg import Recognition
from omnibind_ros.demo.processes import (
    ChildProcess,
    config_file,
    prepare_environment,
    private_domain,
)

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
ALLOWED = 3.0
"""Seconds from SIGKILL to the next result."""

PATIENCE = 120.0
"""Seconds that a result is waited for."""


class Robot:
    """A camera that goes on, and a perception node that is started again when it has ended."""

    def __init__(self, config: str, seed: int, logs: Path) -> None:
        """Create the camera and the subscription; `start` starts the node."""
        self._arguments = ["--ros-args", "--params-file", str(config_file(config))]
        self._arguments += ["-p", "enrolled:=''"]
        self._logs = logs
        self._rng = random.Random(seed)
        self._node = rclpy.create_node("respawn_benchmark")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._camera = self._node.create_publisher(Image, "image", BEST_EFFORT)
        self._node.create_subscription(
            Recognition, "/perception/recognition", self._on_result, BEST_EFFORT
        )
        self._node.create_timer(0.05, self._send)
        self._picture = Image(height=480, width=640, encoding="rgb8", step=1920)
        self._picture.data = self._rng.randbytes(480 * 1920)
        self._newest = 0.0
        self._child: ChildProcess | None = None
        self._starts = 0

    def start(self) -> tuple[float, float]:
        """Start the node.

        Returns:
            Seconds until its first result, and its processor time by then, seconds.
        """
        began = time.time()
        self._start()
        return self._first_result(began)

    def kill(self) -> tuple[float, float]:
        """Kill the node at a random moment and start it again; returns the same as `start`."""
        child = self._child
        if child is None:
            raise RuntimeError("the node was not started")
        self._spin(self._rng.uniform(0.5, 2.0))
        began = time.time()
        os.kill(child.pid, signal.SIGKILL)
        while not child.ended():
            time.sleep(0.001)
        self._start()
        return self._first_result(began)

    def close(self) -> None:
        """End the node."""
        if self._child is not None:
            self._child.stop()
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()

    def _start(self) -> None:
        self._starts += 1
        self._child = ChildProcess(
            f"perception{self._starts}",
            "omnibind_ros.nodes.perception_node",
            self._arguments,
            self._logs,
        )

    def _first_result(self, began: float) -> tuple[float, float]:
        """Wait for a result of a picture that was taken after a moment, seconds of the epoch."""
        end = time.monotonic() + PATIENCE
        while self._child is not None and self._newest <= began:
            self._child.check()
            if time.monotonic() > end:
                raise RuntimeError(f"there was no result within {PATIENCE:g} s")
            self._executor.spin_once(timeout_sec=0.01)
        spent = psutil.Process(self._child.pid).cpu_times() if self._child else None
        return time.time() - began, spent.user + spent.system if spent else 0.0

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._executor.spin_once(timeout_sec=0.01)
            if time.monotonic() >= end:
                return

    def _send(self) -> None:
        self._picture.header.stamp = self._node.get_clock().now().to_msg()
        self._picture.data[self._rng.randrange(480 * 1920)] ^= 1  # a camera's noise
        self._camera.publish(self._picture)

    def _on_result(self, message: Any) -> None:
        self._newest = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


def run(kills: int, seed: int, config: str, logs: Path) -> dict[str, Any]:
    """Kill the node so many times, and return the figures, seconds."""
    rclpy.init()
    robot = Robot(config, seed, logs)
    try:
        first = robot.start()
        taken = [robot.kill() for _ in range(kills)]
    finally:
        robot.close()
        rclpy.try_shutdown()
    seconds, spent = np.array(taken).T
    return {
        "config": config,
        "kills": kills,
        "first_start_s": round(first[0], 3),
        "after_kill_s": _quantiles(seconds),
        "processor_s": _quantiles(spent),
        "later_than_3_s": int((seconds > ALLOWED).sum()),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def _quantiles(values: np.ndarray) -> dict[str, float]:
    found = np.quantile(values, (0.0, 0.5, 0.95, 1.0)).round(3).tolist()
    return dict(zip(("min", "p50", "p95", "max"), found, strict=True))


def main() -> int:
    """Print a table, write JSON on request; the status is 1 if a restart took more than 3 s."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", default="perception.yaml")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as logs, private_domain():
        prepare_environment()
        figures = run(options.kills, options.seed, options.config, Path(logs))
    show_figures(figures, options.json)
    return int(figures["later_than_3_s"] > 0)


if __name__ == "__main__":
    sys.exit(main())
