"""What a kind of parametric models is: its names, and how one thing is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .solids import Mesh, block

Draw = Callable[[float, float], float]
"""Draws a number between two limits."""

Make = Callable[[Draw, np.random.Generator], list[Mesh]]
"""Makes the parts of one thing."""


class Kind(NamedTuple):
    """A kind of thing.

    Attributes:
        label: Its class.
        names: What it is called; the first of them fits all.
        make: Makes the parts of one thing.
        falls: Whether it may also lie on another side.
    """

    label: str
    names: tuple[str, ...]
    make: Make
    falls: bool = True


def slab(deep: float, wide: float, high: float) -> Make:
    """Return the maker of boxes of about one size, metres."""
    return lambda u, _: [block(deep * u(0.8, 1.2), wide * u(0.8, 1.2), high * u(0.8, 1.25))]
