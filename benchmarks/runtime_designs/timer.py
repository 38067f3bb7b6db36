"""The timer design: ten times a second, the newest of every sensor is encoded, and all fused."""

from __future__ import annotations

import argparse
import sys
import threading
import time

import rclpy

from omnibind_ros.runtime.embeddings import FreshEmbedding

from .baseline import Baseline, parse, spin

PERIOD = 0.1
"""Seconds."""


class Timer(Baseline):
    """Encodes and fuses in a thread of its own, so that receiving goes on meanwhile."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Subscribe and start the thread."""
        super().__init__(options)
        threading.Thread(target=self._run, name="timer", daemon=True).start()

    def _run(self) -> None:
        due = time.monotonic()
        while rclpy.ok():
            due = max(due + PERIOD, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0.0))
            with self.cpu_time.measure("workers"):
                self._tick()

    def _tick(self) -> None:
        for channel in self.channels.values():
            self.encode(channel)
        now = time.monotonic()
        members = [
            FreshEmbedding(channel.name, channel.config.modality, channel.embedding)
            for channel in self.channels.values()
            if channel.embedding is not None and channel.fresh(now)
        ]
        if members:
            self.fuse(members)


def main() -> int:
    """Run the node."""
    options = parse(__doc__)
    rclpy.init(args=[])
    spin(Timer(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
