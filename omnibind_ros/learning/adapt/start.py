"""The networks that an adaptation may begin with, and their first projections.

A projection is fitted before the layers below it are trained, so that its random values do not
destroy these (LP-FT, Kumar et al., arXiv 2202.10054).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.learning.students.points import PointStudent
from omnibind_ros.learning.students.registry import build
from omnibind_ros.recognition.label_bank import LabelBank

from .samples import Ints

BATCH = 128
"""Samples that go through a network at a time, without training."""

SETTLING = 20
"""Batches from which a network's first normalisation takes its statistics."""

LIFT_RIDGE = (1e-4, 1e-2)
"""Ridge of the vectors into which a classifier's logits are turned: of few words, and of so many
that no vectors fit all."""


def bundle_student(checkpoint: Path) -> PictureStudent:
    """Return the student that a bundle's encoder was exported from.

    Raises:
        TrainingError: It cannot be read.
    """
    network: Any = load_student(checkpoint)[0]
    return network


def layers_student(
    modality: str, spec: TensorSpec, size: int, dropout: float, inputs: Floats, seed: int
) -> PictureStudent:
    """Return a student whose layers are those of the image teacher, and know no other sensor.

    Args:
        modality: A student modality.
        spec: Its input.
        size: Values of an embedding.
        dropout: Share of features that training drops.
        inputs: float32 [N, ...], whose statistics the first normalisation takes; at least two.
        seed: Of the colours that the input becomes.

    Raises:
        TrainingError: The teacher's weights are not installed.
    """
    torch.manual_seed(seed)
    network: Any = build(modality, size, spec, dropout, pretrained=True)
    network.train()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for _ in range(SETTLING):
            chosen = rng.choice(len(inputs), min(BATCH, len(inputs)), replace=False)
            network.colours(torch.from_numpy(inputs[np.sort(chosen)]))
    return network.eval()


@torch.no_grad()
def features_of(network: PictureStudent, inputs: Floats) -> Floats:
    """Return the features [N, F] that a network projects, of inputs [N, ...]."""
    return _outputs(network, inputs, 1)


@torch.no_grad()
def embeddings_of(network: PictureStudent, inputs: Floats) -> Floats:
    """Return unit embeddings [N, D] of inputs [N, ...]."""
    return _outputs(network, inputs, 0)


def _outputs(network: PictureStudent, inputs: Floats, place: int) -> Floats:
    network.eval()
    starts = range(0, max(len(inputs), 1), BATCH)
    parts = [network.outputs(torch.from_numpy(inputs[s : s + BATCH]))[place] for s in starts]
    return np.asarray(torch.cat(parts).numpy())


def fit_classifier(features: Floats, labels: Ints, penalty: float) -> LogisticRegression:
    """Fit a multinomial logistic regression to standardised features.

    Args:
        features: [N, F].
        labels: int64 [N], of at least two classes.
        penalty: C of scikit-learn: smaller is smoother.
    """
    model = LogisticRegression(C=penalty, max_iter=1000)
    with warnings.catch_warnings():
        # Nearly converged is good enough, and many labels of few samples are meant.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(features, labels)


class Projection:
    """A linear map of features to embeddings whose similarities are a classifier's logits.

    Attributes:
        weight: float32 [D, F].
        bias: float32 [D].
    """

    def __init__(self, weight: Floats, bias: Floats) -> None:
        """Keep the map."""
        self.weight, self.bias = weight, bias

    @classmethod
    def fit(cls, features: Floats, labels: Ints, bank: LabelBank, penalty: float) -> Projection:
        """Fit a multinomial logistic regression, and turn its logits into embeddings.

        The embedding is the sum of the classes' logits times vectors that have a similarity of 1 to
        the words of their class and of 0 to those of others (ridge regression), so that the label
        of highest similarity is the class of highest logit.

        Args:
            features: float32 [N, F].
            labels: int64 [N], labels of the bank, of at least two classes.
            bank: The labels.
            penalty: C of the regression on standardised features: smaller is smoother.
        """
        scaler = StandardScaler().fit(features)
        model = fit_classifier(scaler.transform(features), labels, penalty)
        weight, bias = _by_class(model, len(bank.labels))
        weight = weight / scaler.scale_
        bias = bias - weight @ scaler.mean_
        lift = _lift(bank)
        return cls((lift.T @ weight).astype(np.float32), (lift.T @ bias).astype(np.float32))

    def put(self, network: PictureStudent) -> None:
        """Give a network this projection."""
        with torch.no_grad():
            network.head.project.weight.copy_(torch.from_numpy(self.weight))
            network.head.project.bias.copy_(torch.from_numpy(self.bias))
        if isinstance(network, PointStudent):
            network.reset_size()


def _by_class(
    model: LogisticRegression, count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return weights [L, F] and biases [L] of L labels; a label without samples is never best."""
    classes = model.classes_
    coefficients, intercepts = model.coef_, model.intercept_
    if len(classes) == 2:  # scikit-learn has one row for both
        coefficients = np.stack([-coefficients[0], coefficients[0]]) / 2
        intercepts = np.array([-intercepts[0], intercepts[0]]) / 2
    weight, bias = np.zeros((count, coefficients.shape[1])), np.zeros(count)
    weight[classes], bias[classes] = coefficients, intercepts - intercepts.mean()
    missing = np.setdiff1d(np.arange(count), classes)
    bias[missing] = bias[classes].min() - 1
    weight[missing] = weight[classes].mean(0)
    return weight, bias


def _lift(bank: LabelBank) -> npt.NDArray[np.float64]:
    """Return vectors [L, D] with the similarity 1 to a label's words and 0 to all others."""
    words = bank.prototypes.astype(np.float64)
    belongs = (bank.owner == np.arange(len(bank.labels))[:, None]).astype(np.float64)
    ridge = LIFT_RIDGE[2 * len(words) > words.shape[1]]
    gram = words @ words.T + ridge * np.eye(len(words))
    return np.asarray(belongs @ np.linalg.solve(gram, words))
