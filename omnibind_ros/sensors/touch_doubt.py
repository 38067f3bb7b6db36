"""Whether the picture of the free pad was taken while something touched the pad.

At start this cannot be seen. Later it can: a free pad shows its picture again and again, two
contacts hardly ever show the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Doubt, Issue
from .touch_contact import Cells

CLEAR = 4.0
"""Counts that a cell must change by in a contact, so that its end counts as a return."""

SAME = 2.0
"""Largest difference of a cell between two pictures that are the same, counts; or the noise."""

STILL_UPDATES = 2
"""Consecutive pictures that are the same, of at least half a second each, in a picture that is held
still."""

KEPT = 8
"""Pictures that are kept of those that were held still; the one seen last stays longest."""

CONFIRMED = 2
"""Returns to the reference, beyond those to any other picture, from which it is never doubted."""

LONG = 120.0
"""Seconds of the first contact from which, if it has no break, there is a doubt."""


@dataclass(eq=False)
class _Held:
    """A picture that was held still, and how often the pad has returned to it."""

    cells: Cells
    returns: int = 0


class ReferenceDoubt:
    """Compares how often the pad returns to the reference and to other pictures.

    There is a doubt while it has returned more often to another one, or if the first contact lasts
    for `LONG` seconds. One object for each reference.
    """

    def __init__(self, noise: float) -> None:
        """Create it for a new reference.

        Args:
            noise: Changes of a cell that are noise, counts.
        """
        self._same = max(SAME, noise)
        self._returns = 0
        self._held: list[_Held] = []
        self._confirmed = False
        self._strongest = self._seconds = 0.0
        self._was_held = False
        self._before: Cells | None = None
        self._still = 0
        self._current: _Held | None = None

    def update(self, cells: Cells, contact: bool, step: float) -> tuple[Doubt, ...]:
        """Return the doubt about the reference, if there is one.

        Args:
            cells: The differences of the cells from the reference, counts.
            contact: Whether the pad looks touched.
            step: Seconds since the last update.
        """
        if self._confirmed:
            return ()
        if contact:
            self._seconds += step
            self._strongest = max(self._strongest, float(np.abs(cells).max()))
            self._observe(cells)
        elif self._seconds:
            self._returns += self._was_held and self._strongest >= CLEAR
            self._end_contact()
        most = max((held.returns for held in self._held), default=0)
        self._confirmed = self._returns >= most + CONFIRMED
        return self._doubt(most)

    def _end_contact(self) -> None:
        self._strongest = self._seconds = 0.0
        self._was_held = False
        self._before, self._current = None, None
        self._still = 0

    def _observe(self, cells: Cells) -> None:
        """Notice whether a picture is held still, and whether it was held still before."""
        still = self._before is not None and self._equal(cells, self._before)
        self._still = self._still + 1 if still else 0
        self._before = cells
        if self._current is not None and not self._equal(cells, self._current.cells):
            self._current = None
        if self._still < STILL_UPDATES or self._current is not None:
            return
        self._was_held = True
        known = [held for held in self._held if self._equal(cells, held.cells)]
        if known:
            self._current = known[-1]
            self._current.returns += 1
            self._held.remove(self._current)
        else:
            self._current = _Held(cells)
        self._held = [*self._held[1 - KEPT :], self._current]

    def _equal(self, one: Cells, other: Cells) -> bool:
        return float(np.abs(one - other).max()) <= self._same

    def _doubt(self, most: int) -> tuple[Doubt, ...]:
        """Return the doubt, given the most returns to one picture other than the reference."""
        if most > self._returns:
            seen = "it has returned to another picture more often than to this one"
        elif self._seconds >= LONG and not self._returns:
            seen = f"it looks touched since {LONG:.0f} s and was not seen free since the start"
        else:
            return ()
        text = (
            f"the pad may have been touched when the picture of the free pad was taken, as {seen}; "
            "restart the node while nothing touches the pad, or set the parameter reference, and "
            "enroll again what this pad has learned since the start"
        )
        return (Doubt(Issue.OUT_OF_DISTRIBUTION, text, spoils=True),)
