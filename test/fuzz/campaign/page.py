"""What the page takes from browsers, and what it shows of what strangers may publish."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import time
from functools import cache
from types import SimpleNamespace
from typing import Any

from starlette.datastructures import QueryParams

from omnibind_ros.demo.page.counting import Visits
from omnibind_ros.demo.page.elements import _name_and_switch
from omnibind_ros.demo.page.guard import COOKIE, Guard
from omnibind_ros.demo.page.live import Live, packed, unpacked
from omnibind_ros.demo.page.state import ResultView, SensorView, ViewState
from omnibind_ros.demo.page.tiles import Tiles

from . import message_seeds
from .checks import attempt
from .feed import Feed
from .targets import Target

TOKEN = "a-token-of-the-page"
_visitors = itertools.count()


def _ended(work: Any) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("the coroutine waits")


def guard(data: bytes) -> None:
    """Requests with any headers: none gets in without the token, or under another site's name."""
    feed = Feed(data)
    mode = feed.byte()
    token = TOKEN if mode & 1 else ""
    host, origin, cookie, query = (feed.piece() for _ in range(4))
    named = {b"host": host, b"origin": origin, b"cookie": cookie}
    scope = {
        "type": "websocket" if mode & 2 else "http",
        "headers": [(name, value) for name, value in named.items() if value],
        "query_string": query,
        "raw_path": feed.rest().translate(None, b"\r\n"),  # which servers do not let through
    }
    reached, sent = [], []

    async def app(*_: Any) -> None:
        reached.append(True)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    _ended(Guard(app, token)(scope, receive, send))
    assert bool(reached) != bool(sent)
    if reached and token:
        assert TOKEN.encode() in cookie.replace(b"\\", b"")
    if reached and not token:
        assert any(name in host.lower() for name in (b"localhost", b"127.0.0.1", b"::1"))
    for message in sent:
        for name, value in message.get("headers", ()):
            assert b"\n" not in name + value
            assert b"\r" not in name + value


@cache
def _live() -> tuple[asyncio.AbstractEventLoop, Live]:
    state = _state()
    return asyncio.new_event_loop(), Live(state, Tiles(), Visits())


def _state() -> ViewState:
    state = ViewState("/perception")
    now = time.monotonic()
    state.on_sensors(now, [SensorView("eye", "image", "/image", 2, 10.0, 0.1, 0.01, 3)])
    state.on_result(now, 0.01, ResultView(("cup",), (0.9,), 0.1, True, 1.0, "thing", 0.9))
    return state


def refresh(data: bytes) -> None:
    """Queries of a refresh: answered, or refused by a ValueError, which is the answer 400."""
    loop, live = _live()
    query = dict(QueryParams(data))
    query["visitor"] = str(next(_visitors))  # else the answer waits, as it should
    try:
        answer = loop.run_until_complete(live.refresh(query))
    except ValueError:
        return
    assert unpacked(answer)["node"] == "/perception"


def event(data: bytes) -> None:
    """Events that a browser sends: any JSON."""
    try:
        args = json.loads(data)
    except (ValueError, RecursionError):
        return  # NiceGUI's own parser
    name, on = _name_and_switch(SimpleNamespace(args=args))  # type: ignore[arg-type]
    assert len(name) <= 200
    assert isinstance(on, bool)


def state(data: bytes) -> None:
    """Statuses and results of any node: what is shown of them is JSON."""
    feed = Feed(data)
    shown = ViewState("/perception")
    now = time.monotonic()
    sensors = []
    for _ in range(feed.byte() % 3):
        number, received, rejected = feed.values("BII")
        figures = [feed.number() for _ in range(3)]
        name, reason = feed.text(), feed.text()
        sensors.append(
            SensorView(name, "image", "/eye", number, *figures, received, rejected, reason)
        )
    shown.on_sensors(now, sensors)
    labels = tuple(feed.text() for _ in range(feed.byte() % 3))
    figures = [feed.number() for _ in range(5)]
    result = ResultView(labels, tuple(figures[:2]), figures[2], True, figures[3], "", figures[4])
    latency = feed.number()  # of two integers, so that it is finite
    shown.on_result(now, latency if math.isfinite(latency) else 0.0, result)
    shown.on_weights({each.name: feed.number() for each in sensors})
    answer = unpacked(packed(shown.snapshot(now + 0.6), []))
    assert len(answer["sensors"]) <= len(sensors)


