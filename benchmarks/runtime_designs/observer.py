"""Watches a design from outside: its results on its topics, its process in /proc."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from omnibind_msgs.msg import FusedEmbedding
from omnibind_ros.runtime.stamps import to_nanoseconds

from .figures import Published, Sample

NODE = "perception"
COUNTS = ("received", "encoded", "dropped", "rejected")
PREFIX, SUFFIX = "processor time, ", " [s]"


class Observer:
    """Listens in a thread of its own."""

    def __init__(self) -> None:
        """Start to listen."""
        self.results: list[Published] = []
        self.samples: list[Sample] = []
        self.rss: list[tuple[float, float]] = []
        self._process: psutil.Process | None = None
        rclpy.init(args=[])
        self._node = Node("observer")
        # Acknowledgements would cost the design processor time.
        qos = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._node.create_subscription(FusedEmbedding, f"/{NODE}/embedding", self._on_result, qos)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 100)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="observer", daemon=True)
        self._thread.start()

    def subscribe(
        self, kind: type, topic: str, callback: Callable[..., None], qos: Any = 100
    ) -> None:
        """Listen to a further topic.

        Args:
            kind: Message class.
            topic: Its name.
            callback: Called with a message, and what rclpy knows of it, in the observer's thread.
            qos: Profile, or a depth.
        """
        self._node.create_subscription(kind, topic, callback, qos)

    def watch(self, pid: int) -> None:
        """Begin with a new process.

        Args:
            pid: Its number.
        """
        self.results, self.samples, self.rss = [], [], []
        self._process = psutil.Process(pid)

    def look(self) -> None:
        """Take a sample of the process's memory."""
        if self._process is not None:
            self.rss.append((time.time(), float(self._process.memory_info().rss)))

    def listens(self, topics: Collection[str]) -> bool:
        """Return whether somebody has subscribed to each of the topics."""
        return all(self._node.count_subscribers(topic) for topic in topics)

    def speaks(self) -> bool:
        """Return whether anybody publishes results still."""
        # A signal that ends this program ends rclpy's context first.
        return rclpy.ok() and bool(self._node.count_publishers(f"/{NODE}/embedding"))

    def memory(self, begin: float, end: float) -> npt.NDArray[np.float64]:
        """Return the samples of the memory taken in a stretch of time, [N, 2]."""
        rss = np.array(self.rss).reshape(-1, 2)
        return rss[(rss[:, 0] >= begin) & (rss[:, 0] <= end)]

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
        self._thread.join(timeout=2.0)
        self._node.destroy_node()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_result(self, message: Any, info: Any) -> None:
        self.results.append(
            Published(
                at=info["source_timestamp"] * 1e-9,
                stamp=to_nanoseconds(message.header.stamp) * 1e-9,
                ages=dict(zip(message.sensors, message.ages, strict=True)),
            )
        )

    def _on_diagnostics(self, message: Any) -> None:
        process = self._process
        if process is None:
            return
        try:
            used, rss = process.cpu_times(), process.memory_info().rss
        except psutil.Error:  # it has ended meanwhile
            return
        spent: dict[str, float] = {}
        counts: dict[str, dict[str, int]] = {}
        for status in message.status:
            node, _, sensor = status.name.partition(": ")
            if node != NODE:
                continue
            values = {entry.key: entry.value for entry in status.values}
            if sensor == "node":
                spent = {
                    key.removeprefix(PREFIX).removesuffix(SUFFIX): float(value)
                    for key, value in values.items()
                    if key.startswith(PREFIX)
                }
            else:
                counts[sensor] = {what: int(values[what]) for what in COUNTS}
        if spent:
            self.samples.append(Sample(time.time(), used.user + used.system, rss, spent, counts))
