"""Virtual time: workers and results without threads, for an engine that runs on recordings.

An encode takes the time that a table states for it, whatever the machine needs. So a run is the
same each time, and as fast as the machine allows.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count

from .budget import Budget
from .cpu_time import CpuTime
from .job import Job
from .result_rate import Pace
from .workers import JobSource, WorkerSettings

NS = 1_000_000_000

SMALLEST_WAIT = 1_000
"""Nanoseconds; a shorter wait than this is rounded up to it, so that time goes on."""


class VirtualTime:
    """A clock that stands still until it is set, and what is to happen when.

    Attributes:
        now_ns: The present time, nanoseconds since the epoch.
    """

    def __init__(self, start_ns: int) -> None:
        """Create it with nothing to happen.

        Args:
            start_ns: The present time, nanoseconds since the epoch, at which `monotonic` is 0.
        """
        self.now_ns = start_ns
        self._start_ns = start_ns
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def clock_ns(self) -> int:
        """Return the present time, nanoseconds since the epoch."""
        return self.now_ns

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return (self.now_ns - self._start_ns) / NS

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen after some seconds, after all that is due at the same time."""
        wait = max(round(seconds * NS), 0)
        heapq.heappush(self._due, (self.now_ns + wait, next(self._numbers), action))

    def run_until(self, time_ns: int) -> None:
        """Let all happen that is due until a time, that time included, and set the clock to it."""
        while self._due and self._due[0][0] <= time_ns:
            due, _, action = heapq.heappop(self._due)
            self.now_ns = max(self.now_ns, due)
            action()
        self.now_ns = max(self.now_ns, time_ns)


class VirtualWorkers:
    """Does the jobs of `count` workers one after the other, in virtual time.

    A job begins when a worker is free and the budget allows it, takes its cost, and is computed at
    its end. There is no watchdog, as no encode takes longer than stated.
    """

    def __init__(
        self,
        source: JobSource,
        settings: WorkerSettings,
        cpu_time: CpuTime,
        time: VirtualTime,
        cost: Callable[[Job], float],
    ) -> None:
        """Create workers; `start` starts them.

        Args:
            source: Gives them their jobs.
            settings: How many there are, and what they may take.
            cpu_time: Gets their virtual processor time.
            time: The clock.
            cost: Returns the processor seconds of a job, which are its duration too.
        """
        self._source = source
        self._settings = settings
        self._cpu_time = cpu_time
        self._time = time
        self._cost = cost
        self._budget = Budget(settings.budget)
        self._free = 0
        self._occupied = 0.0
        self._waking_at = math.inf
        self._started = False

    @property
    def started(self) -> bool:
        """Whether `start` was called, and `stop` was not called after it."""
        return self._started

    def start(self) -> None:
        """Take jobs from now on."""
        self._started, self._free = True, self._settings.count

    def stop(self) -> None:
        """Take no more jobs; one that is under way is not computed."""
        self._started = False

    def charge(self, seconds: float) -> None:
        """Count processor seconds spent elsewhere as the workers' own."""
        self._budget.spend(seconds)
        self._cpu_time.add("workers", seconds)

    def occupy(self, seconds: float) -> None:
        """Add seconds to the job that is being computed, such as those of a result."""
        self._occupied += seconds

    def wake(self) -> None:
        """Take the jobs that can begin now; to be called when a message has arrived."""
        while self._started and self._free:
            now = self._time.monotonic()
            pause = self._budget.wait(now)
            if pause <= 0.0:
                job, pause = self._source.next_job(now)
                if job is not None:
                    self._begin(job)
                    continue
            self._wake_after(pause)
            return

    def _wake_after(self, pause: float) -> None:
        at = self._time.monotonic() + max(pause, SMALLEST_WAIT / NS)
        if math.isfinite(pause) and at < self._waking_at:
            self._waking_at = at
            self._time.after(max(pause, SMALLEST_WAIT / NS), self._woken)

    def _woken(self) -> None:
        self._waking_at = math.inf
        self.wake()

    def _begin(self, job: Job) -> None:
        self._free -= 1
        self._budget.spend(job.estimate)
        cost = self._cost(job)
        self._time.after(cost, lambda: self._end(job, cost))

    def _end(self, job: Job, cost: float) -> None:
        if not self._started:
            return
        self._occupied = 0.0
        self._source.process(job)
        spent, after = cost + self._occupied, self._occupied
        self._cpu_time.add("workers", spent)
        self._budget.spend(spent - job.estimate)
        job.channel.add_cost(spent)
        job.channel.busy = False
        self._time.after(after, self._become_free)

    def _become_free(self) -> None:
        self._free += 1
        self.wake()


class VirtualResults:
    """Makes results at a limited rate, as `PacedResults` does, in virtual time."""

    def __init__(
        self,
        make: Callable[[], None],
        rate: float,
        time: VirtualTime,
        at_once: Callable[[], None],
        later: Callable[[], None],
    ) -> None:
        """Create it.

        Args:
            make: Makes a result of all fresh embeddings.
            rate: Results per second at most; 0 for one at each embedding.
            time: The clock.
            at_once: Called after a result that a worker has made.
            later: Called after one that was made at the end of a period, in a thread of its own.
        """
        self._make = make
        self._pace = Pace(rate)
        self._time = time
        self._at_once = at_once
        self._later = later

    def embedding_arrived(self) -> None:
        """Make a result if one is due, else at the end of the period."""
        waited = self._pace.pending
        now = self._time.monotonic()
        if self._pace.arrived(now):
            self._make()
            self._at_once()
        elif not waited:
            self._time.after(self._pace.wait(now), self._end_of_period)

    def _end_of_period(self) -> None:
        now = self._time.monotonic()
        if self._pace.take(now):
            self._make()
            self._later()
        elif self._pace.pending:  # the period ends a rounding error later
            wait = max(self._pace.wait(now), SMALLEST_WAIT / NS)
            self._time.after(wait, self._end_of_period)
