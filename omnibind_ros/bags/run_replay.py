"""Runs the commands `omnibind bag replay` and `omnibind bag report`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.progress import Progress
from omnibind_ros.runtime.config import PerceptionConfig

from .errors import ReplayError
from .replay.costs import COSTS, PROCESSORS, RESULT
from .replay.feed import bag_name
from .replay.places import find_bag
from .replay.replaying import replay
from .replay.run import Run
from .replay.sensors import Recording, read_parameters, read_recording
from .replay.variation import Variation, parse_variation
from .report.computing import compute
from .report.page import make_page

BAR = 30
"""Characters of the progress bar."""


def run_replay(options: argparse.Namespace) -> int:
    """Replay a bag, and print what the node would have said.

    Args:
        options: Those of `omnibind_ros.bags.commands.add_bag`.

    Raises:
        ValueError: It cannot be; the text is one sentence.
    """
    variation = parse_variation(options.without, options.delay, options.swap)
    _check_out(options.json, "--json")
    bundle, config, recording = _opened(options)
    variation.check(recording.sensors)
    seconds = (recording.end_ns - recording.start_ns) / 1e9
    with _bar(options.quiet) as show:
        run = replay(
            bundle, config, recording, variation, lambda done: show(round(done), round(seconds))
        )
    print(_summary(recording, variation, run))
    if options.json is not None:
        content = {
            "bag": bag_name(recording.bag),
            "bundle": bundle.manifest.model,
            "duration_s": round(run.duration, 6),
            "variation": variation.words(),
            "costs_s": {**COSTS, "result": RESULT, "processors": PROCESSORS},
            **run.as_json(),
        }
        _write(options.json, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return 0 if run.results else 1


def run_report(options: argparse.Namespace) -> int:
    """Write the page of a bag.

    Args:
        options: Those of `omnibind_ros.bags.commands.add_bag`.

    Raises:
        ValueError: It cannot be; the text is one sentence.
    """
    _check_out(options.out, "--out")
    bundle, config, recording = _opened(options)
    lies = read_recording(find_bag(options.lies), {}) if options.lies is not None else None
    began = time.monotonic()
    with _bar(options.quiet) as show:
        workers = options.workers or len(os.sched_getaffinity(0))
        computed = compute(bundle, config, recording, lies, workers, show)
    page = make_page(recording, bundle.manifest.model, computed, lies)
    _write(options.out, page)
    took, seconds = time.monotonic() - began, computed.run.duration
    print(
        f"{options.out}: {seconds:.1f} s of {bag_name(recording.bag)} with "
        f"{len(computed.answers)} answers, {len(page.encode()) / 1e3:.0f} kB; took {took:.1f} s"
    )
    return 0 if computed.run.results else 1


def _opened(options: argparse.Namespace) -> tuple[Bundle, PerceptionConfig, Recording]:
    config, values = read_parameters(options.params)
    recording = read_recording(find_bag(options.bag), values)
    bundle = Bundle.load(resolve_bundle(options.bundle or config.bundle))
    return bundle, config, recording


def _summary(recording: Recording, variation: Variation, run: Run) -> str:
    changed = f" ({', '.join(variation.words())})" if variation.words() else ""
    lines = [
        f"{bag_name(recording.bag)}{changed}: {run.duration:.1f} s, {len(run.results)} results",
        "seconds         label",
    ]
    lines += [
        f"{part.start:6.1f} - {part.end:6.1f}  {part.label or 'no result'}"
        for part in run.said()
        if part.end - part.start >= 0.05
    ]
    lines.append("sensor          weight  encoded of messages")
    for name, weight in run.mean_weights().items():
        figures = run.figures[name]
        lines.append(
            f"{name:<14}  {weight:>5.1%}  {figures['encoded']:>7} of {figures['received']}"
        )
    lines += [f"{who}: {what}" for who, what in run.notes]
    return "\n".join(lines)


def _check_out(file: Path | None, option: str) -> None:
    """Raise ReplayError if a file cannot be written, before anything is computed."""
    if file is None:
        return
    folder = file.parent
    if file.is_dir():
        raise ReplayError(f"{option} {file} is a folder; name a file in it")
    if not folder.is_dir():
        raise ReplayError(f"{option}: the folder {folder} does not exist; make it, or name another")
    if not os.access(folder, os.W_OK):
        raise ReplayError(f"{option}: the folder {folder} is not writable; name another")


def _write(file: Path, content: str) -> None:
    try:
        write_atomic(file, content)
    except OSError as error:
        raise ReplayError(
            f"{file} cannot be written ({error.strerror}); name another file"
        ) from error


@contextmanager
def _bar(quiet: bool) -> Iterator[Progress]:
    """Give a progress bar on standard error, if that is a terminal."""
    shown = not quiet and sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        part = done / total if total else 1.0
        bar = "#" * round(part * BAR)
        print(f"\r[{bar:<{BAR}}] {part:4.0%}", end="", file=sys.stderr, flush=True)

    nothing: Callable[[int, int], Any] = lambda _done, _total: None  # noqa: E731
    try:
        yield show if shown else nothing
    finally:
        if shown:
            print("\r" + " " * (BAR + 8) + "\r", end="", file=sys.stderr, flush=True)
