"""Write docs/reference/parameters.md from the dataclasses that declare the parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from omnibind_ros.runtime.config import PerceptionConfig, SensingConfig, SensorConfig
from omnibind_ros.sensors import SensorRegistry, SensorType
from omnibind_ros.simulation.robot.config import RobotConfig


def table(kind: type, leave_out: Iterable[str] = (), else_: str = "at configure") -> str:
    """Return the Markdown table of a dataclass's parameters.

    Args:
        kind: The dataclass.
        leave_out: Parameters that are not shown.
        else_: When those are read that cannot be changed at run time.
    """
    rows = [
        "| parameter | default | allowed | at run time | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    left_out = set(leave_out)
    shown = [spec for spec in fields(kind) if spec.name not in left_out]
    rows += [_row(spec, getattr(kind(), spec.name), else_) for spec in shown]
    return "\n".join(rows)


def _row(spec: Field[Any], default: Any, else_: str) -> str:
    meta = spec.metadata
    allowed = ", ".join(c or "empty" for c in meta["choices"]) or (
        f"{meta['low']:g} .. {meta['high']:g}" if meta["low"] is not None else "any"
    )
    return (
        f"| `{spec.name}` | `{default!r}` | {allowed} | "
        f"{'yes' if meta['at_run_time'] else else_} | {meta['description']} |"
    )


def option_tables() -> str:
    """Return a table for each set of parameters that only some sensor types have."""
    groups: dict[type, list[SensorType]] = {}
    for kind in SensorRegistry.installed():
        if fields(kind.options):
            groups.setdefault(kind.options, []).append(kind)
    return "\n\n".join(
        f"**{kinds[0].modality}** ({', '.join(kind.message for kind in kinds)}):\n\n"
        f"{table(options)}"
        for options, kinds in groups.items()
    )


def document() -> str:
    """Return the whole page."""
    common = [spec.name for spec in fields(SensingConfig)]
    return (
        "# Parameters\n\nWritten by `python3 tools/parameters_doc.py`.\n\n"
        "## Nodes with sensors: perception and encoder\n\n"
        f"{table(SensingConfig)}\n\n## Perception only\n\n{table(PerceptionConfig, common)}\n\n"
        "## Sensors\n\nUnder `sensor.NAME.`. A change of one that is marked 'at configure' takes "
        "effect at once too: the node replaces the sensor by a new one, which begins without an "
        "embedding and with its counters at zero.\n\n"
        f"{table(SensorConfig)}\n\n"
        "Those that only some sensor types have, also under `sensor.NAME.`:\n\n"
        f"{option_tables()}\n\n## Node robot_simulator\n\n"
        f"{table(RobotConfig, else_='at start')}\n\n"
        "`rate.MODALITY` is the number of messages a second, 0 for no such sensor; the defaults "
        "are in the table of [a simulated robot]"
        "(../how-to/robot_simulator.md#what-it-publishes).\n"
    )


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "docs" / "reference" / "parameters.md"
    path.write_text(document(), encoding="utf-8")
