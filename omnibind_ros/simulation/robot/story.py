"""Which object a robot comes upon when, and what a sensor that lies shows instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .rendered import Thing


def ordered(things: Sequence[Thing], seed: int, count: int = 0) -> list[Thing]:
    """Return objects in a random order in which no two neighbours have one class, if possible.

    Args:
        things: The objects, in any order.
        seed: Of the order, which depends on this and on the ids alone.
        count: Number of objects, the first of the order; 0: all.
    """
    by_id = sorted(things, key=lambda thing: thing.object_id)
    left = [by_id[place] for place in np.random.default_rng([seed, 2]).permutation(len(by_id))]
    chosen: list[Thing] = []
    while left and (not count or len(chosen) < count):
        last = chosen[-1].label if chosen else None
        place = next((n for n, thing in enumerate(left) if thing.label != last), 0)
        chosen.append(left.pop(place))
    return chosen


@dataclass(frozen=True)
class Story:
    """The objects that a robot comes upon, one after the other.

    Attributes:
        things: The objects.
        others: By place, the object of another class that a lying sensor shows.
    """

    things: tuple[Thing, ...]
    others: tuple[Thing, ...]

    @staticmethod
    def of(things: Sequence[Thing], pool: Sequence[Thing], seed: int) -> Story:
        """Choose what a lying sensor shows: other objects of the story, else of the pool.

        Args:
            things: The objects in their order.
            pool: All objects that may be shown.
            seed: Of the choice.

        Raises:
            ValueError: There is no object, or none of another class.
        """
        if not things:
            raise ValueError("there is no object to show: name objects, or raise count")
        shift = int(np.random.default_rng([seed, 3]).integers(1, max(len(things), 2)))
        others = []
        for place, thing in enumerate(things):
            turned = [things[(place + shift + step) % len(things)] for step in range(len(things))]
            other = next((o for o in (*turned, *pool) if o.label != thing.label), None)
            if other is None:
                raise ValueError(
                    f"there is no object of another class than '{thing.label}' for a sensor that "
                    "lies: add one to objects, or raise count"
                )
            others.append(other)
        return Story(tuple(things), tuple(others))

    def lies(self, place: int, lies_on: str) -> bool:
        """Return whether a lying sensor lies about an object.

        Args:
            place: Of the object.
            lies_on: `every` or `second`, as the parameter says.
        """
        return lies_on == "every" or place % 2 == 1
