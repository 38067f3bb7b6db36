"""Films the page of a running robot or demo while plugs are pulled: an animated WebP.

Usage: python3 tools/page_film.py ADDRESS OUT.webp [--pull image thermal] [--seconds 20]
           [--compare] [--stills FOLDER]

`make demo` in another terminal prints the address. Each plug that is named is pulled in turn, and
put back; the page is taken `--rate` times a second in a window of 1280 x 720 pixels. `--stills`
takes the pictures of docs/how-to/view.md: at three sizes, that of 1920 x 1080 with the synchroniser
and without the pad.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from omnibind_ros.demo.page.visitor import find_browser

WINDOW = (1280, 720)
FLAGS = ("--disable-gpu", "--no-sandbox")
SETTLE = 3.0
"""Seconds until rates and charts show what was done."""

QUALITY = 55
"""Of the film, as WebP counts; 0 to 100."""


def main() -> int:
    """Film, and print how large the file is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("address", help="of the page")
    parser.add_argument("out", type=Path, help="the film, .webp")
    parser.add_argument("--pull", nargs="*", default=["image"], help="sensors, in turn (image)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length (20)")
    parser.add_argument("--rate", type=float, default=2.0, help="pictures a second (2)")
    parser.add_argument("--width", type=int, default=960, help="of the film, pixels (960)")
    parser.add_argument("--compare", action="store_true", help="switch the synchroniser on")
    parser.add_argument(
        "--stills", type=Path, help="write view-1280.jpg and so on into this folder"
    )
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        print("page_film.py: there is no chromium: apt-get install chromium", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS])
        page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
        page.goto(options.address)
        page.wait_for_selector("[data-known].ob-known", timeout=90_000)  # before the first thing
        if options.compare:
            _compare(page, "true")
        pictures = _film(page, options)
        if options.compare:
            _compare(page, "false")
        if options.stills is not None:
            _stills(page, options.stills)
        browser.close()
    size = (options.width, round(options.width * WINDOW[1] / WINDOW[0]))
    frames = [Image.open(io.BytesIO(each)).convert("RGB").resize(size) for each in pictures]
    frames[0].save(
        options.out,
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 / options.rate),
        loop=0,
        quality=QUALITY,
        method=6,
    )
    print(f"{options.out}: {len(frames)} pictures, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _film(page: Any, options: argparse.Namespace) -> list[bytes]:
    """Return PNG pictures of the page, while plugs are pulled and put back."""
    count = round(options.seconds * options.rate)
    steps = [name for name in options.pull for _ in range(2)]  # out, and in again
    clicks = {
        round((place + 1) * count / (len(steps) + 1)): name for place, name in enumerate(steps)
    }
    pictures = []
    begin = time.monotonic()
    for number in range(count):
        if number in clicks:
            page.click(f"[data-plug={clicks[number]}]")
        pictures.append(page.screenshot())
        time.sleep(max(begin + (number + 1) / options.rate - time.monotonic(), 0))
    return pictures


def _compare(page: Any, on: str) -> None:
    """Switch the synchroniser on ("true") or off, and wait until the charts show it."""
    page.click("[data-switch-compare]")
    page.wait_for_selector(f"[data-switch-compare][aria-checked={on}]")
    page.wait_for_timeout(1e3 * SETTLE)


def _stills(page: Any, folder: Path) -> None:
    """Write the page as it is, beside the synchroniser without the pad, and as on a phone."""

    def write(width: int, height: int) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1e3 * SETTLE)
        page.wait_for_selector("[data-known].ob-known", timeout=60_000)  # before a thing
        page.screenshot(path=folder / f"view-{width}.jpg", quality=80)

    write(*WINDOW)
    _compare(page, "true")
    page.click("[data-plug=touch]")
    write(1920, 1080)
    page.click("[data-plug=touch]")
    _compare(page, "false")
    write(390, 844)


if __name__ == "__main__":
    sys.exit(main())
