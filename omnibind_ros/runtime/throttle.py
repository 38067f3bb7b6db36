"""Limits how often a message is logged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST = 1000
"""Messages that are remembered; texts may have names in them, which come and go for weeks."""


class Throttle:
    """Logs the first message of a source at once, later ones at limited rates. Thread-safe."""

    def __init__(
        self,
        log: Callable[[str], object],
        monotonic: Callable[[], float] = time.monotonic,
        interval: float = 1.0,
        repeat_interval: float = 10.0,
    ) -> None:
        """Create a throttle.

        Args:
            log: Logs a message.
            monotonic: A clock that never jumps, seconds.
            interval: Seconds between two different messages of one source.
            repeat_interval: Seconds until the same message is logged again.
        """
        self._log = log
        self._monotonic = monotonic
        self._interval = interval
        self._repeat_interval = repeat_interval
        self._last: dict[tuple[str, str], tuple[float, str, int]] = {}
        self._lock = threading.Lock()

    def __call__(self, source: str, message: str, kind: str = "") -> None:
        """Log a message of a source, unless one was logged too short a time ago.

        Args:
            source: Where it comes from; put before the message.
            message: The message.
            kind: Messages of different kinds do not delay each other.
        """
        now, key = self._monotonic(), (source, kind)
        with self._lock:
            when, last, skipped = self._last.get(key, (-1e9, "", 0))
            if now - when < (self._repeat_interval if message == last else self._interval):
                self._last[key] = (when, last, skipped + 1)
                return
            self._last[key] = (now, message, 0)
            if len(self._last) > MOST:
                self._forget(now)
        more = f" ({skipped} more since the last message)" if skipped and message == last else ""
        self._log(f"{source}: {message}{more}")

    def _forget(self, now: float) -> None:
        """Forget the messages that would be logged again now; of others, the older half."""
        recent = {
            key: entry
            for key, entry in self._last.items()
            if now - entry[0] < self._repeat_interval
        }
        newest = sorted(recent, key=lambda key: recent[key][0])[-MOST // 2 :]
        self._last = {key: recent[key] for key in newest}
