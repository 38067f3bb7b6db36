"""The demo's record of what perception published, its figures, and its table in the terminal."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from omnibind_ros.runtime.presence import Presence

EXPECTED = {
    "astronaut": "person",
    "camera": "camera",
    "chelsea": "cat",
    "coffee": "cup",
    "motorcycle_left": "motorcycle",
    "rocket": "rocket",
}
"""The right label of each photograph, by file stem."""

SENTENCES = {
    "astronaut": "there is a person in front of me",
    "camera": "he is taking pictures with his camera",
    "chelsea": "a cat is looking at me",
    "coffee": "i can see a cup of coffee",
    "motorcycle_left": "someone has parked a motorcycle here",
    "rocket": "a rocket stands on the launch pad",
}
"""What a person might say who looks at the same photograph."""

SETTLE = 0.5
"""Seconds after a change of subject in which results are not scored."""

ABSENT, STALE, FRESH, FAULT = Presence
PRESENCE: dict[int, tuple[str, str]] = {
    ABSENT: (ABSENT.name, "bright_black"),
    STALE: (STALE.name, "yellow"),
    FRESH: (FRESH.name, "green"),
    FAULT: (FAULT.name, "red"),
}
"""Name and colour of each presence."""


@dataclass(frozen=True)
class SensorRow:
    """One sensor of ~/sensors; times in seconds."""

    name: str
    modality: str
    state: int
    rate: float
    age: float
    latency: float
    received: int
    encoded: int
    dropped: int
    rejected: int
    reason: str = ""


@dataclass(frozen=True)
class Labels:
    """One ~/recognition: labels best first, and what they rest on."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    known: bool
    sensors: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass
class DemoSummary:
    """The figures of a run; None where nothing could be measured.

    Attributes:
        results: Results received.
        results_per_s: Results a second, from the first one to the end of the run.
        right_share: Share of scored results whose best label was right.
        latency_p50_ms: From header.stamp to the result's arrival; median.
        latency_p99_ms: The same, 99th percentile.
        arrived_share: Camera frames received by perception, of those published to it.
        longest_gap_ms: Longest time without a result while the camera was plugged in.
        start_s: From the start of the perception process to its first result.
        rss_mb: Peak resident memory of the perception process.
        oldest_frame_ms: Age of the oldest frame that a result used while plugged in.
        plug_to_result_ms: From plugging in again to the first result with the camera in it.
        known_share: Share of scored results that were not called unknown.
        torch_imported: Whether the perception process had loaded torch.
        stale_seen: Whether the unplugged camera was seen to be STALE.
        absent_seen: Whether the unplugged camera was seen to be ABSENT.
        subjects: Share of right results for each subject shown.
    """

    results: int = 0
    results_per_s: float = 0.0
    right_share: float = 0.0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    arrived_share: float | None = None
    longest_gap_ms: float | None = None
    start_s: float | None = None
    rss_mb: float | None = None
    oldest_frame_ms: float | None = None
    plug_to_result_ms: float | None = None
    known_share: float | None = None
    torch_imported: bool | None = None
    stale_seen: bool = False
    absent_seen: bool = False
    subjects: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return a dictionary of JSON types, figures rounded to four digits behind the point."""

        def tidy(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: tidy(inner) for key, inner in value.items()}
            return round(value, 4) if isinstance(value, float) else value

        return {key: tidy(value) for key, value in asdict(self).items()}

    def verdict(self) -> str:
        """Return one sentence on what failed; empty if the run was good."""
        if not self.results:
            return "perception published no result."
        if not self.right_share:
            return "perception published results, but recognised nothing right."
        return ""


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile, interpolated between neighbours; None without values."""
    if not values:
        return None
    return float(np.percentile(values, min(max(percent, 0.0), 100.0)))


