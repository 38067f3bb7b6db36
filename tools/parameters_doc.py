"""Write docs/parameters.md from the dataclasses that declare the parameters."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from omnibind_ros.runtime.config import PerceptionConfig, SensorConfig


def table(kind: type) -> str:
    """Return the Markdown table of a dataclass's parameters."""
    rows = [
        "| parameter | default | allowed | at run time | what |",
        "| --- | --- | --- | --- | --- |",
    ]
    default = kind()
    for spec in fields(kind):
        meta = spec.metadata
        allowed = ", ".join(c or "empty" for c in meta["choices"]) or (
            f"{meta['low']:g} .. {meta['high']:g}" if meta["low"] is not None else "any"
        )
        shown = getattr(default, spec.name)
        rows.append(
            f"| `{spec.name}` | `{shown!r}` | {allowed} | "
            f"{'yes' if meta['live'] else 'at configure'} | {meta['description']} |"
        )
    return "\n".join(rows)


def document() -> str:
    """Return the whole page."""
    return (
        "# Parameters of the perception node\n\nWritten by `python3 tools/parameters_doc.py`.\n\n"
        f"{table(PerceptionConfig)}\n\nFor each sensor, under `sensor.NAME.`:\n\n"
        f"{table(SensorConfig)}\n"
    )


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"
    path.write_text(document(), encoding="utf-8")
