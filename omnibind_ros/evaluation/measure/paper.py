"""The combinations of the paper's tables: which they are, its figures, and ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .bootstrap import ObjectBootstrap
from .outcomes import Outcomes, several

RULES = {
    "ours": "af",
    "mean": "mean",
    "mean_logits": "mean_logits",
    "linear": "linear",
    "unseen": "unseen",
}
"""Names in the paper's table, and those of our rules."""

PRINTED: dict[str, dict[str, float]] = {
    "text+points": {"ours": 95.00, "mean": 87.10, "linear": 87.10, "unseen": 82.50},
    "image+touch": {"ours": 89.40, "mean": 42.60, "linear": 75.60, "unseen": 82.12},
    "image+thermal": {"ours": 97.90, "mean": 71.02, "linear": 87.60, "unseen": 85.72},
    "touch+event": {"ours": 85.60, "mean": 17.00, "linear": 68.60, "unseen": 79.40},
    "points+audio": {"ours": 97.85, "mean": 63.19, "linear": 96.24, "unseen": 90.10},
    "three": {"ours": 93.59, "mean": 51.47, "linear": 87.45, "unseen": 85.55},
    "four": {"ours": 94.13, "mean": 47.48, "linear": 89.36, "unseen": 85.45},
    "five": {"ours": 95.62, "mean": 64.24, "linear": 94.12, "unseen": 89.23},
    "total": {"ours": 92.42, "mean": 48.37, "linear": 87.84, "unseen": 85.01},
}
"""The figures of the paper (top-1 in percent, of UniBind's embeddings on the paper's datasets).

Of three, four and five modalities the paper prints two combinations each, which it does not name
beside the table; these are their means. The total is printed as such.
"""

SIZES = {"three": (3,), "four": (4,), "five": (5,), "total": (3, 4, 5)}
"""Numbers of modalities of the rows that are means over combinations."""


def combinations_of(row: str, measured: Sequence[str]) -> list[str]:
    """Return the measured combinations that a row of the table is the mean of.

    Args:
        row: A key of `PRINTED`.
        measured: All combinations.
    """
    if row not in SIZES:
        return [name for name in measured if name == row]
    return [name for name in several(measured) if len(name.split("+")) in SIZES[row]]


def paper_table(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    """Return the rows of the paper's tables, measured on our samples.

    Returns:
        By row, where our data has such combinations: top-1 in percent by name of `RULES`.
    """
    rows = {row: combinations_of(row, outcomes.combinations) for row in PRINTED}
    return {
        row: {
            name: float(outcomes.mean(rule, names).mean())
            for name, rule in RULES.items()
            if rule in outcomes.correct
        }
        for row, names in rows.items()
        if names
    }


def paper_intervals(outcomes: Outcomes, bootstrap: ObjectBootstrap) -> dict[str, dict[str, Any]]:
    """Return the intervals of `paper_table`, by row and name, each [low, high]."""
    rows = {row: combinations_of(row, outcomes.combinations) for row in PRINTED}
    return {
        row: {
            name: bootstrap.interval(outcomes.mean(rule, names))
            for name, rule in RULES.items()
            if rule in outcomes.correct
        }
        for row, names in rows.items()
        if names
    }
