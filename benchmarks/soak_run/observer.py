"""What the node publishes, and what it takes of the machine."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import psutil
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from omnibind_msgs.msg import Ready, Recognition, SensorStatus, SensorStatusArray

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

NODE = "perception"

SERVICES = "_perception_services"


class Observer(Node):
    """Keeps the time and latency of each result, the states of the sensors and ~/ready."""

    def __init__(self) -> None:
        """Subscribe to the perception node."""
        super().__init__("soak")
        self.results: list[tuple[float, float]] = []
        """Monotonic time of arrival in seconds, and latency in ms; NaN where none is measured."""
        self.excluded_until = 0.0
        """Monotonic time until which latencies are not the node's own."""
        self.states: dict[str, Any] = {}
        self.ready = Ready()
        self.ready_count = 0
        self.create_subscription(Recognition, f"/{NODE}/recognition", self._on_result, 100)
        self.create_subscription(SensorStatusArray, f"/{NODE}/sensors", self._on_states, LATCHED)
        self.create_subscription(Ready, f"/{NODE}/ready", self._on_ready, LATCHED)

    def _on_result(self, message: Any) -> None:
        now = time.monotonic()
        stamp = message.header.stamp
        latency = (time.time() - stamp.sec - stamp.nanosec * 1e-9) * 1e3
        measured = now > self.excluded_until and latency >= 0.0
        self.results.append((now, latency if measured else float("nan")))

    def _on_states(self, message: Any) -> None:
        self.states = {sensor.name: sensor for sensor in message.sensors}

    def _on_ready(self, message: Any) -> None:
        self.ready = message
        self.ready_count += 1

    def fresh(self) -> set[str]:
        """Return the names of the sensors that are FRESH."""
        return {name for name, s in self.states.items() if s.state == SensorStatus.FRESH}

    def result_since(self, since: float) -> bool:
        """Return whether a result has arrived since a monotonic time, seconds."""
        return bool(self.results) and self.results[-1][0] > since

    def latencies(self, begin: float, end: float) -> dict[str, float | None]:
        """Return the latency percentiles [ms] and the rate of results between two times.

        Args:
            begin: Monotonic time, seconds.
            end: Monotonic time, seconds.
        """
        found = [latency for at, latency in self.results if begin <= at < end]
        measured = np.array([latency for latency in found if latency == latency])
        p50, p99 = np.percentile(measured, (50, 99)).tolist() if measured.size else (None, None)
        return {
            "results_per_s": round(len(found) / max(end - begin, 1e-9), 2),
            "p50_ms": p50 if p50 is None else round(p50, 2),
            "p99_ms": p99 if p99 is None else round(p99, 2),
        }

    def entities(self) -> int:
        """Return how many topics and services the node has in the graph."""
        found = 0
        for name in (NODE, SERVICES):
            for names in (
                self.get_publisher_names_and_types_by_node,
                self.get_subscriber_names_and_types_by_node,
                self.get_service_names_and_types_by_node,
            ):
                try:
                    found += len(names(name, "/"))
                except Exception as error:  # noqa: BLE001 - rclpy: the node is not in the graph now
                    self.get_logger().debug(str(error))
        return found


def resources(process: psutil.Process) -> dict[str, float]:
    """Return a process's memory [MB], threads, open files and processor time [s]."""
    times = process.cpu_times()
    return {
        "rss_mb": round(process.memory_info().rss / 1e6, 2),
        "threads": process.num_threads(),
        "files": process.num_fds(),
        "cpu_s": round(times.user + times.system, 2),
    }
