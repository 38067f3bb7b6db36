"""The verdict on a story, as tables."""

from __future__ import annotations

from rich import box
from rich.table import Table

from .figures import EventFigures, RoomSummary


def events_table(summary: RoomSummary) -> Table:
    """Return a table with a row for each event: before, after, and what it cost."""
    table = Table(title="What happened", title_justify="left", box=box.SIMPLE_HEAD)
    for title in ("event", "object", "best label before", "and after"):
        table.add_column(title, overflow="fold")
    for title in ("longest gap", "named after"):
        table.add_column(title, justify="right", no_wrap=True)
    for event in summary.events:
        table.add_row(
            event.name,
            event.object,
            _label(event.before, event.right_before),
            _label(event.after, event.right_after),
            _figure(event.gap_ms, "ms", 0),
            _named(event),
        )
    return table


def figures_table(summary: RoomSummary) -> Table:
    """Return the table of a story's figures."""
    table = Table(title="Summary", title_justify="left", box=box.SIMPLE, show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    rows = [
        ("objects", f"{summary.objects} in {summary.duration_s:.0f} s"),
        ("results", f"{summary.results} ({summary.results_per_s:.1f} a second)"),
        ("page, refreshes a second", _figure(summary.page_hz, "", 1)),
        ("best label right, share of the time", _percent(summary.right_share)),
        *((f"  {name}", _percent(share)) for name, share in summary.right_share_by_sensors.items()),
        ("right and known", _percent(summary.known_share)),
        ("wrong and known", _percent(summary.wrong_known_share)),
        ("longest time without a result", _figure(summary.longest_gap_ms, "ms", 0)),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _label(label: str, right: bool) -> str:
    colour, mark = ("green", "right") if right else ("red", "wrong")
    return f"[{colour}]{label or '-'}[/] ({mark})"


def _named(event: EventFigures) -> str:
    if event.name.startswith("without"):
        return ""
    return "never" if event.named_s is None else f"{event.named_s:.1f} s"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _figure(value: float | None, unit: str, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f} {unit}".strip()
