"""The threads that decode and encode, their budget, and the watchdog over them."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from .budget import Budget
from .buffer import Arrival
from .channel import Channel
from .meter import Meter

_log = logging.getLogger(__name__)

STOP_PATIENCE = 2.0
"""Seconds that `Workers.stop` waits, twice: before it cancels encodes that hang, and after."""


SLOW = 0.2
"""Seconds after which an encode may hang: then another worker stands in until it ends."""


class Job:
    """An encode under way.

    Attributes:
        channel: The sensor's.
        arrivals: The messages to make a sample of.
        encoding: Monotonic time when its encode began, seconds; infinite before and after.
        abandoned: Whether the watchdog has given it up: what it yields comes to nothing.
        estimate: Processor seconds that it is expected to take.
        elsewhere: Processor seconds that it has taken in other threads, the encoder's own.
        relieved: Whether another worker has taken its thread's place.
        thread: Number of the thread that does it.
        rejected: Why the last message that is not in the sample is not; empty if all are.
    """

    __slots__ = (
        "abandoned", "arrivals", "channel", "elsewhere", "encoding", "estimate", "rejected",
        "relieved", "thread",
    )  # fmt: skip

    def __init__(self, channel: Channel, arrivals: list[Arrival]) -> None:
        """Create a job for what a channel's `take` returned."""
        self.channel = channel
        self.arrivals = arrivals
        self.encoding = math.inf
        self.abandoned = False
        self.estimate = channel.cost
        self.elsewhere = 0.0
        self.relieved = False
        self.thread = 0
        self.rejected = ""


class Workers:
    """Threads that take jobs, as long as the budget of processor time lasts."""

    def __init__(
        self,
        changed: threading.Condition,
        choose: Callable[[float], tuple[Job | None, float]],
        process: Callable[[Job], None],
        give_up: Callable[[Job], None],
        meter: Meter,
        count: int,
        budget: float,
        timeout: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Create workers; `start` starts them.

        Args:
            changed: The engine's lock; notified when there may be a job.
            choose: Called with the lock at a monotonic time; returns a job, or None and the seconds
                until there may be one.
            process: Does a job, without the lock.
            give_up: Called with the lock for a job that hangs.
            meter: Gets the processor time.
            count: Number of threads.
            budget: Processor seconds per second that they may spend together.
            timeout: Seconds after which an encode is given up.
            monotonic: A clock that never jumps, seconds.
        """
        self._changed = changed
        self._choose = choose
        self._process = process
        self._give_up = give_up
        self._meter = meter
        self._count = count
        self._budget = Budget(budget)
        self._timeout = timeout
        self._monotonic = monotonic
        self._jobs: set[Job] = set()
        self._threads: set[threading.Thread] = set()
        self._stopped = threading.Event()
        self._stopped.set()

    @property
    def running(self) -> bool:
        """Whether they have been started and not been stopped."""
        return not self._stopped.is_set()

    def start(self) -> None:
        """Start the threads."""
        with self._changed:
            self._stopped.clear()
            for _ in range(self._count):
                self._spawn(self._work, "encode")
            if math.isfinite(self._timeout):
                self._spawn(self._watch, "watchdog")

    def stop(self) -> None:
        """Stop the threads; returns when the last job has ended, or hangs too long."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + STOP_PATIENCE
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        with self._changed:
            hanging = list(self._jobs)
        for job in hanging:
            cancel(job)
        deadline = time.monotonic() + STOP_PATIENCE
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
            if thread.is_alive():
                _log.warning("an encoder hangs; its thread ends when the encoder comes back")
        with self._changed:
            for job in self._jobs:
                job.abandoned = True  # whatever it yields, it is too late
                job.encoding = math.inf

    def watch(self, now: float) -> None:
        """Give up the encodes that have taken too long, and relieve those that may hang.

        Args:
            now: Monotonic time, seconds.
        """
        with self._changed:
            for job in self._jobs:
                patience = min(max(SLOW, 3.0 * job.estimate), self._timeout)
                if now - job.encoding > patience and not job.relieved:
                    job.relieved = True
                    self._spawn(self._work, "encode")
            late = [job for job in self._jobs if now - job.encoding > self._timeout]
            for job in late:
                job.abandoned = True
                job.encoding = math.inf
                self._give_up(job)
        for job in late:
            cancel(job)

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        before = time.thread_time()
        while self.running:
            try:
                job = self._next()
            except Exception:  # noqa: BLE001 - a worker outlives whatever was forgotten
                _log.exception("the next message could not be chosen")
                self._stopped.wait(0.1)
                continue
            if job is None:
                break
            job.thread = threading.get_ident()
            try:
                self._process(job)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("%s: a message could not be processed", job.channel.name)
            spent = time.thread_time() - before
            before += spent
            self._meter.add("workers", spent)
            if self._finish(job, spent + job.elsewhere):
                break
        with self._changed:
            self._threads.discard(threading.current_thread())

    def _finish(self, job: Job, cost: float) -> bool:
        """Settle a job, and return whether its thread is one too many now."""
        with self._changed:
            self._jobs.discard(job)
            if not job.abandoned:  # else the others would pay for the one that hung
                self._budget.spend(cost - job.estimate)
                job.channel.charge(cost)
            job.channel.busy = False
            return job.relieved or job.abandoned

    def _next(self) -> Job | None:
        """Wait for the next job; None when the workers are to stop."""
        while self.running:
            with self._changed:
                now = self._monotonic()
                pause = self._budget.wait(now)
                if pause <= 0.0:
                    job, wait = self._choose(now)
                    if job is not None:
                        self._jobs.add(job)
                        self._budget.spend(job.estimate)
                        return job
                    if self.running:
                        self._changed.wait(min(wait, 1.0))
            if pause > 0.0:
                # No use in waking up for a message while there is no budget to encode it.
                self._stopped.wait(min(pause, 1.0))
        return None

    def _watch(self) -> None:
        while not self._stopped.wait(min(self._timeout / 4, SLOW / 2)):
            self.watch(self._monotonic())
        with self._changed:
            self._threads.discard(threading.current_thread())


def cancel(job: Job) -> None:
    """Ask a job's encoder to end early, if it can be asked."""
    stop = getattr(job.channel.encoder, "cancel", None)
    if stop is not None:
        stop(job.thread)
