"""A visitor of the page without a screen, so that its refreshes are measured with a real client."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin

from omnibind_ros.child_program import ending_with_parent

from .live import FASTEST, unpacked

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Programs that show the page, the first one there is."""

FLAGS = (
    "--headless",
    "--no-first-run",
    "--no-sandbox",  # a container has no user namespaces; it visits the own page alone
    "--disable-gpu",  # the page has no WebGL; drawn by a GL in software, it is several times slower
    "--window-size=1280,720",
    "--remote-debugging-port=0",  # keeps a headless browser open
)
"""Options of a browser without a screen."""


def find_browser() -> str | None:
    """Return the path of a browser, None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def visit(
    url: str, duration: float, stop: threading.Event | None = None, browser: bool = True
) -> dict[str, Any]:
    """Look at the page for some time.

    A story without a screen calls this in a thread, or runs `omnibind view --visit URL --duration
    S` beside `omnibind view --json FILE`. `page_hz` is in that FILE at the end of `omnibind view`:
    the server counts what visitors take. Where there is a browser (`BROWSERS`), it draws the page
    in a headless process; elsewhere a plain client takes the same refreshes and draws nothing, so
    say which it was (`client`).

    Args:
        url: Address of the page, with its token where it has one.
        duration: Seconds.
        stop: Set to end earlier.
        browser: Whether to use a browser where there is one.

    Returns:
        `client` ("chromium" or "plain") and `seconds`; of the plain client also `refreshes` and
        `page_hz`.

    Raises:
        ValueError: The page cannot be reached; the text is one sentence.
    """
    stop = stop or threading.Event()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    try:
        # A token in the address becomes a cookie here.
        with opener.open(url, timeout=10) as answer:
            address = answer.geturl()
            answer.read()
    except (OSError, ValueError) as error:
        place, why = url.partition("?")[0], getattr(error, "reason", error)
        raise ValueError(
            f"the page {place} cannot be opened ({why}): start omnibind view, and give the address "
            "that it prints"
        ) from error
    program = find_browser() if browser else None
    if program is not None:
        return _visit_with_browser(program, url, duration, stop)
    return _visit_plainly(opener, address, duration, stop)


def _visit_with_browser(
    program: str, url: str, duration: float, stop: threading.Event
) -> dict[str, Any]:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="omnibind-view-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            ending_with_parent([program, *FLAGS, f"--user-data-dir={folder}", url]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while not stop.wait(0.2) and time.monotonic() - begun < duration:
                if process.poll() is not None:
                    raise ValueError(
                        f"{program} ended with status {process.returncode} instead of showing the "
                        "page: try it by hand with --headless"
                    )
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return {"client": "chromium", "seconds": round(time.monotonic() - begun, 2)}


def _visit_plainly(
    opener: urllib.request.OpenerDirector, address: str, duration: float, stop: threading.Event
) -> dict[str, Any]:
    begun = time.monotonic()
    newest, revision, refreshes = -1, -1, 0
    have: dict[str, int] = {}
    while not stop.is_set() and time.monotonic() - begun < duration:
        asked = time.monotonic()
        query = {
            "visitor": f"plain-{begun}",
            "bin": newest,
            "revision": revision,
            "have": ",".join(f"{name}:{number}" for name, number in have.items()),
        }
        try:
            with opener.open(urljoin(address, f"live?{urlencode(query)}"), timeout=10) as answer:
                content = unpacked(answer.read())
        except (OSError, ValueError) as error:
            raise ValueError(
                f"the page stopped giving refreshes after {refreshes} ({error}): look at its log"
            ) from error
        newest, revision = content["bin"], content["revision"]
        have.update((name, number) for name, number, *_ in content["pictures"])
        refreshes += 1
        stop.wait(max(asked + FASTEST - time.monotonic(), 0.0))
    seconds = time.monotonic() - begun
    return {
        "client": "plain",
        "seconds": round(seconds, 2),
        "refreshes": refreshes,
        "page_hz": round(refreshes / seconds, 2) if seconds > 0 else None,
    }
