"""From the figures of single objects to those of the story, with intervals by object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000

LEVEL = 0.05
"""Of both ends of an interval together."""

IN_TIME = 4.0
"""Seconds in which a lie must be named."""

NAMEABLE = ("image", "text", "thermal")
"""Sensors whose lies are to be named; the others are right too rarely alone."""

Rows = Sequence[Mapping[str, Any]]
"""Encounters as JSON has them."""

Figure = Callable[[npt.NDArray[np.float64]], float | None]
"""From the weights of objects, how often each was drawn, to a figure."""


def _column(rows: Rows, key: str) -> npt.NDArray[np.float64]:
    """Return a figure of each encounter; None is infinite."""
    return np.array([np.inf if row[key] is None else float(row[key]) for row in rows])


def share(rows: Rows, above: str = "right_s", below: str = "measured_s") -> Figure:
    """Return the ratio of two sums."""
    top, bottom = _column(rows, above), _column(rows, below)
    return lambda weights: _ratio(float(weights @ top), float(weights @ bottom))


def _ratio(top: float, bottom: float) -> float | None:
    return top / bottom if bottom > 0 else None


def median(rows: Rows, key: str) -> Figure:
    """Return the median, in which None counts as later than all; None where it is that."""
    values = _column(rows, key)
    order = np.argsort(values)

    def of(weights: npt.NDArray[np.float64]) -> float | None:
        total = np.cumsum(weights[order])
        if not len(total) or total[-1] == 0:
            return None
        low = values[order][np.searchsorted(total, total[-1] / 2)]
        high = values[order][np.searchsorted(total, total[-1] / 2, side="right")]
        return float((low + high) / 2) if np.isfinite(high) else None

    return of


def in_time(rows: Rows) -> Figure:
    """Return the share of lies that were named within `IN_TIME`."""
    named = _column(rows, "lie_named_s") <= IN_TIME
    return lambda weights: _ratio(float(weights @ named), float(weights.sum()))


def figure(rows: Rows, make: Callable[..., Figure], *arguments: str) -> float | None:
    """Return a figure of encounters, rounded; None: there is none."""
    value = make(rows, *arguments)(np.ones(len(rows))) if rows else None
    return None if value is None else round(value, 4)


def interval(rows: Rows, make: Callable[..., Figure], *arguments: str) -> list[float] | None:
    """Return the percentile interval of a figure, in which objects are resampled.

    Encounters of one object stay together (cluster bootstrap: Davison and Hinkley, Bootstrap
    Methods and their Application, 1997, section 3.8). None: the figure has no value in a part of
    the resamples.
    """
    if not rows:
        return None
    names, place = np.unique([row["object_id"] for row in rows], return_inverse=True)
    drawn = np.random.default_rng(0).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES
    )
    of = make(rows, *arguments)
    values = [of(weights[place].astype(float)) for weights in drawn]
    if any(value is None for value in values):
        return None
    ends = np.quantile(np.array(values, float), (LEVEL / 2, 1 - LEVEL / 2))
    return [round(float(end), 4) for end in ends]


def cost(rows: Rows, whole: Rows) -> float | None:
    """Return by how many points of the share of time these are worse than the whole run's.

    Args:
        rows: Encounters.
        whole: Encounters with all sensors; those of the same objects count.
    """
    objects = {row["object_id"] for row in rows}
    same = [row for row in whole if row["object_id"] in objects]
    one, other = figure(rows, share), figure(same, share)
    return None if one is None or other is None else round((other - one) * 100, 2)


def summarise(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of the story.

    Args:
        runs: By name (`all`, `missing:SENSOR`, `lying:SENSOR`), what `run_story` has returned; any
            may be missing, whose figures are None then.
    """
    whole = runs.get("all", {"encounters": []})
    rows: Rows = whole["encounters"]
    settling = [row for row in rows if row["settles"]]
    missing = _by_sensor(runs, "missing:")
    lying = {
        sensor: [row for row in encounters if row["liar"]]
        for sensor, encounters in _by_sensor(runs, "lying:").items()
    }
    lies = [row for encounters in lying.values() for row in encounters]
    nameable = [row for sensor in NAMEABLE for row in lying.get(sensor, ())]
    per_minute, alarms = share(rows, "changes"), share(rows, "alarms", "present_s")
    ones = np.ones(len(rows))
    changes, alarm_rate = (of(ones) if rows else None for of in (per_minute, alarms))
    return {
        "objects": len({row["object_id"] for row in rows}),
        "right_share": figure(rows, share),
        "right_share_missing": {name: figure(each, share) for name, each in missing.items()},
        "right_share_lying": figure(lies, share),
        "lie_named_share": figure(nameable, in_time),
        "lie_named_s": figure(nameable, median, "lie_named_s"),
        "false_alarms_per_10_min": None if alarm_rate is None else round(alarm_rate * 600, 2),
        "changes_per_minute": None if changes is None else round(changes * 60, 2),
        "settle_s_p50": figure(settling, median, "settle_s"),
        "own_overhead_share": whole.get("own_overhead_share"),
        "latency_p99_ms": whole.get("latency_p99_ms"),
        "intervals": {
            "right_share": interval(rows, share),
            "right_share_missing": {name: interval(each, share) for name, each in missing.items()},
            "right_share_lying": interval(lies, share),
            "lie_named_share": interval(nameable, in_time),
            "settle_s_p50": interval(settling, median, "settle_s"),
        },
        "right_and_known_share": figure(rows, share, "known_s"),
        "wrong_and_known_share": figure(rows, share, "wrong_known_s"),
        "cost_missing_points": {name: cost(each, rows) for name, each in missing.items()},
        "lying": {
            name: {
                "lies": len(each),
                "right_share": figure(each, share),
                "cost_points": cost(each, rows),
                "named_share": figure(each, in_time),
                "named_s": figure(each, median, "lie_named_s"),
            }
            for name, each in lying.items()
        },
        "runs": {
            name: {key: value for key, value in run.items() if key != "encounters"}
            for name, run in runs.items()
        },
        "wrong": [
            {"object": row["object_id"], "right": row["right"], "said": row["said"]}
            for row in rows
            if row["right_s"] < row["measured_s"] / 2
        ],
    }


def _by_sensor(runs: Mapping[str, Mapping[str, Any]], prefix: str) -> dict[str, Rows]:
    return {
        name.removeprefix(prefix): run["encounters"]
        for name, run in runs.items()
        if name.startswith(prefix)
    }
