"""Random hot-plug, floods, bad messages, changes, lifecycle rounds and faults for a long time.

Usage: python3 benchmarks/soak.py [--minutes 30] [--seed 0] [--json FILE]

The perception node runs in a process of its own with the bundle that ships and seven sensors. This
process publishes them at the rates of common devices, does random operations
(soak_run/operations.py) and waits after each until there are results again. docs/reliability.md
says what was measured.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rich.console import Console
from rich.progress import Progress
from show_figures import show_figures
from soak_run.observer import Observer, resources
from soak_run.operations import FAULTS, FLOODS, PATIENCE, Operations
from soak_run.verdict import failures, memory
from soak_run.world import World
from timing import processor_name

from omnibind_ros.demo.processes import (
    ChildError,
    ChildProcess,
    config_file,
    prepare_environment,
    private_domain,
    signals_as_exceptions,
)
from runtime_designs.content import write_reference

SAMPLE = 2.0
"""Seconds between two samples of memory and latency."""

PAUSE = 0.5
"""Seconds between two operations."""

PARTS = 10
"""At the beginning of each of so many parts, what the operations have set is undone, so that the
latencies of the parts can be compared."""


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, logs: Path) -> None:
        """Create it.

        Args:
            options: The command line.
            logs: Folder for the node's log and what it enrols.
        """
        self._options = options
        self._logs = logs
        self._history: list[dict[str, Any]] = []
        self._crashes: list[str] = []
        self._log = ""

    def run(self) -> dict[str, Any]:
        """Do it, and return the figures."""
        rclpy.init(args=[])
        observer = Observer()
        executor = SingleThreadedExecutor()
        executor.add_node(observer)
        load = Node("soak_load")
        world = World(load, self._options.seed, self._options.rate)
        child = self._start()
        operations = Operations(
            observer, world, executor, psutil.Process(child.pid), self._options.seed
        )
        try:
            world.start()
            if not operations.spin(lambda: bool(observer.results) or child.ended(), 3 * PATIENCE):
                raise ChildError(f"no result came; the end of the node's log:\n{child.tail()}")
            child.check()
            quiet = self._quiet(observer, operations)
            start, seconds = self._soak(child, observer, operations)
            quiet_end = None
            if not self._crashes:
                operations.settle(PATIENCE)
                quiet_end = self._quiet(observer, operations)
        finally:
            world.close()
            child.stop()
            self._log += child.tail(1_000_000)
            executor.shutdown(timeout_sec=1.0)
            observer.destroy_node()
            load.destroy_node()
            rclpy.try_shutdown()
        return self._figures(observer, operations, world, (start, seconds), (quiet, quiet_end))

    def _start(self) -> ChildProcess:
        reference = write_reference(self._logs)
        parameters = ("deadline:=5.0", f"sensor.touch.reference:={reference}")
        arguments = [
            *("--ros-args", "--params-file", str(config_file("seven_senses.yaml"))),
            *(word for each in parameters for word in ("-p", each)),
        ]
        return ChildProcess(
            "perception", "omnibind_ros.nodes.perception_node", arguments, self._logs
        )

    def _quiet(self, observer: Observer, operations: Operations) -> dict[str, Any]:
        """Return the latencies of some seconds in which nothing is done."""
        begin, seconds = time.monotonic(), self._options.quiet
        operations.spin(lambda: time.monotonic() > begin + seconds, seconds + 1)
        return observer.latencies(begin, time.monotonic())

    def _soak(
        self, child: ChildProcess, observer: Observer, operations: Operations
    ) -> tuple[float, float]:
        """Do operations until the time is over; return the monotonic start, and the seconds."""
        process = psutil.Process(child.pid)
        start = sampled = time.monotonic()
        wanted = self._options.minutes * 60
        part = 0
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("soak", total=wanted)
            while (passed := time.monotonic() - start) < wanted:
                progress.update(task, completed=passed)
                if child.ended():
                    self._crashes.append(child.tail())
                    return start, passed
                if passed >= (part + 1) * wanted / PARTS:
                    part += 1
                    operations.settle(PATIENCE)
                with contextlib.suppress(psutil.NoSuchProcess):  # the next turn notes it
                    operations.one()
                end = time.monotonic() + PAUSE
                operations.spin(lambda end=end: time.monotonic() > end, PAUSE + 1)
                now = time.monotonic()
                if now - sampled >= SAMPLE and not child.ended():
                    self._history.append(
                        {
                            "t": round(now - start, 1),
                            **resources(process),
                            "entities": observer.entities(),
                            "sensors": len(observer.states),
                            **observer.latencies(sampled, now),
                        }
                    )
                    sampled = now
        return start, time.monotonic() - start

    def _figures(
        self,
        observer: Observer,
        operations: Operations,
        world: World,
        span: tuple[float, float],
        quiet: tuple[dict[str, Any], dict[str, Any] | None],
    ) -> dict[str, Any]:
        start, seconds = span
        before, after = quiet
        parts = [start + seconds * part / PARTS for part in range(PARTS + 1)]
        p99 = [observer.latencies(*each)["p99_ms"] for each in itertools.pairwise(parts)]
        count = operations.count
        figures: dict[str, Any] = {
            "crashes": len(self._crashes),
            **memory(self._history, seconds),
            "p99_first_ms": p99[0],
            "p99_last_ms": p99[-1],
            "p99_parts_ms": p99,
            "operations": count.total(),
            "floods": sum(count[name] for name in FLOODS),
            "faults": sum(count[name] for name in FAULTS),
            "unrecovered": len(operations.unrecovered),
            "problems": [*operations.unrecovered, *self._crashes],
            "exceptions": self._log.count("Traceback") + self._log.count("a result was lost"),
            "failed_callbacks": self._log.count("callback: failed"),
            "seconds": round(seconds, 1),
            "quiet": before,
            "quiet_after": after,
            "p99_quiet_ms": before["p99_ms"],
            "p99_quiet_after_ms": after and after["p99_ms"],
            **observer.latencies(start, start + seconds),
            "ready_messages": observer.ready_count,
            "messages": sum(source.sent for source in world.sources.values()),
            "damaged_messages": world.damaged,
            "operations_by_kind": dict(sorted(count.items())),
            "refused": dict(operations.refused.most_common(20)),
            "machine": {"processor": processor_name(), "cores": os.cpu_count()},
            "seed": self._options.seed,
            "history": self._history,
            "log": self._log,
        }
        figures["failures"] = failures(figures)
        figures["verdict"] = "failed" if figures["failures"] else "passed"
        return figures


def main() -> int:
    """Run, print a table, write JSON on request; the status is 1 if the run has not passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds before the first one")
    parser.add_argument("--rate", type=float, default=1.0, help="factor of all sensors' rates")
    parser.add_argument("--log", type=Path, help="where to keep the node's log")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as logs, private_domain(), signals_as_exceptions():
            prepare_environment()
            os.environ["ROS_HOME"] = str(Path(logs) / "ros_home")  # not the user's enrolled labels
            figures = Soak(options, Path(logs)).run()
    except ChildError as error:
        print(f"soak.py: {error}", file=sys.stderr)
        return 1
    log = figures.pop("log")
    show_figures(figures, options.json, json_only="history")
    if options.log:
        options.log.write_text(log, encoding="utf-8")
    return int(figures["verdict"] != "passed")


if __name__ == "__main__":
    sys.exit(main())
