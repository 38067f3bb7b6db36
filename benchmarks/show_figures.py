"""How a benchmark ends: its figures as a table, and as JSON on request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def show_figures(figures: Mapping[str, Any], file: Path | None, json_only: str = "") -> None:
    """Print figures, and write them to a file if one is given.

    Args:
        figures: By name.
        file: Of the JSON; None for none.
        json_only: Name of a figure that is too long for the table.

    Raises:
        OSError: The file cannot be written.
    """
    table = Table("what", "figure")
    for key, value in figures.items():
        if key != json_only:
            table.add_row(key, str(value))
    Console().print(table)
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
