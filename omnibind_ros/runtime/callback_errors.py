"""Exceptions that end a callback of a node, but not the node."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path

from .reporter import Reporter
from .throttle import Throttle

LIMIT = 10
"""Failed callbacks in `PERIOD` with which the node stops."""

PERIOD = 1.0
"""Seconds."""


class TooManyErrorsError(RuntimeError):
    """So many callbacks fail that the node is of no use; the text is one sentence."""


class CallbackErrors:
    """Logs and counts exceptions in callbacks. Thread-safe.

    Attributes:
        count: Exceptions up to now.
        last: The last one, one sentence; empty if there was none.
    """

    def __init__(self, reporter: Reporter, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Create it without an exception.

        Args:
            reporter: Takes one sentence for each exception, at a limited rate.
            monotonic: A clock that never jumps, seconds.
        """
        self.count = 0
        self.last = ""
        self._log = Throttle(reporter.error, monotonic)
        self._monotonic = monotonic
        self._recent: deque[float] = deque(maxlen=LIMIT)
        self._exceeded = False
        self._lock = threading.Lock()

    def callback_failed(self, error: BaseException) -> None:
        """Note an exception that has left a callback, whose work is lost."""
        with self._lock:
            now = self._monotonic()
            self._recent.append(now)
            self._exceeded |= len(self._recent) == LIMIT and now - self._recent[0] <= PERIOD
        self._note("callback", "failed", error, "its work is lost, and the node goes on")

    def request_failed(self, service: str, error: BaseException) -> None:
        """Note an exception of a request that is answered as failed.

        No number of them stops the node, as the client may be at fault.

        Args:
            service: Name of the service.
            error: The exception.
        """
        advice = "correct the request, or report it if it is correct"
        self._note(service, "a request failed", error, advice)

    def transition_failed(self, transition: str, error: BaseException) -> None:
        """Note an exception in a lifecycle transition, after which the node is unconfigured.

        Args:
            transition: Name of the callback, such as 'on_configure'.
            error: The exception.
        """
        self._note(transition, "the transition failed", error, "configure the node again")

    def check(self) -> None:
        """Do nothing, unless too many callbacks have failed.

        Raises:
            TooManyErrorsError: `LIMIT` callbacks have failed within `PERIOD`.
        """
        if self._exceeded:
            raise TooManyErrorsError(
                f"{LIMIT} callbacks have failed within {PERIOD:g} s, so the node stops; the last "
                f"one: {self.last}"
            )

    def _note(self, source: str, what: str, error: BaseException, advice: str) -> None:
        text = f"{what} ({describe(error)}); {advice}"
        with self._lock:
            self.count += 1
            self.last = f"{source}: {text}"
        self._log(source, text, kind=_place(error))


def describe(error: BaseException) -> str:
    """Return type, text and place of an exception, on one line."""
    text = " ".join(str(error).split())[:300]
    place = _place(error)
    return f"{type(error).__name__}{': ' + text if text else ''}{', at ' + place if place else ''}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    path = Path(frames[-1].filename)
    return f"{path.parent.name}/{path.name}:{frames[-1].lineno}"
