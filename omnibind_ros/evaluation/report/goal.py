"""A figure and its goal."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """A figure and its goal.

    Attributes:
        what: Name of the figure.
        goal: Lowest value that is accepted; the highest where `most` is set.
        measured: The measured value; None where it was not measured.
        unit: Of both values.
        most: Whether lower is better.
    """

    what: str
    goal: float
    measured: float | None
    unit: str
    most: bool = False

    @property
    def verdict(self) -> str:
        """Whether the goal is reached, or by how much it is missed."""
        if self.measured is None:
            return "not measured"
        gap = self.goal - self.measured if not self.most else self.measured - self.goal
        if gap <= 1e-9:
            return "reached"
        unit = "" if self.unit == "AUROC" else (" points" if self.unit == "%" else f" {self.unit}")
        return f"missed by {gap:.3f}" if not unit else f"missed by {gap:.1f}{unit}"

    def row(self) -> tuple[str, str, str, str]:
        """Return the cells of a table: figure, goal, measured value and verdict."""
        places = 3 if self.unit == "AUROC" else 2
        unit = "" if self.unit == "AUROC" else f" {self.unit}"
        value = "" if self.measured is None else f"{self.measured:.{places}f}{unit}"
        bound = "at most" if self.most else "at least"
        return self.what, f"{bound} {self.goal:g}{unit}", value, self.verdict
