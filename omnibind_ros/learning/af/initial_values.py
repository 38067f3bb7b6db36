"""Initial values of Adaptive Fusion, fitted to samples: the log-opinion pool of the modalities.

Each modality has a temperature and class biases that suit its own embeddings; the bundle has one
temperature for fused embeddings. The parts of `network.FusionNetwork` take their values from here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.recognition.label_bank import LabelBank

from .calibration import fit_biases, fit_temperature
from .embeddings import EmbeddingSet

LIFT_RIDGE = 0.01
"""Ridge of `synonym_lift`."""

BIAS_RIDGE = 0.5
"""Ridge of a modality's class biases, in the units of `fit_biases`."""

EVIDENCE = 1.0
"""Length of the sum over a sample's members, in units of the length of u."""

PROTOTYPE_WEIGHT = 30.0
"""Weight of label prototypes against other texts where null directions are chosen."""


class ModalityFits(NamedTuple):
    """What suits each of M modalities alone.

    Attributes:
        numbers: int64 [M], the modalities.
        fitted: bool [M], whether there are samples of the modality.
        temperatures: float32 [M], of the softmax over labels; 1 where not fitted.
        offsets: float32 [M, D], to be added to embeddings, so that a modality which predicts some
            labels too often does so no longer; 0 where not fitted.
    """

    numbers: npt.NDArray[np.int64]
    fitted: npt.NDArray[np.bool_]
    temperatures: Floats
    offsets: Floats

    def corrected(self, data: EmbeddingSet) -> Floats:
        """Return a set's embeddings with the offsets, [n, M, D]; zeros where there is none."""
        return np.asarray((data.values + self.offsets) * data.present[..., None], np.float32)

    def trust(self, temperature: float) -> list[float]:
        """Return log(T / T_m) of each modality for the bundle's temperature T; 0 if not fitted."""
        pairs = zip(self.temperatures, self.fitted, strict=True)
        return [float(np.log(temperature / own)) if fitted else 0.0 for own, fitted in pairs]


def fit_modalities(data: EmbeddingSet) -> ModalityFits:
    """Fit temperature and offset to each modality's own embeddings.

    The offset T_m b raises the similarity to each label by T_m times its bias, as far as its words
    allow (`synonym_lift`); biases b are those of `fit_biases`.
    """
    count, fitted = len(data.modalities), np.any(data.present, axis=0)
    temperatures, offsets = np.ones(count, np.float32), np.zeros((count, data.size), np.float32)
    lift = synonym_lift(data.bank)
    for m in np.flatnonzero(fitted).tolist():
        values, labels = data.of(m)
        similarity = data.bank.similarities(values)
        own = temperatures[m] = fit_temperature(similarity, labels)
        biases = fit_biases(similarity / own, labels, BIAS_RIDGE)
        offsets[m] = own * biases @ lift
    return ModalityFits(data.numbers, fitted, temperatures, offsets)


def fit_bundle_temperature(data: EmbeddingSet, fits: ModalityFits) -> float:
    """Return the bundle's temperature: all members of a sample are then `EVIDENCE` long.

    Args:
        data: The samples to train on.
        fits: Of its modalities.
    """
    pooled = (fits.corrected(data) / fits.temperatures[:, None]).sum(1)
    common = data.bank.similarities(pooled).mean(1, keepdims=True)
    pooled = pooled - common * synonym_lift(data.bank).sum(0)
    length = np.linalg.norm(pooled, axis=1, keepdims=True)
    suits = fit_temperature(data.bank.similarities(pooled / np.maximum(length, 1e-6)), data.labels)
    return float(suits * EVIDENCE / np.sqrt(1 + EVIDENCE**2))


def fit_sharpness(data: EmbeddingSet, fits: ModalityFits, classes: Floats) -> list[float]:
    """Return log(1 / temperature) over the classes of each modality; 0 where not fitted.

    Args:
        data: The samples to train on.
        fits: Of its modalities.
        classes: float32 [C, D], directions of the classes.
    """
    embeddings, sharpness = fits.corrected(data), [0.0] * len(data.modalities)
    for m in np.flatnonzero(fits.fitted):
        there = data.present[:, m]
        similarity = np.asarray(embeddings[there, m] @ classes.T)
        sharpness[m] = float(-np.log(fit_temperature(similarity, data.labels[there])))
    return sharpness


def centred_classes(bank: LabelBank) -> Floats:
    """Return the classes' mean prototypes less the mean of all classes, float32 [C, D]."""
    each = [bank.prototypes[bank.owner == label].mean(0) for label in range(len(bank.labels))]
    classes = np.stack(each)
    return np.asarray(classes - classes.mean(0), np.float32)


def synonym_lift(bank: LabelBank) -> Floats:
    """Return vectors [C, D], each of similarity 1 to all words of one label, 0 to all others.

    Ridge regression, so that no vector becomes long where words are nearly alike; float32.
    """
    words = bank.prototypes.astype(np.float64)
    belongs = (bank.owner == np.arange(len(bank.labels))[:, None]).astype(np.float64)
    gram = words.T @ words + LIFT_RIDGE * np.eye(words.shape[1])
    return np.asarray(np.linalg.solve(gram, words.T @ belongs.T).T, np.float32)


def most_words(bank: LabelBank) -> int:
    """Return the number of prototypes of the class that has most."""
    return int(np.bincount(bank.owner).max())


def principal_directions(bank: LabelBank, count: int) -> Floats:
    """Return the directions in which the classes differ most, float32 [D, count]."""
    classes = centred_classes(bank)
    directions = np.linalg.eigh(np.asarray(classes.T @ classes, np.float64))[1][:, ::-1]
    return np.asarray(directions[:, :count], np.float32)


def null_directions(data: EmbeddingSet, count: int) -> Floats:
    """Return the directions in which texts have least, float32 [count, D].

    Texts are the label prototypes and the samples' sentences: labels that training has not seen
    have hardly anything there either.
    """
    texts = [PROTOTYPE_WEIGHT * data.bank.prototypes]
    if "text" in data.modalities:
        texts.append(data.of(data.modalities.index("text"))[0])
    spread = sum(np.asarray(each.T @ each, np.float64) for each in texts)
    return np.asarray(np.linalg.eigh(spread)[1].T[:count], np.float32)
