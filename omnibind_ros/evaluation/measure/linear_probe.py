"""What features know of a class: a linear classifier on them, cross-validated by object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5


def linear_probe(
    features: npt.NDArray[np.floating[Any]], classes: Sequence[str], objects: Sequence[str]
) -> dict[str, Any] | None:
    """Return the accuracy of a multinomial logistic regression on features of N samples.

    Features are standardised in each fold; the penalty is scikit-learn's default (L2, C = 1). All
    samples of an object are in one fold. Classes with one object alone cannot be tested so; where
    they have more than half of the samples, each sample counts as an object, which is easier, and
    `by` says it.

    Args:
        features: [N, F].
        classes: N names.
        objects: N names; '' where the object is not known: then a sample is an object.

    Returns:
        accuracy, in percent; chance, that of always naming the most frequent class; n and classes,
        the counts; and by, 'object' or 'sample'. None if fewer than two classes can be tested.
    """
    names = np.array(classes)
    pairs = enumerate(zip(classes, objects, strict=True))
    groups = np.array([f"{c}/{o}" if o else f"{c}#{index}" for index, (c, o) in pairs])
    by = "object"
    testable = _testable(names, groups)
    if 2 * np.count_nonzero(testable) < len(names):
        by = "sample"
        groups = np.array([str(index) for index in range(len(names))])
        testable = _testable(names, groups)
    chosen = np.flatnonzero(testable)
    if len(set(names[chosen])) < 2:
        return None
    x, y, groups = np.asarray(features, np.float64)[chosen], names[chosen], groups[chosen]
    fewest = min(len(set(groups[y == name])) for name in set(y))
    folds = StratifiedGroupKFold(max(2, min(FOLDS, fewest)), shuffle=True, random_state=0)
    right = 0
    for train, test in folds.split(x, y, groups):
        if len(set(y[train])) > 1:
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
            right += int((model.fit(x[train], y[train]).predict(x[test]) == y[test]).sum())
    return {
        "accuracy": round(100 * right / len(y), 2),
        "chance": round(100 * max(Counter(y).values()) / len(y), 2),
        "n": len(y),
        "classes": len(set(y)),
        "by": by,
    }


def _testable(names: npt.NDArray[np.str_], groups: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Return which samples have a class of at least two objects."""
    counts = {name: len(set(groups[names == name])) for name in set(names)}
    return np.array([counts[name] > 1 for name in names], bool)
