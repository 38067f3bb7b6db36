"""Embeddings of training samples by students that have not seen their objects."""

from __future__ import annotations

import copy

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.recognition.label_bank import LabelBank

from .samples import Ints, SensorSamples
from .selection import AdaptedStudent
from .start import Projection, embeddings_of, features_of


def has_seen(student: AdaptedStudent) -> bool:
    """Return whether the layers of a student were trained on the samples, or it by images."""
    return student.depth != "none" and not student.penalty


def put_out_of_fold(
    values: Floats, student: AdaptedStudent, samples: SensorSamples, bank: LabelBank, folds: Ints
) -> Ints:
    """Put embeddings in the place of those of training samples, by projections of other folds.

    The layers below the projection have not seen the samples; the projection is fitted anew for
    each fold to the training samples of the others.

    Args:
        values: float32 [n, D], the student's embeddings of the n samples of the dataset, changed
            in place. Of a long sound's windows the one is taken that is nearest to what was there.
        student: Which `has_seen` nothing.
        samples: Of its sensor.
        bank: The labels.
        folds: int64 [n], of the dataset's samples; -1 for those that are not used.

    Returns:
        Samples of the dataset for which there is no such embedding, as the others of their fold
        show one label; int64.
    """
    named = samples.where("train")
    named = named[(samples.labels[named] >= 0) & (folds[samples.rows[named]] >= 0)]
    if not student.penalty or not len(named):
        return np.zeros(0, np.int64)
    rows, labels, inputs = samples.rows[named], samples.labels[named], samples.inputs[named]
    features, fold = features_of(student.network, inputs), folds[rows]
    missing = []
    for number in np.unique(fold):
        own, others = fold == number, fold != number
        if len(np.unique(labels[others])) < 2:
            missing.append(rows[own])
            continue
        network = copy.deepcopy(student.network)
        Projection.fit(features[others], labels[others], bank, student.penalty).put(network)
        found = embeddings_of(network, inputs[own])
        nearest = (embeddings_of(student.network, inputs[own]) * values[rows[own]]).sum(1)
        for place in np.argsort(nearest, kind="stable"):
            values[rows[own][place]] = found[place]
    return np.unique(np.concatenate(missing)) if missing else np.zeros(0, np.int64)
