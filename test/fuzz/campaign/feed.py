"""Numbers, choices and texts out of bytes; an input that is too short reads as zeros."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1e-6, 1e-45, 1e38, -1e38, 273.15, 295.0),
    *(float("nan"), float("inf"), float("-inf")),
)


class Feed:
    """Takes an input apart, from its beginning."""

    def __init__(self, data: bytes) -> None:
        """Create it.

        Args:
            data: The input.
        """
        self._data = data
        self._at = 0

    def values(self, layout: str) -> tuple[Any, ...]:
        """Return the values of a struct, little-endian without padding."""
        size = struct.calcsize("<" + layout)
        piece = self._data[self._at : self._at + size]
        self._at += size
        return struct.unpack("<" + layout, piece.ljust(size, b"\0"))

    def byte(self) -> int:
        """Return a byte."""
        return int(self.values("B")[0])

    def choice(self, among: Sequence[T]) -> T:
        """Return one of some values."""
        return among[self.byte() % len(among)]

    def number(self) -> float:
        """Return a float: one of the usual and unusual ones, or any."""
        kind = self.byte()
        return FLOATS[kind] if kind < len(FLOATS) else float(self.values("f")[0])

    def piece(self) -> bytes:
        """Return up to 255 bytes, whose number comes first."""
        size = self.byte()
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def text(self) -> str:
        """Return a text of up to 255 bytes, as ROS gives it: without lone surrogates."""
        return self.piece().decode("utf-8", "replace")

    def rest(self) -> bytes:
        """Return what is left."""
        found = self._data[self._at :]
        self._at = len(self._data)
        return found

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return max(len(self._data) - self._at, 0)
