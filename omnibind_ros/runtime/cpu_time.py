"""Processor time by what it was spent on."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class CpuTime:
    """Adds up processor seconds by activity. Thread-safe."""

    def __init__(self) -> None:
        """Create it with no activity."""
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, activity: str) -> Iterator[None]:
        """Measure the calling thread's processor time in a with statement."""
        before = time.thread_time()
        try:
            yield
        finally:
            self.add(activity, time.thread_time() - before)

    def add(self, activity: str, seconds: float) -> None:
        """Add processor seconds to an activity."""
        with self._lock:
            self._seconds[activity] += seconds

    def seconds(self) -> dict[str, float]:
        """Return the processor seconds so far, by activity."""
        with self._lock:
            return dict(self._seconds)
