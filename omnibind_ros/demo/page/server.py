"""The server of the page: NiceGUI's application, the refreshes, and who may see them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Request, Response
from nicegui import ui

from .counting import LIVE, CountedApp, Visits
from .elements import build_page
from .guard import App, Guard
from .live import Live
from .robot import Robot
from .state import ViewState

PORTS_TRIED = 50
"""Ports after one that is taken which are tried for the advice."""


class PortError(ValueError):
    """The port cannot be used; the text is one sentence with one that can."""


def open_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: Name or address of a network interface of this computer.
        port: The port; 0 for any that is free.

    Raises:
        PortError: The port is taken, or the host is none of this computer.
    """
    try:
        return _listen(host, port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise PortError(
                f"the host {host} is no address of this computer ({error.strerror or error}): use "
                "127.0.0.1, or 0.0.0.0 for all of them"
            ) from error
        free = _free_port(host, max(port + 1, 1024))
        advice = f"use --port {free}" if free else "use another --port"
        if error.errno == errno.EACCES:
            raise PortError(f"port {port} needs rights that you do not have: {advice}") from error
        raise PortError(f"port {port} is taken, perhaps by another page: {advice}") from error


def _listen(host: str, port: int) -> socket.socket:
    family, kind, number, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, number)
    try:
        # The port of a page that has just ended can be used again at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return listening


def _free_port(host: str, first: int) -> int:
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with contextlib.suppress(OSError), _listen(host, port):
            return port
    return 0


def make_app(live: Live, state: ViewState, robot: Robot, visits: Visits, token: str) -> App:
    """Return the ASGI application of the page.

    NiceGUI has one application in a process, so this is called once.

    Args:
        live: Makes the refreshes.
        state: What is shown.
        robot: Takes the requests.
        visits: Counts what is taken.
        token: See `Guard`.
    """
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @api.get(LIVE)
    async def refresh(request: Request) -> Response:
        try:
            data = await live.refresh(request.query_params)
        except ValueError:
            return Response("The request has numbers that are none: reload the page.", 400)
        return Response(
            data, media_type="application/octet-stream", headers={"Cache-Control": "no-store"}
        )

    @ui.page("/", title="omnibind")
    def page() -> None:
        build_page(state, robot)

    ui.run_with(
        api,
        title="omnibind",
        dark=True,
        tailwind=False,  # the page has a style sheet of its own
        binding_refresh_interval=None,
        show_welcome_message=False,
        viewport="width=device-width, initial-scale=1",
    )
    return Guard(CountedApp(api, visits), token)


class Server(uvicorn.Server):
    """Serves until it is told to end; the caller handles the signals."""

    def __init__(self, app: App, listening: socket.socket) -> None:
        """Create it.

        Args:
            app: The application.
            listening: Where to serve.
        """
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,  # a token must not be logged
                timeout_graceful_shutdown=1,
                ws="websockets-sansio",
            )
        )
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # noqa: ANN201, D102
        yield

    def run_until(self, ended: Callable[[], bool]) -> None:
        """Serve.

        Args:
            ended: Whether to end; asked ten times a second.
        """

        async def watch() -> None:
            while not ended() and not self.should_exit:
                await asyncio.sleep(0.1)
            self.should_exit = True

        async def both() -> None:
            await asyncio.gather(self.serve([self._listening]), watch())

        asyncio.run(both())
