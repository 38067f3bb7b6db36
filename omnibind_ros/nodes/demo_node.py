"""The demo: perception and a picture camera as processes of their own, watched and measured."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rich.console import Console

from omnibind_ros.demo.processes import (
    Child,
    ChildError,
    config_file,
    ended_politely,
    prepare_environment,
    private_domain,
)
from omnibind_ros.demo.record import SENTENCES, DemoRecord, DemoSummary, Display, summary_table

from .demo_listener import DemoListener

SHORTEST = 10.0
"""Seconds that a run lasts at least: perception must start, and the plug be pulled."""

UNPLUGGED = 2.0
"""Seconds that the camera stays unplugged, from two fifths of the run on."""

SENTENCE_DELAY = 0.7
"""Seconds after a change of subject when a sentence on it is typed."""


class DemoError(ChildError):
    """The demo cannot go on; the message is one sentence, a log's last lines may follow."""


class Demo:
    """One run."""

    def __init__(self, duration: float, console: Console, table: bool, logs: Path) -> None:
        """Prepare a run.

        Args:
            duration: Seconds, from the start of the perception process.
            console: Where to show it.
            table: Whether to draw the live table.
            logs: Folder for the children's logs.

        Raises:
            DemoError: The run is too short.
        """
        if not SHORTEST <= duration < math.inf:
            raise DemoError(f"a run lasts at least {SHORTEST:g} s: give a longer --duration.")
        self._duration = duration
        self._console = console
        self._table = table
        self._logs = logs
        self._record = DemoRecord()
        self._children: list[Child] = []

    def run(self) -> DemoSummary:
        """Run it from start to end and return its figures.

        Raises:
            DemoError: A child crashed, or did not start.
        """
        # Ctrl-C must reach the main thread as an exception, so that it can clean up.
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        listener = DemoListener(self._record)
        executor = SingleThreadedExecutor()
        executor.add_node(listener)
        thread = threading.Thread(target=_spin, args=(executor,), name="listener", daemon=True)
        thread.start()
        try:
            return self._run(listener)
        finally:
            for child in self._children:
                child.interrupt()
            for child in self._children:
                child.stop()
            executor.shutdown(timeout_sec=1.0)
            rclpy.try_shutdown()
            thread.join(timeout=2.0)
            listener.destroy_node()

    def _run(self, listener: DemoListener) -> DemoSummary:
        record = self._record
        camera = self._start(
            "picture_camera",
            "--ros-args",
            *("-p", f"unplug_after:={0.4 * self._duration:.3f}"),
            *("-p", f"unplug_for:={UNPLUGGED}"),
        )
        self._wait_for(lambda: bool(record.subject), 20.0, "the camera did not start")
        record.on_spawn(time.monotonic())
        end = time.monotonic() + self._duration
        perception = self._start(
            "perception", "--ros-args", "--params-file", str(config_file("perception.yaml"))
        )
        said_for = 0.0
        with Display(record, self._console, self._table) as display:
            while (now := time.monotonic()) < end:
                camera.check()
                perception.check()
                since = record.subject_since
                if since != said_for and now - since >= SENTENCE_DELAY:
                    said_for = since
                    listener.say(SENTENCES.get(record.subject, f"this is a {record.subject}"))
                display.update(now, end - now)
                time.sleep(min(0.25, max(end - time.monotonic(), 0.0)))
        record.finish(time.monotonic())
        # The camera first: it says how many frames it has sent, then perception how many came.
        camera.interrupt()
        self._wait_for(camera.ended, 3.0)
        asked = time.monotonic()
        self._wait_for(lambda: record.sensors_at > asked + 0.2, 2.5)
        return record.summary(perception.peak_memory(), perception.has_loaded("libtorch"))

    def _start(self, name: str, *arguments: str) -> Child:
        child = Child(name, f"omnibind_ros.nodes.{name}_node", arguments, self._logs)
        self._children.append(child)
        return child

    def _wait_for(self, condition: Callable[[], bool], seconds: float, failure: str = "") -> None:
        """Wait until a condition holds; when it never does, raise or, without a text, go on."""
        end = time.monotonic() + seconds
        while not condition():
            if failure:
                for child in self._children:
                    child.check()
            if time.monotonic() > end:
                if failure:
                    raise DemoError(f"{failure} within {seconds:g} s.")
                return
            time.sleep(0.01)

    def logs_tail(self) -> str:
        """Return the last lines of the children's logs."""
        return "\n".join(f"log of {child.name}:\n{child.tail()}" for child in self._children)


def _spin(executor: SingleThreadedExecutor) -> None:
    with suppress(ExternalShutdownException):
        executor.spin()


def _write(summary: DemoSummary, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise DemoError(f"the figures could not be written: {error}.") from error


def run_demo(duration: float, json_file: Path | None = None, table: bool = True) -> int:
    """Run the demo, print its summary and write its figures.

    Args:
        duration: Seconds that the run lasts.
        json_file: Where to write the figures.
        table: Whether to draw the live table; without, a line every few seconds.

    Returns:
        The exit status: 0, 1 if nothing was recognised or something broke, 130 for Ctrl-C.
    """
    console = Console()
    logs = Path(tempfile.mkdtemp(prefix="omnibind-demo-"))
    failure = ""
    try:
        demo = Demo(duration, console, table, logs)
        with private_domain(), ended_politely():
            prepare_environment()
            summary = demo.run()
        console.print(summary_table(summary))
        failure = summary.verdict()
        if json_file:
            _write(summary, json_file)
        if failure:
            failure += f"\n{demo.logs_tail()}"
    except ChildError as error:
        failure = str(error)
    except KeyboardInterrupt:
        print("omnibind demo: interrupted.", file=sys.stderr)
        return 130
    finally:
        if not failure:
            shutil.rmtree(logs, ignore_errors=True)
    if failure:
        print(f"omnibind demo: {failure}", file=sys.stderr)
        if any(logs.iterdir()):
            print(f"The full logs are in {logs}.", file=sys.stderr)
        else:
            logs.rmdir()
        return 1
    return 0
