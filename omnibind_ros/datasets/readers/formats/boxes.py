"""Boxes around objects in pictures: one item a box, as each object has its own label."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 0.15
"""Margin around a box, as a share of its longer side, so that the surroundings are visible."""

MIN_PIXELS = 24
"""Smallest longer side of a box that can be used."""


@dataclass(frozen=True)
class Box:
    """A labelled box, in shares of the picture's width and height.

    Attributes:
        label: Class of the object in it.
        left: Its left edge, 0..1.
        top: Its upper edge.
        right: Its right edge.
        bottom: Its lower edge.
    """

    label: str
    left: float
    top: float
    right: float
    bottom: float

    def problem(self, width: int = 0, height: int = 0) -> str:
        """Return why the box cannot be used; empty if it can.

        Args:
            width: Width of the picture in pixels; 0 if unknown, then the size is not checked.
            height: Height of the picture in pixels.
        """
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            return "the box is empty or lies outside the picture"
        longer = max((self.right - self.left) * width, (self.bottom - self.top) * height)
        if width and height and longer < MIN_PIXELS:
            return f"the box is smaller than {MIN_PIXELS} pixels"
        return ""

    def widened(self, aspect: float = 1.0) -> tuple[float, float, float, float]:
        """Return the box with a margin, within the picture: left, top, right, bottom.

        Args:
            aspect: Width of the picture divided by its height, so that the margin is the same in
                pixels on all sides.
        """
        margin = MARGIN * max((self.right - self.left) * aspect, self.bottom - self.top)
        across, down = margin / aspect, margin
        return (
            max(self.left - across, 0.0),
            max(self.top - down, 0.0),
            min(self.right + across, 1.0),
            min(self.bottom + down, 1.0),
        )