class DemoRecord:
    """Collects what happens in a run. Thread-safe; times are seconds on one monotonic clock."""

    def __init__(self) -> None:
        """Begin."""
        self._lock = threading.RLock()
        self._spawned = 0.0
        self._end: float | None = None
        self._first: float | None = None
        self._last: float | None = None
        self._recent: deque[float] = deque()
        self._results = 0
        self._latencies: list[float] = []
        self._longest_gap: float | None = None
        self._oldest_frame: float | None = None
        self._subject = ""
        self._subject_since = -math.inf
        self._scores: dict[str, list[bool]] = {}
        self._known = 0
        self._plugged = True
        self._unplugged_once = False
        self._replugged: float | None = None
        self._plug_to_result: float | None = None
        self._seen: set[int] = set()
        self._modalities: dict[str, str] = {}
        self._published = 0
        self.sensors: tuple[SensorRow, ...] = ()
        self.sensors_at = -math.inf
        self.latest: Labels | None = None

    @property
    def subject(self) -> str:
        """The subject that is shown."""
        return self._subject

    @property
    def subject_since(self) -> float:
        """When the subject was changed last."""
        return self._subject_since

    @property
    def plugged(self) -> bool:
        """Whether the camera is plugged in."""
        return self._plugged

    @property
    def results(self) -> int:
        """How many results have come."""
        return self._results

    def on_spawn(self, now: float) -> None:
        """Take note that the perception process is being started."""
        with self._lock:
            self._spawned = now

    def on_subject(self, now: float, subject: str) -> None:
        """Take note of a change of subject."""
        with self._lock:
            self._subject, self._subject_since = subject, now

    def on_plugged(self, now: float, plugged: bool) -> None:
        """Take note that the camera was plugged in or unplugged."""
        with self._lock:
            if plugged == self._plugged or self._end is not None:
                return
            if plugged:
                self._replugged = now
            else:
                self._close_gap(now)
                self._unplugged_once = True
            self._last = None
            self._plugged = plugged

    def on_published(self, count: int) -> None:
        """Take note of how many frames the camera has sent to somebody."""
        with self._lock:
            self._published = count

    def on_result(self, now: float, latency: float, result: Labels) -> None:
        """Take note of a result.

        Args:
            now: When it arrived.
            latency: Seconds since its header.stamp.
            result: What it says.
        """
        with self._lock:
            if self._end is not None:
                return
            self._results += 1
            self.latest = result
            if self._first is None:
                self._first = now
            self._recent.append(now)
            self._score(now, result)
            if not self._plugged or not self._sees(result.sensors):
                return
            # Words have no stamp, and an unplugged camera's last frame only gets older:
            # latency and gaps are those of a camera that is there.
            self._latencies.append(latency)
            if self._replugged is not None and self._plug_to_result is None:
                self._plug_to_result = now - self._replugged
            self._close_gap(now)
            self._last = now

    def on_embedding(self, modalities: Sequence[str], ages: Sequence[float]) -> None:
        """Take note of a fused embedding: what it was fused from, and how old that was."""
        frames = [a for name, a in zip(modalities, ages, strict=False) if name == "image"]
        with self._lock:
            if frames and self._plugged and self._end is None:
                self._oldest_frame = max(*frames, self._oldest_frame or 0.0)

    def on_sensors(self, now: float, rows: Sequence[SensorRow]) -> None:
        """Take note of the sensor table."""
        with self._lock:
            self.sensors, self.sensors_at = tuple(rows), now
            self._modalities.update((row.name, row.modality) for row in rows)
            if self._unplugged_once and self._end is None:
                self._seen.update(row.state for row in rows if row.modality == "image")

    def finish(self, now: float) -> None:
        """End the run: what still comes is not counted, but for the two sides' frame counts."""
        with self._lock:
            if self._plugged:
                self._close_gap(now)
            self._end = now

    def rate(self, now: float, window: float = 2.0) -> float:
        """Return the results a second over the last seconds."""
        with self._lock:
            while self._recent and self._recent[0] < now - window:
                self._recent.popleft()
            return len(self._recent) / window

    def latency(self, percent: float) -> float | None:
        """Return a percentile of the latencies in milliseconds."""
        with self._lock:
            return percentile([1e3 * value for value in self._latencies], percent)

    def summary(self, rss_mb: float | None = None, torch: bool | None = None) -> DemoSummary:
        """Return the run's figures.

        Args:
            rss_mb: Peak resident memory of the perception process.
            torch: Whether it had loaded torch.
        """
        with self._lock:
            scores = [right for marks in self._scores.values() for right in marks]
            lasted = 0.0
            if self._first is not None and self._end is not None:
                lasted = self._end - self._first
            received = sum(row.received for row in self.sensors if row.modality == "image")
            return DemoSummary(
                results=self._results,
                results_per_s=self._results / lasted if lasted > 0 else 0.0,
                right_share=sum(scores) / len(scores) if scores else 0.0,
                latency_p50_ms=self.latency(50),
                latency_p99_ms=self.latency(99),
                arrived_share=min(received / self._published, 1.0) if self._published else None,
                longest_gap_ms=_milli(self._longest_gap),
                start_s=None if self._first is None else self._first - self._spawned,
                rss_mb=rss_mb,
                oldest_frame_ms=_milli(self._oldest_frame),
                plug_to_result_ms=_milli(self._plug_to_result),
                known_share=self._known / len(scores) if scores else None,
                torch_imported=torch,
                stale_seen=STALE in self._seen,
                absent_seen=ABSENT in self._seen,
                subjects={name: sum(m) / len(m) for name, m in self._scores.items() if m},
            )

    def _sees(self, sensors: Sequence[str]) -> bool:
        return any(self._modalities.get(name, "image") == "image" for name in sensors)

    def _close_gap(self, now: float) -> None:
        if self._last is not None:
            self._longest_gap = max(self._longest_gap or 0.0, now - self._last)

    def _score(self, now: float, result: Labels) -> None:
        expected = EXPECTED.get(self._subject)
        if expected is None or now - self._subject_since < SETTLE:
            return
        right = bool(result.labels) and result.labels[0] == expected
        self._scores.setdefault(self._subject, []).append(right)
        self._known += result.known


