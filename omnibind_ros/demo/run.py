"""One run of the demo: perception and a picture camera in processes of their own, measured."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from rich.console import Console

from .figures import DemoSummary
from .processes import (
    ChildError,
    ChildProcess,
    ChildProcesses,
    config_file,
    prepare_environment,
    private_domain,
    signals_as_exceptions,
)
from .record import DemoRecord
from .story import SHORTEST, UNPLUG_AT, UNPLUG_FOR, Story
from .table import Display, summary_table


class DemoClient(Protocol):
    """Records what perception and the camera publish, and publishes sentences."""

    def publish_text(self, sentence: str) -> None:
        """Publish a sentence on the topic text."""
        ...


Connect = Callable[[DemoRecord], AbstractContextManager[DemoClient]]
"""Makes a client that records into a record until the with statement ends."""


class Demo:
    """One run."""

    def __init__(
        self, duration: float, connect: Connect, console: Console, table: bool, logs: Path
    ) -> None:
        """Prepare a run.

        Args:
            duration: Seconds, from the start of the perception process.
            connect: Connects to the topics.
            console: Where to show the run.
            table: Whether to show the table, if the console is a terminal.
            logs: Folder for the logs of the processes.

        Raises:
            ChildError: The run is too short.
        """
        if not SHORTEST <= duration < math.inf:
            raise ChildError(f"a run lasts at least {SHORTEST:g} s: give a longer --duration.")
        self._duration = duration
        self._connect = connect
        self._console = console
        self._table = table
        self._record = DemoRecord()
        self._processes = ChildProcesses(logs)

    def run(self) -> DemoSummary:
        """Do the run and return its figures.

        Raises:
            ChildError: A process did not start, or has ended.
        """
        with self._connect(self._record) as client, self._processes:
            return self._run(client)

    def logs_tail(self) -> str:
        """Return the last lines of the processes' logs."""
        return self._processes.tails()

    def _run(self, client: DemoClient) -> DemoSummary:
        record = self._record
        camera = self._start(
            "picture_camera",
            "--ros-args",
            *("-p", f"unplug_after:={UNPLUG_AT * self._duration:.3f}"),
            *("-p", f"unplug_for:={UNPLUG_FOR}"),
        )
        subject = "the camera did not start"
        self._processes.wait_for(lambda: bool(record.subject), 20.0, subject)
        record.on_start(time.monotonic())
        end = time.monotonic() + self._duration
        perception = self._start(
            "perception",
            *("--ros-args", "--params-file", str(config_file("perception.yaml"))),
            *("-p", "enrolled:=''"),  # the user's own labels are no part of the demonstration
        )
        story = Story()
        with Display(record, self._console, self._table) as display:
            while (now := time.monotonic()) < end:
                self._processes.check()
                sentence = story.sentence(record.subject, record.subject_since, now)
                if sentence:
                    client.publish_text(sentence)
                display.update(now, end - now)
                time.sleep(min(0.25, max(end - time.monotonic(), 0.0)))
        record.finish(time.monotonic())
        # The camera first: it publishes how many frames it has sent, then perception publishes how
        # many have arrived.
        camera.interrupt()
        _wait_at_most(3.0, camera.ended)
        stopped = time.monotonic()
        _wait_at_most(2.5, lambda: record.sensors_at > stopped + 0.2)
        return record.summary(perception.peak_memory(), perception.has_loaded("libtorch"))

    def _start(self, name: str, *arguments: str) -> ChildProcess:
        return self._processes.start(name, f"omnibind_ros.nodes.{name}_node", *arguments)


def _wait_at_most(seconds: float, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, or so long."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() <= end:
        time.sleep(0.01)


def run_demo(
    duration: float, connect: Connect, json_file: Path | None = None, table: bool = True
) -> int:
    """Run the demo, print its summary and write its figures.

    Args:
        duration: Seconds that the run lasts.
        connect: Connects to the topics.
        json_file: Where to write the figures.
        table: Whether to show the table; otherwise a line is printed every few seconds.

    Returns:
        The exit status: 0; 1 if no result was correct or a process failed; 130 for Ctrl-C.
    """
    console = Console()
    logs = Path(tempfile.mkdtemp(prefix="omnibind-demo-"))
    failure = ""
    try:
        demo = Demo(duration, connect, console, table, logs)
        with private_domain(), signals_as_exceptions():
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


def _write(summary: DemoSummary, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ChildError(f"the figures could not be written: {error}.") from error
