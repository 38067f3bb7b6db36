"""Pieces of a report in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of a head and rows of cells."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def percent(value: float | None) -> str:
    """Return a percentage with one decimal, without its unit; '' for None."""
    return "" if value is None else f"{value:.1f}"
