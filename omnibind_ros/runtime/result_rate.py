"""At most so many results a second, and always one after the last embedding."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Pace:
    """Decides when a result is due. Times are monotonic, in seconds.

    An embedding after a quiet spell is due at once, so that it waits for nothing. One that comes
    within a period of the last result is due at that period's end, together with all that come
    until then.
    """

    def __init__(self, rate: float) -> None:
        """Create it.

        Args:
            rate: Results per second at most; 0 for one at each embedding.
        """
        self.rate = rate
        self._last = -math.inf
        self._pending = False

    @property
    def pending(self) -> bool:
        """Whether an embedding has come that is in no result yet."""
        return self._pending

    def arrived(self, now: float) -> bool:
        """Take notice of a new embedding; return whether its result is due at once."""
        self._pending = True
        return self.take(now)

    def wait(self, now: float) -> float:
        """Return the seconds until a result is due; infinite if there is no new embedding."""
        if not self._pending:
            return math.inf
        period = 1.0 / self.rate if self.rate > 0.0 else 0.0
        return max(self._last + period - now, 0.0)

    def take(self, now: float) -> bool:
        """Return whether a result is due now; if so, it counts as made."""
        if self.wait(now) > 0.0:
            return False
        self._pending, self._last = False, now
        return True


class PacedResults:
    """Makes results at a limited rate: in the caller's thread, or later in a thread of its own."""

    def __init__(
        self,
        make: Callable[[], None],
        rate: float,
        on_error: Callable[[Exception], None],
        charge: Callable[[float], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create it; `start` starts its thread.

        Args:
            make: Makes a result of all fresh embeddings; it may be called in several threads.
            rate: Results per second at most; 0 for one at each embedding. See `set_rate`.
            on_error: Takes what `make` raises in the thread; `embedding_arrived` raises it itself.
            charge: Takes the processor seconds that the thread spends on each result.
            monotonic: A clock that never jumps, seconds.
        """
        self._make = make
        self._charge = charge
        self._on_error = on_error
        self._monotonic = monotonic
        self._pace = Pace(rate)
        self._changed = threading.Condition()
        self._stopped = True
        self._thread: threading.Thread | None = None

    def set_rate(self, rate: float) -> None:
        """Set the results per second; it counts at once, also for one that waits."""
        with self._changed:
            self._pace.rate = rate
            self._changed.notify()

    def start(self) -> None:
        """Start the thread."""
        with self._changed:
            if self._thread is None:
                self._stopped = False
                self._thread = threading.Thread(target=self._run, name="results", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop the thread; returns when it has ended. A result that waits is not made."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def embedding_arrived(self) -> None:
        """Make a result if one is due, else leave it to the thread."""
        with self._changed:
            waited = self._pace.pending
            if not self._pace.arrived(self._monotonic()):
                if not waited:  # else the thread waits for the end of the period already
                    self._changed.notify()
                return
        self._make()

    def _run(self) -> None:
        before = time.thread_time()
        while True:
            with self._changed:
                while not (self._stopped or self._pace.take(self._monotonic())):
                    wait = self._pace.wait(self._monotonic())
                    self._changed.wait(None if math.isinf(wait) else wait)
                if self._stopped:
                    return
            try:
                self._make()
            except Exception as error:  # noqa: BLE001 - one lost result must not end all others
                _log.exception("a result could not be fused, recognised or published")
                self._on_error(error)
            spent = time.thread_time() - before
            before += spent
            self._charge(spent)
