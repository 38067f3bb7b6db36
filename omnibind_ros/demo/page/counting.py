"""How often the page was really refreshed in a browser, and how many bytes its first load took."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from .guard import App, Receive, Scope, Send

LIVE = "/live"
"""Path of the refreshes."""

GONE = 5.0
"""Seconds without a request after which a browser counts as gone."""

MOST_VISITS = 1000
"""Visits whose figures are kept one by one."""


@dataclass
class Visit:
    """One loading of the page in a browser.

    Attributes:
        first: When it asked for the first refresh, monotonic seconds.
        last: When it asked for the newest one.
        taken: Refreshes that it has taken: each but the first request says that the refresh before
            it has arrived and is shown.
    """

    first: float
    last: float
    taken: int = 0

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return self.last - self.first


class Visits:
    """Counts what browsers take. In the server's loop alone."""

    def __init__(self) -> None:
        """Create it without visits."""
        self._visits: dict[str, Visit] = {}
        self._closed = 0
        self._refreshes = 0
        self._seconds = 0.0
        self._bytes = 0
        self._first_load = True

    def on_request(self, visitor: str, now: float) -> float:
        """Count a request for a refresh.

        Args:
            visitor: A name that the browser has given itself for this loading of the page.
            now: Monotonic seconds.

        Returns:
            Seconds since its last request; infinite for the first.
        """
        visit = self._visits.get(visitor)
        if visit is None:
            while len(self._visits) >= MOST_VISITS:
                self._close(next(iter(self._visits)))
            self._visits[visitor] = Visit(now, now)
            return float("inf")
        waited = now - visit.last
        visit.last = now
        visit.taken += 1
        return waited

    def on_load(self) -> None:
        """Note that the page itself is asked for, the first of its parts."""
        if self._visits or self._closed:
            self._first_load = False
        if self._first_load:  # what asked before has shown nothing
            self._bytes = 0

    def on_bytes(self, count: int) -> None:
        """Count bytes of the page's parts, all but the refreshes."""
        if self._first_load:
            self._bytes += count

    def present(self, now: float) -> int:
        """Return how many browsers are looking."""
        return sum(now - visit.last < GONE for visit in self._visits.values())

    def figures(self) -> dict[str, Any]:
        """Return the figures for JSON.

        `page_hz` are refreshes a second that a browser has taken, over all visits; None without a
        visit. `bytes_first_load` are the bytes of the page's parts, as they were sent but without
        headers, to the first browser that showed it, until the page was loaded again.
        """
        taken = self._refreshes + sum(visit.taken for visit in self._visits.values())
        seconds = self._seconds + sum(visit.seconds for visit in self._visits.values())
        return {
            "page_hz": round(taken / seconds, 2) if seconds > 0 else None,
            "clients": self._closed + len(self._visits),
            "refreshes": taken,
            "bytes_first_load": self._bytes or None,
        }

    def _close(self, visitor: str) -> None:
        visit = self._visits.pop(visitor)
        self._closed += 1
        self._refreshes += visit.taken
        self._seconds += visit.seconds


class CountedApp:
    """Counts the bytes of an ASGI application's answers, without those of the refreshes."""

    def __init__(self, app: App, visits: Visits) -> None:
        """Create it.

        Args:
            app: The application.
            visits: Gets the numbers.
        """
        self._app = app
        self._visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification, version 3."""
        if scope["type"] != "http" or scope["path"] == LIVE or "/_nicegui_ws" in scope["path"]:
            await self._app(scope, receive, send)
            return

        if scope["path"] == "/":
            self._visits.on_load()

        async def counted(message: MutableMapping[str, Any]) -> None:
            self._visits.on_bytes(len(message.get("body", b"")))
            await send(message)

        await self._app(scope, receive, counted)
