"""The threads that decode and encode, their budget of processor time, and their watchdog."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .budget import Budget
from .cpu_time import CpuTime
from .job import Job

_log = logging.getLogger(__name__)

STOP_PATIENCE = 2.0
"""Seconds that `Workers.stop` waits, twice: before it cancels encodes that hang, and after."""

SLOW = 0.2
"""Seconds after which an encode may hang: then another worker is started until it has ended."""


@dataclass(frozen=True)
class WorkerSettings:
    """How many workers there are, and what they may take.

    Attributes:
        count: Number of worker threads.
        threads: Threads inside each encoder.
        budget: Processor seconds per second that the workers may spend together.
        timeout: Seconds after which an encode is given up.
    """

    count: int = 1
    threads: int = 1
    budget: float = math.inf
    timeout: float = math.inf


class JobSource(Protocol):
    """Gives the workers their jobs, and does them."""

    def next_job(self, now: float) -> tuple[Job | None, float]:
        """Return a job, or None and the seconds until there may be one.

        Args:
            now: Monotonic time, seconds. Called with the lock.
        """
        ...

    def process(self, job: Job) -> None:
        """Do a job. Called without the lock."""
        ...

    def give_up(self, job: Job) -> None:
        """Handle a job whose encoder hangs. Called with the lock."""
        ...


class Runner(Protocol):
    """Runs the jobs of an engine."""

    @property
    def started(self) -> bool:
        """Whether it takes jobs."""
        ...

    def start(self) -> None:
        """Take jobs from now on."""
        ...

    def stop(self) -> None:
        """Take no more jobs."""
        ...

    def charge(self, seconds: float) -> None:
        """Count processor seconds of another thread as the jobs' own, with the lock."""
        ...


RunnerMaker = Callable[[JobSource, threading.Condition, CpuTime], Runner]
"""Makes what runs an engine's jobs: of the engine, its lock and its processor time."""


class Workers:
    """Threads that do jobs, while the budget of processor time lasts."""

    def __init__(
        self,
        source: JobSource,
        changed: threading.Condition,
        settings: WorkerSettings,
        cpu_time: CpuTime,
        monotonic: Callable[[], float],
    ) -> None:
        """Create workers; `start` starts them.

        Args:
            source: Gives them their jobs.
            changed: The engine's lock; notified when there may be a job.
            settings: How many there are, and what they may take.
            cpu_time: Gets their processor time.
            monotonic: A clock that never jumps, seconds.
        """
        self._source = source
        self._changed = changed
        self._settings = settings
        self._cpu_time = cpu_time
        self._monotonic = monotonic
        self._budget = Budget(settings.budget)
        self._jobs: set[Job] = set()
        self._threads: set[threading.Thread] = set()
        self._stopped = threading.Event()
        self._stopped.set()

    @property
    def started(self) -> bool:
        """Whether `start` was called, and `stop` was not called after it."""
        return not self._stopped.is_set()

    def start(self) -> None:
        """Start the threads."""
        with self._changed:
            self._stopped.clear()
            for _ in range(self._settings.count):
                self._spawn(self._work, "encode")
            if math.isfinite(self._settings.timeout):
                self._spawn(self._watch, "watchdog")

    def stop(self) -> None:
        """Stop the threads; returns when the last job has ended, or hangs too long."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
            # A signal may have interrupted `start` before all of them were started.
            threads = [thread for thread in self._threads if thread.ident is not None]
        _join(threads)
        with self._changed:
            hanging = list(self._jobs)
        for job in hanging:
            job.cancel()
        _join(threads)
        for thread in threads:
            if thread.is_alive():
                _log.warning("an encoder hangs; its thread ends when the encoder returns")
        with self._changed:
            for job in self._jobs:
                job.abandon()

    def charge(self, seconds: float) -> None:
        """Count processor seconds of another thread as the workers' own, with the lock."""
        self._budget.spend(seconds)
        self._cpu_time.add("workers", seconds)

    def watch(self, now: float) -> None:
        """Give up encodes that have taken too long, and replace workers that may hang.

        Args:
            now: Monotonic time, seconds.
        """
        timeout = self._settings.timeout
        with self._changed:
            for job in self._jobs:
                patience = min(max(SLOW, 3.0 * job.estimate), timeout)
                if now - job.started > patience and not job.replaced:
                    job.replaced = True
                    self._spawn(self._work, "encode")
            late = [job for job in self._jobs if now - job.started > timeout]
            for job in late:
                job.abandon()
                self._source.give_up(job)
        for job in late:
            job.cancel()

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        before = time.thread_time()
        while self.started:
            try:
                job = self._next()
            except Exception:  # noqa: BLE001 - an error in the scheduler must not end the worker
                _log.exception("the next message could not be chosen")
                self._stopped.wait(0.1)
                continue
            if job is None:
                break
            job.thread = threading.get_ident()
            try:
                self._source.process(job)
            except Exception:  # noqa: BLE001 - nor an error in a job
                _log.exception("%s: a message could not be processed", job.channel.name)
            spent = time.thread_time() - before
            before += spent
            self._cpu_time.add("workers", spent)
            if self._finish(job, spent + job.other_threads):
                break
        with self._changed:
            self._threads.discard(threading.current_thread())

    def _finish(self, job: Job, cost: float) -> bool:
        """Account for a job that has ended, and return whether its thread must end."""
        with self._changed:
            self._jobs.discard(job)
            if not job.abandoned:  # a job that hung must not use up the others' budget
                self._budget.spend(cost - job.estimate)
                job.channel.add_cost(cost)
            job.channel.busy = False
            return job.replaced or job.abandoned

    def _next(self) -> Job | None:
        """Wait for the next job; None when the workers are to stop."""
        while self.started:
            with self._changed:
                now = self._monotonic()
                pause = self._budget.wait(now)
                if pause <= 0.0:
                    job, wait = self._source.next_job(now)
                    if job is not None:
                        self._jobs.add(job)
                        self._budget.spend(job.estimate)
                        return job
                    if self.started:
                        self._changed.wait(min(wait, 1.0))
            if pause > 0.0:
                # Do not wake up for a message while there is no budget to encode it.
                self._stopped.wait(min(pause, 1.0))
        return None

    def _watch(self) -> None:
        while not self._stopped.wait(min(self._settings.timeout / 4, SLOW / 2)):
            self.watch(self._monotonic())
        with self._changed:
            self._threads.discard(threading.current_thread())


def _join(threads: list[threading.Thread]) -> None:
    deadline = time.monotonic() + STOP_PATIENCE
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
