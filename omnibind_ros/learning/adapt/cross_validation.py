"""How often a student or a projection is right on the objects that it is trained with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.cross_fitting import stratified_folds
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.recognition.label_bank import LabelBank

from .samples import Ints
from .start import embeddings_of, fit_classifier

PENALTIES = (1.0, 0.1, 0.01)
"""Values of C among which a projection's is chosen."""

FOLDS = 4
"""Parts of the training objects in the choice of a start."""


def right_share(network: PictureStudent, inputs: Floats, labels: Ints, bank: LabelBank) -> float:
    """Return a student's balanced accuracy on samples of labels, as `cross_validated` counts."""
    right = bank.similarities(embeddings_of(network, inputs)).argmax(1) == labels
    return _balanced(right, labels)


def _balanced(right: npt.NDArray[np.bool_], labels: Ints) -> float:
    """Return the mean share of right answers over labels of several samples, 0..1; 0 without any.

    One sample cannot be held back and be learnt from.
    """
    each = [right[labels == label] for label in np.unique(labels)]
    return float(np.mean([own.mean() for own in each if len(own) > 1] or [0.0]))


def cross_validated(
    features: Floats, labels: Ints, objects: npt.NDArray[np.str_]
) -> dict[float, float]:
    """Return the balanced accuracy of a linear classifier by penalty, across objects, 0..1."""
    groups: npt.NDArray[Any] = objects
    of_class = [len(np.unique(groups[labels == label])) for label in np.unique(labels)]
    if min(of_class) < 2:  # then samples stand for objects
        groups = np.arange(len(labels))
        of_class = np.bincount(labels)[np.unique(labels)].tolist()
    if max(of_class) < 2:
        return dict.fromkeys(PENALTIES, 0.0)  # one sample of each class: nothing can be held back
    folds = max(2, min(FOLDS, *of_class)) if min(of_class) > 1 else 2
    right = {penalty: np.zeros(len(labels), np.bool_) for penalty in PENALTIES}
    fold = stratified_folds(labels, groups, folds)
    for number in range(folds):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(np.unique(labels[train])) < 2 or not len(test):
            continue
        scaler = StandardScaler().fit(features[train])
        for penalty in PENALTIES:
            model = fit_classifier(scaler.transform(features[train]), labels[train], penalty)
            right[penalty][test] = model.predict(scaler.transform(features[test])) == labels[test]
    return {penalty: _balanced(each, labels) for penalty, each in right.items()}
