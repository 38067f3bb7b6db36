"""The load: seven sensors at the rates of common devices, in a process of its own."""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from .content import Feed, feeds

SENSOR_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


@dataclass(order=True)
class Due:
    """When a sensor's next message is due; seconds since the start."""

    at: float
    number: int
    feed: Feed = field(compare=False)


@dataclass(frozen=True)
class Pull:
    """A sensor's plug, pulled for a while; seconds since the start."""

    modality: str
    begin: float
    end: float


class Load:
    """Publishes the sensors' messages by an absolute plan, and notes how well it was kept."""

    def __init__(self, node: Node, sensors: list[Feed], pulls: list[Pull]) -> None:
        """Create the publishers.

        Args:
            node: The node.
            sensors: What to publish.
            pulls: Which sensors are unplugged when.
        """
        self._node = node
        self._pulls = pulls
        # As with real devices, no two speak in the same instant.
        self._plan = [Due(0.0037 * place, 0, feed) for place, feed in enumerate(sensors)]
        heapq.heapify(self._plan)
        self._publishers = {feed.modality: self._plug(feed) for feed in sensors}
        self.published = dict.fromkeys(self._publishers, 0)
        self.late: list[float] = []

    def _plug(self, feed: Feed) -> Any:
        return self._node.create_publisher(feed.kind, feed.modality, SENSOR_QOS)

    def run(self, start: float, seconds: float) -> None:
        """Publish for a while.

        Args:
            start: Monotonic time of the start, seconds.
            seconds: How long.
        """
        while (due := self._plan[0]).at < seconds:
            now = time.monotonic() - start
            if due.at > now:
                time.sleep(due.at - now)
            self.late.append(time.monotonic() - start - due.at)
            self._publish(due)
            period = 1.0 / due.feed.rate
            heapq.heapreplace(self._plan, Due(due.at + period, due.number + 1, due.feed))

    def _publish(self, due: Due) -> None:
        feed = due.feed
        pulled = any(
            pull.modality == feed.modality and pull.begin <= due.at < pull.end
            for pull in self._pulls
        )
        publisher = self._publishers[feed.modality]
        if pulled:
            if publisher is not None:
                self._node.destroy_publisher(publisher)
                self._publishers[feed.modality] = None
            return
        if publisher is None:
            publisher = self._publishers[feed.modality] = self._plug(feed)
        publisher.publish(feed.next(due.number))
        self.published[feed.modality] += 1


def main() -> int:
    """Publish, and write what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start-at", type=float, required=True, help="Unix time of the start")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument(
        "--pulls", type=json.loads, default=[], help="JSON of [modality, begin, end]"
    )
    parser.add_argument("--sensors", type=lambda names: names.split(","), required=True)
    parser.add_argument(
        "--rates", type=json.loads, default={}, help="JSON of rates that are not the usual ones, Hz"
    )
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    rclpy.init(args=[])
    sensors = [
        replace(feed, rate=options.rates.get(feed.modality, feed.rate))
        for feed in feeds(options.sensors)
    ]
    load = Load(Node("load"), sensors, [Pull(*pull) for pull in options.pulls])
    time.sleep(max(options.start_at - time.time(), 0.0))
    used = time.process_time()
    load.run(time.monotonic(), options.seconds)
    used = time.process_time() - used
    options.report.write_text(
        json.dumps(
            {
                "published": load.published,
                "rates": {name: count / options.seconds for name, count in load.published.items()},
                "late_p99_ms": float(np.percentile(load.late, 99)) * 1e3,
                "cpu_share": used / options.seconds,
            }
        )
    )
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