def _milli(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds


# The terminal.


class Display(AbstractContextManager["Display"]):
    """Shows a run: a live table on a terminal, a line every few seconds elsewhere."""

    def __init__(
        self, record: DemoRecord, console: Console, table: bool, every: float = 5.0
    ) -> None:
        """Get ready.

        Args:
            record: The run.
            console: Where to write.
            table: Whether to draw the table, if the console is a terminal.
            every: Seconds between lines where there is no table.
        """
        self._record = record
        self._console = console
        self._every = every
        self._next_line = -math.inf
        self._live: Live | None = None
        if table and console.is_terminal:
            self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Display:
        """Start drawing."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        """Stop drawing."""
        if self._live:
            self._live.stop()

    def update(self, now: float, left: float) -> None:
        """Show the present state.

        Args:
            now: Time on the record's clock.
            left: Seconds until the run ends.
        """
        if self._live:
            self._live.update(render(self._record, now, left), refresh=True)
        elif now >= self._next_line:
            self._next_line = now + self._every
            self._console.print(line(self._record, now), highlight=False, soft_wrap=True)


def line(record: DemoRecord, now: float) -> str:
    """Return the present state as a line of text."""
    sensors = ", ".join(
        f"{row.name} {PRESENCE.get(row.state, ('?', ''))[0]} {row.rate:.1f} Hz"
        for row in record.sensors
    )
    latest = record.latest
    label = "nothing yet"
    if latest is not None and latest.labels:
        label = f"{latest.labels[0]} {latest.probabilities[0]:.0%}"
        label += "" if latest.known else " (unknown)"
    return (
        f"{record.subject or '-'}: {label} | {record.rate(now):.1f} results/s, p99 "
        f"{_figure(record.latency(99), 'ms')} | {sensors or 'perception is starting'}"
    )


def render(record: DemoRecord, now: float, left: float) -> Group:
    """Return the live table."""
    # Narrow enough for a terminal of 80 columns.
    sensors = Table(
        title="Sensors", title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False
    )
    for title in ("name", "modality", "presence"):
        sensors.add_column(title, no_wrap=True)
    for title in ("Hz", "age", "latency", "received", "encoded", "dropped", "rejected"):
        sensors.add_column(title, justify="right", no_wrap=True, min_width=4)
    latest = record.latest
    used = {}
    if latest is not None:
        used = dict(zip(latest.sensors, latest.weights, strict=False))
    weights = Text("Weights ", style="italic")
    for row in record.sensors:
        name, colour = PRESENCE.get(row.state, ("?", "red"))
        weight = used.get(row.name, 0.0) if row.state == FRESH else 0.0
        weights.append(f"  {row.name} {_bar(weight, 8)} {weight:4.2f}", style="not italic")
        sensors.add_row(
            row.name,
            row.modality,
            Text(name, style=colour),
            f"{row.rate:.1f}",
            _span(row.age if row.received else None),
            _span(row.latency if row.encoded else None),
            *(str(count) for count in (row.received, row.encoded, row.dropped, row.rejected)),
        )
    faults = [
        Text(f"{row.name}: {row.reason}", style="red") for row in record.sensors if row.reason
    ]

    shown = record.subject or "-"
    labels = Table(
        title=Text(f"Labels (the camera shows: {shown})", style="table.title"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    labels.add_column("label", no_wrap=True, width=28)
    labels.add_column("probability", no_wrap=True, width=46)
    for row_index in range(5):  # always as many rows, so that the table stands still
        if latest is None or row_index >= len(latest.labels):
            labels.add_row("", "")
            continue
        label, probability = latest.labels[row_index], latest.probabilities[row_index]
        style = "dim"
        if row_index == 0:
            style = "bold green" if label == EXPECTED.get(shown) else "bold"
            label += "" if latest.known else " (unknown)"
        labels.add_row(
            Text(label, style=style), Text(f"{_bar(probability, 38)} {probability:6.1%}", style)
        )
    plug = Text("plugged in" if record.plugged else "UNPLUGGED")
    plug.stylize("green" if record.plugged else "bold yellow")
    p50, p99 = (_figure(record.latency(percent), "ms") for percent in (50, 99))
    footer = Text.assemble(
        f"{record.results} results, {record.rate(now):.1f}/s | p50 {p50}, p99 {p99} | camera ",
        plug,
        f" | {max(left, 0.0):.0f} s left",
    )
    return Group(sensors, weights, *faults, Text(), labels, footer)


def summary_table(summary: DemoSummary) -> Table:
    """Return the table of a run's figures."""
    table = Table(title="Summary", title_justify="left", box=box.SIMPLE, show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    subjects = ", ".join(f"{name} {share:.0%}" for name, share in summary.subjects.items())
    rows = (
        ("results", f"{summary.results} ({summary.results_per_s:.1f} a second)"),
        ("best label right", f"{summary.right_share:.1%}"),
        ("  by subject", subjects or "-"),
        ("latency p50", _figure(summary.latency_p50_ms, "ms")),
        ("latency p99", _figure(summary.latency_p99_ms, "ms")),
        ("oldest frame used", _figure(summary.oldest_frame_ms, "ms")),
        ("frames arrived", _figure(_percent(summary.arrived_share), "%")),
        ("longest gap while plugged in", _figure(summary.longest_gap_ms, "ms")),
        ("plugged in again to result", _figure(summary.plug_to_result_ms, "ms")),
        (
            "camera seen when unplugged",
            ", ".join(
                name
                for name, seen in (("STALE", summary.stale_seen), ("ABSENT", summary.absent_seen))
                if seen
            )
            or "-",
        ),
        ("start to first result", _figure(summary.start_s, "s", 2)),
        ("peak memory", _figure(summary.rss_mb, "MB")),
        ("torch loaded", {True: "yes", False: "no", None: "-"}[summary.torch_imported]),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _figure(value: float | None, unit: str, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f} {unit}"


def _span(seconds: float | None) -> str:
    """Write a time in at most eight characters."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    return f"{1e3 * seconds:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _bar(share: float, width: int) -> str:
    """Draw a share of one, in eighths of a character."""
    if not math.isfinite(share):
        return " " * width
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    bar = "█" * (eighths // 8) + ("", *"▏▎▍▌▋▊▉")[eighths % 8]
    return bar.ljust(width)
