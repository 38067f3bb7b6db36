"""How well held-out objects are named."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Accuracy(NamedTuple):
    """Share of right answers, 0..1: of samples, and the mean over objects of each object's own."""

    samples: float
    objects: float


def accuracy(right: npt.NDArray[np.bool_], objects: npt.NDArray[Any]) -> Accuracy:
    """Return the accuracy of answers.

    Args:
        right: bool [N], at least one.
        objects: [N], the object of each sample.
    """
    _, of = np.unique(objects, return_inverse=True)
    each = np.bincount(of, right) / np.bincount(of)
    return Accuracy(float(right.mean()), float(each.mean()))
