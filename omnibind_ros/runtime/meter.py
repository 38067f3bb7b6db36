"""Where the processor time goes."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Meter:
    """Sums up processor seconds by what they were spent on. Thread-safe."""

    def __init__(self) -> None:
        """Create a meter that has measured nothing."""
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Measure the calling thread's processor time in a with statement."""
        before = time.thread_time()
        try:
            yield
        finally:
            self.add(what, time.thread_time() - before)

    def add(self, what: str, seconds: float) -> None:
        """Add processor seconds."""
        with self._lock:
            self._seconds[what] += seconds

    def read(self) -> dict[str, float]:
        """Return the processor seconds so far, by what they were spent on."""
        with self._lock:
            return dict(self._seconds)
