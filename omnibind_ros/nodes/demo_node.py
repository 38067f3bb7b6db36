"""The demo: perception and a picture camera as processes of their own, watched and measured."""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import rclpy
from ament_index_python.packages import get_package_share_directory
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rich.console import Console

from omnibind_ros.demo import SENTENCES, DemoRecord, DemoSummary, Display, summary_table

from .demo_listener import DemoListener

SHORTEST = 10.0
"""Seconds that a run lasts at least: perception must start, and the plug be pulled."""

UNPLUGGED = 2.0
"""Seconds that the camera stays unplugged, from two fifths of the run on."""

SENTENCE_DELAY = 0.7
"""Seconds after a change of subject when a sentence on it is typed."""

PACKAGE = Path(__file__).resolve().parent.parent


class DemoError(Exception):
    """The demo cannot go on; the message is one sentence, a log's last lines may follow."""


class Child:
    """A process of the demo, with its log."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], logs: Path) -> None:
        """Start it.

        Args:
            name: What to call it.
            module: The Python module to run.
            arguments: Its arguments.
            logs: Folder for its log.
        """
        self.name = name
        self._log = logs / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops its children
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def check(self) -> None:
        """Raise if it has ended.

        Raises:
            DemoError: It has.
        """
        code = self._process.poll()
        if code is not None:
            how = f"with status {code}" if code >= 0 else f"by signal {-code}"
            raise DemoError(f"the {self.name} process ended {how}; its log says:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        text = self._log.read_text(encoding="utf-8", errors="replace").rstrip()
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (nothing)"

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C would."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def stop(self, patience: float = 4.0) -> None:
        """End it, politely first."""
        for ask in (self.interrupt, self._process.terminate, self._process.kill):
            ask()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                patience = 2.0
            else:
                return

    def ended(self) -> bool:
        """Return whether it has ended."""
        return self._process.poll() is not None

    def peak_memory(self) -> float | None:
        """Return its peak resident memory in MB (10^6 bytes), None where /proc does not say."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else None

    def has_loaded(self, library: str) -> bool | None:
        """Return whether a file of that name is mapped, None where /proc does not say."""
        try:
            return library in Path(f"/proc/{self._process.pid}/maps").read_text(encoding="utf-8")
        except OSError:
            return None


@contextmanager
def private_domain() -> Iterator[None]:
    """Give this process and its children a ROS domain of their own, unless the user chose one.

    A domain is taken by binding a local port, the one that domain_coordinator would bind, so
    two demos or tests on one machine do not hear each other.
    """
    if os.environ.get("ROS_DOMAIN_ID"):
        yield
        return
    candidates = list(range(1, 101))
    random.shuffle(candidates)
    for domain in candidates:
        with socket.socket() as claim:
            try:
                claim.bind(("127.0.0.1", 32768 + domain))
            except OSError:
                continue
            os.environ["ROS_DOMAIN_ID"] = str(domain)
            try:
                yield
            finally:
                del os.environ["ROS_DOMAIN_ID"]
            return
    raise DemoError("all ROS domains from 1 to 100 are taken: set ROS_DOMAIN_ID yourself.")


def config_file(name: str) -> Path:
    """Return a file of the package's config folder, installed or in the source tree.

    Raises:
        DemoError: There is none.
    """
    places = [PACKAGE.parent / "config" / name]
    with suppress(LookupError):  # a source tree that was not built with colcon
        places.append(Path(get_package_share_directory("omnibind_ros")) / "config" / name)
    for place in places:
        if place.is_file():
            return place
    raise DemoError(f"config/{name} was not found: build the package first (make setup).")


def prepare_environment() -> None:
    """Set what ROS processes on this machine need to exchange images; the user's own stays."""
    distro = os.environ.get("ROS_DISTRO", "jazzy")
    profiles = str(config_file("fastdds.xml"))
    os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", profiles)
    if distro in {"humble", "iron", "jazzy"}:
        os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", profiles)
    if distro == "humble":
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    else:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


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


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal all end the demo with its children cleaned up."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {
        # A shell's background job is born deaf to SIGINT, and so would be its children.
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: leave,
        signal.SIGHUP: leave,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


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
        with private_domain(), _ended_politely():
            prepare_environment()
            summary = demo.run()
        console.print(summary_table(summary))
        failure = summary.verdict()
        if json_file:
            _write(summary, json_file)
        if failure:
            failure += f"\n{demo.logs_tail()}"
    except DemoError as error:
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
