"""Which samples a fusion is trained and calibrated on where validation objects are missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

HELD_OUT = (("validation",), ("test",), ("validation", "test"), ("train",))
"""Splits that are tried, in this order."""

SHARE = 0.5
"""Share of the classes that the validation split, or the test split, must have alone."""


def usable_splits(
    splits: npt.NDArray[np.str_],
    objects: npt.NDArray[np.str_],
    labels: npt.NDArray[np.generic],
    *,
    first: Sequence[str] = HELD_OUT[0],
    least: int = 2,
    without: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the splits to calibrate on: validation, else test, else both, else training.

    Args:
        splits: Of each sample, its split.
        objects: Its object.
        labels: Its class.
        first: Splits that are tried first; if others than validation, objects enough suffice there.
        least: How many objects are enough; two classes are needed, too.
        without: Splits that must not be used.

    Returns:
        The first of these with objects enough; of validation and test alone also with `SHARE` of
        the classes. Empty if there are none.
    """
    every = len(np.unique(labels))
    chosen_first = tuple(first)
    candidates = [chosen_first, *(names for names in HELD_OUT if names != chosen_first)]
    for names in candidates:
        if set(names) & set(without):
            continue
        there = np.isin(splits, names)
        classes = len(np.unique(labels[there]))
        few = names in HELD_OUT[:2] and classes < SHARE * every and chosen_first == HELD_OUT[0]
        if len(np.unique(objects[there])) >= least and classes > 1 and not few:
            return names
    return ()


def meaning(splits: Sequence[str]) -> str:
    """Return what it means that something was fitted on splits; empty for validation alone."""
    if "train" in splits:
        return (
            "there are too few validation and test objects, so it is the training split, whose "
            "similarities are too high: other objects will be 'unknown' too often, and sensors are "
            "trusted too much; record more objects"
        )
    if "test" in splits:
        return (
            "there are too few validation objects, so the test objects are used, by cross-fitting: "
            "what `omnibind evaluate` finds on them is a little too good, the figures across the "
            "folds are not; record more objects"
        )
    return ""
