"""Whether a tactile pad is touched, from the changes of the cells of its picture.

docs/how-to/thermal_and_touch.md describes the rules and their limits.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float32]
"""float32 [rows, columns, 3]: means of the cells of a picture, RGB, counts of 255."""

DRIFT = (1.0, 3.0)
"""Changes are noise up to this many counts, and up to this many times the largest change while the
reference was recorded."""

DEGREE = 3
"""Degree of the polynomial in x and y that the light of the lamps is taken for."""

FAST = 2.0
"""Counts per second from which a smooth change that is not the same all over the pad is a contact.
Lamps that warm up change by about half a count per second."""

LONGEST_STEP = 2.0
"""Seconds between two pictures up to which a drift is allowed for."""

SLOW = 1.0
"""Counts per second that the lamps may have changed by when a contact ends."""

MOST = 12.0
"""Counts that they may have changed by."""


class ContactDetector:
    """Tells contact from drift. One for each reference.

    A contact is local, or it comes fast. A drift of the lamps is smooth in space and slow in time.

    Attributes:
        limit: Changes of a cell up to which they are noise, counts.
        contact: Whether the pad was touched in the last update.
    """

    def __init__(self, shape: tuple[int, int], noise: float) -> None:
        """Create it for a pad that is free.

        Args:
            shape: Rows and columns of cells.
            noise: Largest change of a cell of the free pad, counts.
        """
        self.limit = max(DRIFT[0], DRIFT[1] * noise)
        self._smooth = _projection(shape)
        self._free: Cells = np.zeros((*shape, 3), np.float32)
        self._since = 0.0
        self.contact = False

    def update(self, cells: Cells, step: float) -> bool:
        """Return whether the pad is touched.

        Args:
            cells: Their differences from the reference, counts.
            step: Seconds since the last update.
        """
        # A change common to all cells comes from the lamps or the exposure.
        change = np.asarray(cells - np.median(cells, axis=(0, 1)), np.float32)
        flat = change.reshape(-1, 3)
        local = float(np.abs(flat - self._smooth @ flat).max()) > self.limit
        moved = float(np.abs(change - self._free).max())
        if self.contact:
            self._since += step
            allowed = self.limit + min(SLOW * self._since, MOST)
        else:
            self._since = 0.0
            allowed = max(self.limit, FAST * min(step, LONGEST_STEP))
        self.contact = local or moved > allowed
        if not self.contact:
            self._free = change
        return self.contact

    def follow(self, share: float) -> None:
        """Take into account that the reference has moved towards the picture.

        Args:
            share: Of the difference.
        """
        self._free = self._free * np.float32(1 - share)


def _projection(shape: tuple[int, int]) -> Cells:
    """Return the matrix that projects values of cells to polynomials of `DEGREE`."""
    y, x = (np.linspace(-1, 1, size) for size in shape)
    powers = [(i, j) for i, j in product(range(DEGREE + 1), repeat=2) if i + j <= DEGREE]
    basis = np.stack([np.outer(y**i, x**j).ravel() for i, j in powers], axis=1)
    return np.asarray(basis @ np.linalg.pinv(basis), np.float32)
