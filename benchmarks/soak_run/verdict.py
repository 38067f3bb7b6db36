"""The figures of a run, and whether it has passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

WARM_UP = 300.0
"""Seconds in which memory may grow; a third of a run that is shorter than three times as long."""

LONG = 540.0
"""Seconds from which on growth and latency are judged; shorter runs say nothing about them."""

GROWTH_MB = 10.0
SLOWER = 1.2
SLOWER_THAN_QUIET = 3.0


def memory(history: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, float | None]:
    """Return the growth of memory after the warm-up: its slope [MB/h], and in all [MB].

    Args:
        history: Samples with `t` [s] and `rss_mb`, in their order.
        seconds: Length of the run.
    """
    begin = min(WARM_UP, seconds / 3)
    rows = [(row["t"], row["rss_mb"]) for row in history if row["t"] >= begin]
    if len(rows) < 3:
        return {"rss_slope_mb_per_h": None, "rss_growth_mb": None}
    times, sizes = np.array(rows).T
    tenth = max(len(sizes) // 10, 1)
    return {
        "rss_slope_mb_per_h": round(float(np.polyfit(times / 3600, sizes, 1)[0]), 3),
        "rss_growth_mb": round(float(np.median(sizes[-tenth:]) - np.median(sizes[:tenth])), 3),
    }


def failures(figures: Mapping[str, Any]) -> list[str]:
    """Return why a run has not passed, a sentence each; none if it has.

    Args:
        figures: Its figures; growth and latency count from `LONG` seconds on.
    """
    found = []
    if figures["crashes"]:
        found.append(f"the node ended {figures['crashes']} times")
    if figures["exceptions"]:
        found.append(f"the log has {figures['exceptions']} exceptions")
    found += figures["problems"]
    if figures["seconds"] < LONG:
        return found
    growth, first, last, quiet = (
        figures[key] for key in ("rss_growth_mb", "p99_first_ms", "p99_last_ms", "p99_quiet_ms")
    )
    if growth is not None and growth > GROWTH_MB:
        found.append(f"memory grew by {growth:g} MB after the warm-up, more than {GROWTH_MB:g}")
    if first and last and last > SLOWER * first:
        found.append(f"p99 rose from {first:g} ms in the first tenth to {last:g} in the last")
    if quiet and figures["p99_ms"] and figures["p99_ms"] > SLOWER_THAN_QUIET * quiet:
        found.append(
            f"p99 is {figures['p99_ms']:g} ms, more than {SLOWER_THAN_QUIET:g} times the "
            f"{quiet:g} ms before anything was done"
        )
    return found
