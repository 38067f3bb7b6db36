"""The demo in the terminal: the table of the present state, and the table of figures."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from omnibind_ros.runtime.presence import Presence

from .figures import DemoSummary
from .record import DemoRecord
from .story import LABELS

PRESENCE: dict[int, tuple[str, str]] = {
    Presence.ABSENT: (Presence.ABSENT.name, "bright_black"),
    Presence.STALE: (Presence.STALE.name, "yellow"),
    Presence.FRESH: (Presence.FRESH.name, "green"),
    Presence.FAULT: (Presence.FAULT.name, "red"),
}
"""Name and colour of each presence."""


class Display(AbstractContextManager["Display"]):
    """Shows a run: as a table on a terminal, elsewhere as a line every few seconds."""

    def __init__(
        self, record: DemoRecord, console: Console, table: bool, every: float = 5.0
    ) -> None:
        """Create a display.

        Args:
            record: The run.
            console: Where to write.
            table: Whether to show the table, if the console is a terminal.
            every: Seconds between lines without the table.
        """
        self._record = record
        self._console = console
        self._every = every
        self._next_line = -math.inf
        self._table: Live | None = None
        if table and console.is_terminal:
            self._table = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Display:
        """Show the table."""
        if self._table:
            self._table.start()
        return self

    def __exit__(self, *_: Any) -> None:
        """Remove the table."""
        if self._table:
            self._table.stop()

    def update(self, now: float, left: float) -> None:
        """Show the present state.

        Args:
            now: Time on the record's clock.
            left: Seconds until the run ends.
        """
        if self._table:
            self._table.update(render(self._record, now, left), refresh=True)
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
    """Return the table of the present state."""
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
        weight = used.get(row.name, 0.0) if row.state == Presence.FRESH else 0.0
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
    for row_index in range(5):  # always five rows, so that the table keeps its height
        if latest is None or row_index >= len(latest.labels):
            labels.add_row("", "")
            continue
        label, probability = latest.labels[row_index], latest.probabilities[row_index]
        style = "dim"
        if row_index == 0:
            style = "bold green" if label == LABELS.get(shown) else "bold"
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
