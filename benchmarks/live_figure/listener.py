"""Hears what the perception node and the simulated robot say."""

from __future__ import annotations

import os
from typing import Any

import psutil
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from omnibind_msgs.msg import Recognition
from runtime_designs.observer import NODE, Observer

from .encounters import Said

ROBOT = "robot_simulator"
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Listener(Observer):
    """Listens in a thread of its own.

    Attributes:
        said: Results, in order.
        present: (Unix time, id) of each object at its arrival; the id is empty at the end.
        robot: What the robot's diagnostics said last.
    """

    def __init__(self) -> None:
        """Start to listen."""
        self.said: list[Said] = []
        self.present: list[tuple[float, str]] = []
        self.robot: dict[str, str] = {}
        super().__init__()
        self.subscribe(Recognition, f"/{NODE}/recognition", self._on_recognition)
        self.subscribe(String, f"/{ROBOT}/object", self._on_object, LATCHED)
        self.subscribe(DiagnosticArray, "/diagnostics", self._on_robot)

    def begin(self, pid: int) -> None:
        """Begin with new processes; the number is that of the perception node's."""
        self.said, self.present, self.robot = [], [], {}
        self.watch(pid)

    def _on_recognition(self, message: Any, info: Any) -> None:
        if message.labels:
            at = info["source_timestamp"] * 1e-9
            named = tuple(message.contradicting)
            self.said.append(Said(at, message.labels[0], bool(message.known), named))

    def _on_object(self, message: Any, info: Any) -> None:
        self.present.append((info["source_timestamp"] * 1e-9, message.data))

    def _on_robot(self, message: Any) -> None:
        for status in message.status:
            if status.name.partition(": ")[0] == ROBOT:
                self.robot = {entry.key: entry.value for entry in status.values}


class Machine:
    """How busy the machine is, apart from some processes."""

    def __init__(self, pids: list[int]) -> None:
        """Begin to measure; the processes' children count as theirs, and so does this process."""
        self._processes = [psutil.Process(pid) for pid in (*pids, os.getpid())]
        self._start = self._now()

    def others(self) -> float:
        """Return how many processors other processes have used on average since the beginning."""
        busy, ours, wall = (now - then for now, then in zip(self._now(), self._start, strict=True))
        return max(busy - ours, 0.0) / max(wall, 1e-9)

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        ours = 0.0
        for process in self._processes:
            used = process.cpu_times()
            ours += used.user + used.system
        return total - idle, ours, total / (psutil.cpu_count() or 1)
