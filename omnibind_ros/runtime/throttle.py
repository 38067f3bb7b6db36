"""Says a sentence when it is news, and again only from time to time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """Passes a sensor's first sentence at once, then at most one a second, repeats every 10 s."""

    def __init__(
        self,
        say: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
        new: float = 1.0,
        repeat: float = 10.0,
    ) -> None:
        """Create a throttle.

        Args:
            say: Takes what passes.
            monotonic: A clock that never jumps, seconds.
            new: Seconds between two different sentences of one source.
            repeat: Seconds until the same sentence is said again.
        """
        self._say = say
        self._monotonic = monotonic
        self._new = new
        self._repeat = repeat
        self._last: dict[str, tuple[float, str, int]] = {}
        self._lock = threading.Lock()

    def __call__(self, source: str, sentence: str) -> None:
        """Say that a source has a problem."""
        now = self._monotonic()
        with self._lock:
            when, said, held = self._last.get(source, (-1e9, "", 0))
            if now - when < (self._repeat if sentence == said else self._new):
                self._last[source] = (when, said, held + 1)
                return
            self._last[source] = (now, sentence, 0)
        more = f" ({held} more since the last message)" if held and sentence == said else ""
        self._say(f"{source}: {sentence}{more}")
