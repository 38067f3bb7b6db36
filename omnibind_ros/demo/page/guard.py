"""Who may see the page: browsers on this computer, or those that have the token."""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "omnibind_view"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]*)?")
"""A Host header: a name or an address, in brackets if it is of IPv6, and perhaps a port."""

NO_TOKEN = (
    "The token is missing or wrong: open the address that `omnibind view` has printed, with its "
    "token, once."
)
OTHER_SITE = (
    "The request comes from another site and was refused: open the page by its own address."
)


def is_loopback(host: str) -> bool:
    """Return whether a server on a host can be reached from the same computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(24)


class Guard:
    """Lets requests through to an ASGI application, or refuses them in one sentence.

    With a token: a request needs it in its cookie; an address that ends in ?token=... sets the
    cookie and leads to the same address without it. Without a token: the request's Host must be a
    name of this computer, so that no other site reaches the page under a name of its own (DNS
    rebinding). In both cases a request that names its origin must come from the page itself.
    """

    def __init__(self, app: App, token: str) -> None:
        """Create it.

        Args:
            app: The application.
            token: The token; empty: the server is on a loopback address, none is needed.
        """
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification, version 3."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        origin = headers.get("origin", "")
        if origin and origin.partition("://")[2] != host:
            await _refuse(scope, receive, send, OTHER_SITE)
        elif not self._token:
            if _name(host) in LOCAL_NAMES:
                await self._app(scope, receive, send)
            else:
                await _refuse(scope, receive, send, OTHER_SITE)
        elif self._right(_cookie(headers.get("cookie", ""))):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and self._right(_given(scope)):
            await self._remember(scope, send)
        else:
            await _refuse(scope, receive, send, NO_TOKEN)

    def _right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)

    async def _remember(self, scope: Scope, send: Send) -> None:
        cookie = f"{COOKIE}={self._token.decode()}; HttpOnly; SameSite=Lax; Path=/"
        headers = [
            (b"location", (scope.get("raw_path") or b"/").split(b"?")[0] or b"/"),
            (b"set-cookie", cookie.encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _name(host: str) -> str:
    """Return the name of a Host header, without the port; '' if it is none.

    `urllib.parse` takes `robot[::1]` for `::1`, and raises ValueError for other brackets.
    """
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else ""


def _given(scope: Scope) -> str:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query.get("token", [""])[0]


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = sentence.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
