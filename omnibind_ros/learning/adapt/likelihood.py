"""How well a student fits what is held back: likelihoods, at the temperature that suits it."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.calibration import fit_temperature
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.recognition.label_bank import LabelBank

from .samples import Ints, SensorSamples
from .start import embeddings_of
from .teaching import ImageTeacher, Teaching


def log_likelihood(embeddings: Floats, targets: Ints, weights: Floats, bank: LabelBank) -> float:
    """Return the mean logarithm of the targets' probabilities, each target counting alike.

    The probabilities are those at the temperature that suits the samples best, so that embeddings
    of any sharpness can be compared. A share of right answers would need far more samples.

    Args:
        embeddings: float32 [N, D].
        targets: int64 [N], labels.
        weights: float32 [N], of the samples.
        bank: The labels.
    """
    if len(np.unique(targets)) < 2:
        return -np.inf
    similarity = bank.similarities(embeddings)
    scaled = similarity / fit_temperature(similarity, targets)
    own = log_softmax(scaled, 1)[np.arange(len(targets)), targets]
    each = [
        np.average(own[targets == target], weights=weights[targets == target])
        for target in np.unique(targets)
    ]
    return float(np.mean(each))


def image_likelihood(
    network: PictureStudent,
    samples: SensorSamples,
    teaching: Teaching,
    places: Ints,
    bank: LabelBank,
    teacher: ImageTeacher,
) -> float:
    """Return how well a student says what the images of some samples say; higher is better.

    It is the mean of sum_c p_c log q_c, weighted as the images teach, with the image teacher's
    probabilities p and the student's q at the temperature that suits it best.
    """
    chosen = places[teaching.image_weight[places] > 0]
    if not len(chosen):
        return 0.0
    weights = teaching.image_weight[chosen]
    images = bank.similarities(teaching.images[chosen]) / teacher.temperature
    target = softmax(images, 1)
    similarity = bank.similarities(embeddings_of(network, samples.inputs[chosen]))

    def loss(log_temperature: float) -> float:
        each = (target * log_softmax(similarity * np.exp(-log_temperature), 1)).sum(1)
        return -float(np.average(each, weights=weights))

    return -float(minimize_scalar(loss, bounds=(-6.0, 0.0), method="bounded").fun)
