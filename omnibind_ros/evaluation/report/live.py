"""The live figures: a simulated robot before the test objects, beside the same bundle offline."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.evaluation import JsonObject
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.modalities import MODALITIES, combination_name

from .markdown import table

COMMAND = "python3 benchmarks/seven_senses.py --meshes DIR --json docs/results/live.json"

BEGIN, END = "<!-- live figures: `omnibind report` writes them -->", "<!-- live figures end -->"
"""Between these lines of the README stands the table."""

HOUR = 6
"""Of ten minutes."""


def read_live(path: Path) -> JsonObject | None:
    """Read what benchmarks/seven_senses.py has measured; None: there is no file.

    Raises:
        TrainingError: It is damaged.
    """
    if not path.is_file():
        return None
    try:
        live = json.loads(path.read_text(encoding="utf-8"))
        live["right_share"], live["lying"], live["runs"], live["intervals"]["right_share"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} has no live figures ({error}); write it again with `{COMMAND}`"
        ) from error
    return dict(live)


def live_table(live: Mapping[str, Any] | None) -> str:
    """Return the table of the figures with their goals, and what they were measured with."""
    if live is None:
        return f"Not measured with this version yet:\n\n    {COMMAND}\n    omnibind report"
    missing = {k: v for k, v in live["right_share_missing"].items() if v is not None}
    worst = min(missing, key=lambda sensor: missing[sensor], default=None)
    quiet = {
        sensor: each["cost_points"]
        for sensor, each in live["lying"].items()
        if sensor in ("touch", "audio", "event", "points") and each["cost_points"] is not None
    }
    dearest = max(quiet, key=lambda sensor: quiet[sensor], default=None)
    alarms = live["false_alarms_per_10_min"]
    rows = [
        (
            "the best label is right, all seven sensors",
            "at least 92 % of the time",
            _percent(live["right_share"]) + _ends(live["intervals"]["right_share"]),
        ),
        (
            f"the same with one sensor missing, the worst{f' ({worst})' if worst else ''}",
            "at least 85 %",
            _percent(missing[worst]) if worst else "-",
        ),
        (
            "the same with one sensor that lies, mean",
            "-",
            _percent(live["right_share_lying"]),
        ),
        (
            "right and known, all seven sensors; known but not right",
            "-",
            f"{_percent(live.get('right_and_known_share'))}; "
            f"{_percent(live.get('wrong_and_known_share'))}",
        ),
        (
            "a lying image, text or thermal camera is named within 4 s",
            "at least 90 %",
            _percent(live["lie_named_share"]),
        ),
        (
            f"cost of another sensor that lies, at most{f' ({dearest})' if dearest else ''}",
            "at most 3 points",
            f"{quiet[dearest]:.1f} points" if dearest else "-",
        ),
        ("sensors named wrongly", "at most 6 an hour", _number(alarms, HOUR, "an hour")),
        (
            "changes of the label on one thing",
            "at most 2 a minute",
            _number(live["changes_per_minute"], 1, "a minute"),
        ),
        (
            "from a change of the object to the right label, median",
            "at most 0.7 s",
            _number(live["settle_s_p50"], 1, "s", 2),
        ),
        (
            "own overhead (all but encoders, decoding and DDS)",
            "at most 5 % of its processor time",
            _percent(live["own_overhead_share"]),
        ),
        (
            "from header.stamp to the result, p99",
            "-",
            _number(live["latency_p99_ms"], 1, "ms", 0),
        ),
    ]
    return table(("what", "goal", "measured"), rows) + "\n\n" + _measured_with(live)


def live_sections(live: JsonObject | None, evaluation: JsonObject | None) -> list[str]:
    """Return the first part of the report: the live figures, and those offline beside them."""
    parts = [
        "## On a simulated robot, live\n\n"
        "A robot looks at each test object for 6 s; what the perception node says is compared\n"
        "with what is there, from 1 s after the arrival on\n"
        "([evaluation](explanation/evaluation.md#running-a-bundle-on-a-simulated-robot)).",
        live_table(live),
    ]
    if live is None:
        return parts
    combinations = (evaluation or {}).get("combinations", {})

    def offline(missing: str) -> str:
        name = combination_name([m for m in MODALITIES if m != missing])
        top1 = combinations.get(name, {}).get("af")
        return "-" if top1 is None else f"{top1:.1f} %"

    rows = [("none", _percent(live["right_share"]), offline(""), "-", "-")]
    for sensor in MODALITIES:
        lie = live["lying"].get(sensor, {})
        rows.append(
            (
                sensor,
                _percent(live["right_share_missing"].get(sensor)),
                offline(sensor),
                _percent(lie.get("right_share")),
                _percent(lie.get("named_share")),
            )
        )
    head = ("sensor", "right without it", "offline, without it", "right while it lies", "lie named")
    parts += [
        "By sensor, beside the top-1 on single samples of the test objects\n"
        "(`omnibind evaluate`); a lie is named if that happens within 4 s:",
        table(head, rows),
    ]
    return parts


def update_readme(path: Path, live: JsonObject | None) -> None:
    """Write the table between the two marks of a README; without marks it stays as it is.

    Raises:
        OSError: It cannot be written.
    """
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    new = between.sub(lambda _: f"{BEGIN}\n\n{live_table(live)}\n\n{END}", text)
    if new != text:
        write_atomic(path, new)


def _measured_with(live: Mapping[str, Any]) -> str:
    machine = live["machine"]
    whole = live["runs"].get("all", {})
    text = (
        f"{live['objects']} objects; a machine of {machine['cores']} cores ({machine['processor']})"
    )
    if whole:
        text += (
            f", of which the perception node used\n{whole['perception_cores']:.2f}, the robot "
            f"{whole['robot_cores']:.2f} and other programs {whole['other_cores']:.2f}"
        )
    text += "."
    if live["lying"] or live["right_share_missing"]:
        text += " With a sensor missing or lying, a fixed sample of the objects."
    if machine.get("busy"):
        text += " **Other programs used the machine: these figures are to be measured again.**"
    return f"{text}\nMeasured by `{' '.join((COMMAND, live.get('arguments', ''))).strip()}`."


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


def _ends(ends: list[float] | None) -> str:
    return f" (95 %: {ends[0] * 100:.1f} to {ends[1] * 100:.1f})" if ends else ""


def _number(value: float | None, factor: float, unit: str, digits: int = 1) -> str:
    return "-" if value is None else f"{value * factor:.{digits}f} {unit}"
