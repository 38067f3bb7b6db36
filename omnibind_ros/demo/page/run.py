"""The commands `omnibind view` and `omnibind view --visit`."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from omnibind_ros.atomic_files import write_atomic

from .counting import Visits
from .guard import is_loopback, new_token
from .live import Live
from .robot import Robot
from .server import Server, make_app, open_port
from .state import ViewState
from .tiles import Tiles

Connect = Callable[[str, str, ViewState, Tiles], AbstractContextManager[Robot]]
"""(perception node, simulator node, state, tiles) -> what takes requests, until the with ends."""


@dataclass(frozen=True)
class ViewOptions:
    """Options of the command.

    Attributes:
        node: Full name of the perception node.
        simulator: Full name of the simulated robot's node.
        host: Where to serve.
        port: Likewise; 0: any free one.
        browser: Whether to open the page where there is a desktop.
        duration: Seconds until it ends; None: until it is stopped.
        json_file: Where to write the figures; None: nowhere.
    """

    node: str = "/perception"
    simulator: str = "/robot_simulator"
    host: str = "127.0.0.1"
    port: int = 8080
    browser: bool = True
    duration: float | None = None
    json_file: Path | None = None


def run_view(options: ViewOptions, connect: Connect) -> int:
    """Serve the page until SIGINT, SIGTERM, SIGHUP or the end of the duration.

    Args:
        options: See `ViewOptions`.
        connect: Connects to the robot.

    Returns:
        The exit status.

    Raises:
        ValueError: The port or the host cannot be used; the text is one sentence.
        OSError: The figures cannot be written.
    """
    stop = _stop_event()
    state, tiles, visits = ViewState(options.node), Tiles(), Visits()
    with open_port(options.host, options.port) as listening:
        token = "" if is_loopback(options.host) else new_token()
        address = _address(listening, options.host, token)
        live = Live(state, tiles, visits)
        try:
            with connect(options.node, options.simulator, state, tiles) as robot:
                server = Server(make_app(live, state, robot, visits, token), listening)
                print(f"The page is at {address} (end with Ctrl-C).", flush=True)
                if options.browser:
                    threading.Thread(target=_open_browser, args=(address,), daemon=True).start()
                end = time.monotonic() + (options.duration or float("inf"))
                server.run_until(lambda: stop.is_set() or time.monotonic() >= end)
        finally:
            live.close()
            if options.json_file is not None:
                _write(visits.figures(), options.json_file)
    return 0


def _stop_event() -> threading.Event:
    """Return an event that the signals set which end a program."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    return stop


def _address(listening: socket.socket, host: str, token: str) -> str:
    """Return the page's address; for all interfaces, that of this computer's name."""
    port = listening.getsockname()[1]
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def _open_browser(address: str) -> None:
    if sys.platform == "linux" and not (os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}):
        return  # no desktop: a browser in the terminal would take the terminal
    try:
        webbrowser.get()
    except webbrowser.Error:  # there is none: the address is printed
        return
    webbrowser.open(address)


def _write(figures: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, json.dumps(figures, indent=2) + "\n")


def run_visit(url: str, duration: float, json_file: Path | None = None) -> int:
    """Look at a page for some time, without a screen, and print what was seen.

    Args:
        url: Address of the page, with its token where it has one.
        duration: Seconds.
        json_file: Where to write the same as JSON; None: nowhere.

    Returns:
        The exit status: 1 if no refresh arrived.

    Raises:
        ValueError: The page cannot be reached; the text is one sentence.
        OSError: The figures cannot be written.
    """
    from .visitor import visit  # noqa: PLC0415 - the page itself needs no visitor

    figures = visit(url, duration, _stop_event())
    if json_file is not None:
        _write(figures, json_file)
    print(json.dumps(figures), flush=True)
    if figures["client"] == "plain" and not figures["refreshes"]:
        print("omnibind view: the page gave no refresh.", file=sys.stderr)
        return 1
    return 0
