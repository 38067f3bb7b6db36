"""Processes of ROS nodes: start, supervision and end."""

from __future__ import annotations

import math
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from omnibind_ros.child_program import ending_with_parent
from omnibind_ros.runtime.middleware import profile_variables, this_host_only
from omnibind_ros.share import share_folders


class ChildError(Exception):
    """A process cannot be started, or has ended; one sentence, and perhaps the end of its log."""


class ChildProcess:
    """A process that runs a Python module, with its log; it ends with the thread that starts it."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], logs: Path) -> None:
        """Start it.

        Args:
            name: Its name in messages and of its log.
            module: The Python module to run.
            arguments: Its arguments.
            logs: Folder for its log.
        """
        self.name = name
        self._log = logs / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ending_with_parent([sys.executable, "-m", module, *arguments]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C goes to the parent alone, which stops its children
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def check(self) -> None:
        """Check that it has not ended.

        Raises:
            ChildError: It has ended.
        """
        code = self._process.poll()
        if code is not None:
            how = f"with status {code}" if code >= 0 else f"by signal {-code}"
            raise ChildError(
                f"the {self.name} process ended {how}; the end of its log:\n{self.tail()}"
            )

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        text = self._log.read_text(encoding="utf-8", errors="replace").rstrip()
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (nothing)"

    def interrupt(self) -> None:
        """Send it SIGINT, as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def stop(self, patience: float = 4.0) -> None:
        """End it: with SIGINT, then with SIGTERM, then with SIGKILL."""
        for signal_process in (self.interrupt, self._process.terminate, self._process.kill):
            signal_process()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                patience = 2.0
            else:
                return

    def wait(self, seconds: float) -> None:
        """Wait until it has ended.

        Args:
            seconds: Longest time to wait.

        Raises:
            ChildError: It has not ended in time, or its status is not 0.
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ChildError(
                f"the {self.name} process has not ended within {seconds:g} s; the end of its log:\n"
                f"{self.tail()}"
            ) from None
        if self._process.returncode:
            self.check()

    def ended(self) -> bool:
        """Return whether it has ended."""
        return self._process.poll() is not None

    def peak_memory(self) -> float | None:
        """Return its peak resident memory in MB (10^6 bytes), None without /proc."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else None

    def has_loaded(self, library: str) -> bool | None:
        """Return whether a file of that name is mapped, None without /proc."""
        try:
            return library in Path(f"/proc/{self._process.pid}/maps").read_text(encoding="utf-8")
        except OSError:
            return None


class ChildProcesses:
    """The processes of one run, which end with it: use it in a with statement."""

    def __init__(self, logs: Path) -> None:
        """Create a group without processes.

        Args:
            logs: Folder for their logs.
        """
        self.logs = logs
        self._running: list[ChildProcess] = []

    def __enter__(self) -> ChildProcesses:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes: all are asked before one is waited for."""
        for process in self._running:
            process.interrupt()
        for process in self._running:
            process.stop()

    def start(self, name: str, module: str, *arguments: str) -> ChildProcess:
        """Start a Python module as a process of the group (`ChildProcess`)."""
        process = ChildProcess(name, module, arguments, self.logs)
        self._running.append(process)
        return process

    def end(self, *names: str) -> None:
        """End the processes of these names, one after another; they are no part of it any more."""
        for process in self._running:
            if process.name in names:
                process.stop()
        self._running = [process for process in self._running if process.name not in names]

    def tails(self) -> str:
        """Return the last lines of the logs."""
        return "\n".join(f"log of {process.name}:\n{process.tail()}" for process in self._running)

    def check(self) -> None:
        """Check that all of them run; raises ChildError."""
        for process in self._running:
            process.check()

    def wait_for(self, condition: Callable[[], bool], seconds: float, failure: str) -> None:
        """Wait until a condition holds, and check that the processes run.

        Args:
            condition: Asked a hundred times a second.
            seconds: Longest time to wait.
            failure: What to say if it does not hold by then.

        Raises:
            ChildError: It does not hold in time, or a process has ended.
        """
        end = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise ChildError(f"{failure} within {seconds:g} s.")
            time.sleep(0.01)

    def wait_until(self, at: float) -> None:
        """Wait until a moment, monotonic seconds, and check that the processes run."""
        self.wait_for(lambda: time.monotonic() >= at, math.inf, "")


@contextmanager
def private_domain() -> Iterator[None]:
    """Give this process and its children a ROS domain of their own, unless ROS_DOMAIN_ID is set.

    A domain is reserved by binding a local port, the one that domain_coordinator binds, so that two
    programs on one machine get two domains.
    """
    if os.environ.get("ROS_DOMAIN_ID"):
        yield
        return
    candidates = list(range(1, 101))
    random.shuffle(candidates)
    for domain in candidates:
        with socket.socket() as reservation:
            try:
                reservation.bind(("127.0.0.1", 32768 + domain))
            except OSError:
                continue
            os.environ["ROS_DOMAIN_ID"] = str(domain)
            try:
                yield
            finally:
                del os.environ["ROS_DOMAIN_ID"]
            return
    raise ChildError("all ROS domains from 1 to 100 are in use: set ROS_DOMAIN_ID.")


def config_file(name: str) -> Path:
    """Return a file of the package's config folder, installed or in the source tree.

    Raises:
        ChildError: There is no such file.
    """
    for path in (folder / name for folder in share_folders("config")):
        if path.is_file():
            return path
    raise ChildError(f"config/{name} was not found: build the package first (make setup).")


def prepare_environment() -> None:
    """Set the environment in which processes on this machine can send images to each other.

    Variables that are set already stay.
    """
    profiles = str(config_file("fastdds.xml"))
    for name in profile_variables(os.environ):
        os.environ.setdefault(name, profiles)
    os.environ.setdefault(*this_host_only(os.environ))


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP raise exceptions, so that a program ends its children."""

    def leave(number: int, _frame: FrameType | None) -> None:
        # `timeout` sends it twice; the second one would interrupt the end of the children.
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    handlers = {
        # A shell starts a background job with SIGINT ignored, which its children would inherit.
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
