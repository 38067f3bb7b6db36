"""Refreshes of the page: the present state and the pictures that a browser does not have yet."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .counting import Visits
from .state import ViewState
from .tiles import Shown, Tiles

FASTEST = 1 / 16
"""Seconds between two refreshes of a browser at least."""

MOST_TILES = 32
"""Pictures in a refresh at most."""


class Live:
    """Makes refreshes. In the server's loop; pictures are converted in threads of its own."""

    def __init__(self, state: ViewState, tiles: Tiles, visits: Visits) -> None:
        """Create it.

        Args:
            state: What is shown.
            tiles: The pictures.
            visits: Counts the refreshes.
        """
        self._state = state
        self._tiles = tiles
        self._visits = visits
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pictures")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def refresh(self, query: Mapping[str, str]) -> bytes:
        """Return a refresh.

        A browser asks for the next one when it has drawn the one before, so that it gets as many
        as it can draw, at most 1 / `FASTEST` a second.

        Args:
            query: Of the request: `visitor`, a name of the browser; `bin` and `revision`, see
                `ViewState.snapshot`; `have`, the numbers of the pictures that it has, such as
                `image:12,thermal:9`.

        Returns:
            uint32 little endian, the length of the JSON; the JSON; the JPEGs. `pictures` of the
            JSON has name, number, bytes and description of each picture that is new.

        Raises:
            ValueError: The query is not as it must be.
        """
        after, revision, have = _numbers(query)
        visitor = query.get("visitor", "")[:64]
        waited = self._visits.on_request(visitor, time.monotonic())
        if waited < FASTEST:
            await asyncio.sleep(FASTEST - waited)
        names = [each.name for each in self._state.sensors][:MOST_TILES]
        loop = asyncio.get_running_loop()
        wanted = [name for name in names if self._tiles.newest(name) > have.get(name, 0)]
        now = time.monotonic()
        shown = await asyncio.gather(
            *(
                loop.run_in_executor(self._threads, self._tiles.picture, name, now)
                for name in wanted
            )
        )
        pictures = [
            (name, one)
            for name, one in zip(wanted, shown, strict=True)
            if one.number > have.get(name, 0)
        ]
        content = self._state.snapshot(time.monotonic(), after, revision)
        content["watching"] = self._visits.present(now)
        return packed(content, pictures)


def packed(content: dict[str, Any], pictures: list[tuple[str, Shown]]) -> bytes:
    """Return a refresh, see `Live.refresh`.

    Args:
        content: The state.
        pictures: Name and content of each picture.
    """
    content["pictures"] = [[name, one.number, len(one.jpeg), one.about] for name, one in pictures]
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([struct.pack("<I", len(text)), text, *(one.jpeg for _, one in pictures)])


def unpacked(data: bytes) -> dict[str, Any]:
    """Return the state in a refresh.

    Raises:
        ValueError: It is none.
    """
    if len(data) < 4:
        raise ValueError("the refresh is cut short")
    size = struct.unpack_from("<I", data)[0]
    try:
        content = json.loads(data[4 : 4 + size])
    except RecursionError as error:
        raise ValueError("the refresh is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError("the refresh is no object")  # noqa: TRY004 - as all else that is wrong
    return content


def _numbers(query: Mapping[str, str]) -> tuple[int, int, dict[str, int]]:
    have = {}
    for part in filter(None, query.get("have", "").split(",")[:MOST_TILES]):
        name, _, number = part.rpartition(":")
        have[name] = int(number)
    return int(query.get("bin", "-1")), int(query.get("revision", "-1")), have
