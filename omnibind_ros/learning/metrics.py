"""Accuracy over samples and over objects."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Accuracy(NamedTuple):
    """Share of correct answers, 0 to 1: of all samples, and the mean of the objects' own shares."""

    samples: float
    objects: float


def accuracy(correct: npt.NDArray[np.bool_], objects: npt.NDArray[Any]) -> Accuracy:
    """Return the accuracy of answers.

    Args:
        correct: bool [N], at least one.
        objects: [N], the object of each sample.
    """
    _, of = np.unique(objects, return_inverse=True)
    each = np.bincount(of, correct) / np.bincount(of)
    return Accuracy(float(correct.mean()), float(each.mean()))


def by_object(correct: npt.NDArray[np.bool_], objects: npt.NDArray[Any]) -> dict[str, list[int]]:
    """Return each object's correct answers and samples, [correct, samples] by name.

    Args:
        correct: bool [N].
        objects: [N], the object of each sample.
    """
    names, of = np.unique(objects, return_inverse=True)
    right, samples = np.bincount(of, correct, len(names)), np.bincount(of, minlength=len(names))
    rows = zip(names.tolist(), right.tolist(), samples.tolist(), strict=True)
    return {str(name): [int(each), count] for name, each, count in rows}