def stamp(data: bytes) -> None:
    """Serialised messages, of which the page reads the stamp alone."""
    from omnibind_ros.nodes.view_topics import read_stamp  # noqa: PLC0415 - it needs ROS

    assert math.isfinite(read_stamp(data))


def parcel(data: bytes) -> None:
    """Refreshes as `omnibind view --visit` takes them from a server."""
    try:
        unpacked(data)
    except ValueError:
        return


@cache
def _pictures() -> dict[str, Tiles]:
    from . import messages  # noqa: PLC0415 - only this target needs it

    taken = {"image": messages.picture, "thermal": messages.picture}
    tiles = Tiles()
    for modality, take in taken.items():
        encodings = messages.COLOURS if modality == "image" else messages.HEAT

        def deserialise(data: bytes, take: Any = take, encodings: Any = encodings) -> Any:
            message, feed = take(data, encodings)
            message.data = feed.rest()
            return message

        tiles.open(modality, modality, "sensor_msgs/msg/Image", deserialise)
    return {"all": tiles}


def pictures(data: bytes) -> None:
    """Messages of sensors that a browser wants to see: a picture, or a sentence in its place."""
    tiles = _pictures()["all"]
    for name in ("image", "thermal"):
        tiles.offer(name, data)
        shown = tiles.picture(name, time.monotonic() + next(_visitors))
        problem = shown.about.get("problem", "")
        assert "cannot be shown" not in problem, problem
        json.dumps(shown.about, allow_nan=False)
        if problem:

            def refuse(problem: str = problem) -> None:
                raise ValueError(problem)

            attempt(refuse, ValueError)
        else:
            assert shown.jpeg.startswith(b"\xff\xd8")


def _pieces(*pieces: bytes) -> bytes:
    return b"".join(bytes((len(piece),)) + piece for piece in pieces)


def guard_seeds() -> list[bytes]:
    cookie = f"{COOKIE}={TOKEN}".encode()
    return [
        b"\0" + _pieces(b"localhost:8080", b"http://localhost:8080", b"", b"") + b"/",
        b"\0" + _pieces(b"[::1]:8080", b"", b"", b"") + b"/",
        b"\1" + _pieces(b"robot:8080", b"http://robot:8080", cookie, b"") + b"/",
        b"\1" + _pieces(b"robot:8080", b"", b"", b"token=" + TOKEN.encode()) + b"/?token=1",
        b"\3" + _pieces(b"robot:8080", b"http://evil", cookie + b"; a=b", b"token=%ff") + b"/",
    ]


def refresh_seeds() -> list[bytes]:
    return [b"visitor=1&bin=-1&revision=3&have=eye:1,ear:2", b"bin=99999999999999999999"]


def event_seeds() -> list[bytes]:
    return [b'{"name": "eye", "on": true}', b"[1, 2]", b'{"name": {"a": 1e999}}', b'"\\ud800"']


def state_seeds() -> list[bytes]:
    one = bytes((2,)) + bytes(8) + bytes((2, 3, 4)) + _pieces(b"eye", b"it sees nothing")
    return [b"\1" + one + b"\1" + _pieces(b"cup") + bytes(range(8))]


def stamp_seeds() -> list[bytes]:
    return [b"\0\1\0\0" + bytes(range(8)), b"\0\0\0\0" + b"\xff" * 8]


def unpacked_seeds() -> list[bytes]:
    return [packed(_state().snapshot(time.monotonic()), [])[:1500], b"\2\0\0\0{}", b"\3\0\0\0nul"]


def pictures_seeds() -> list[bytes]:
    return message_seeds.image_seeds() + [
        seed[:14] + seed[17:] for seed in message_seeds.thermal_seeds()
    ]


TARGETS = {
    "guard": Target(guard, guard_seeds),
    "refresh": Target(refresh, refresh_seeds, 512),
    "event": Target(event, event_seeds, 512),
    "state": Target(state, state_seeds, 512),
    "stamp": Target(stamp, stamp_seeds, 64),
    "unpacked": Target(parcel, unpacked_seeds, 2048),
    "pictures": Target(pictures, pictures_seeds),
}
