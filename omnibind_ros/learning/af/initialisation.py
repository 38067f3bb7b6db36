"""Where training of the fusion begins: at the logarithmic opinion pool of the modalities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

from .calibration import fit_biases, fit_temperature
from .embeddings import EmbeddingSet, similarities
from .network import FusionNetwork

PROTOTYPES_FIRST = 30.0
"""How much more than other texts the labels matter where the void is looked for."""

RIDGE = 0.01
"""Keeps small what is given back to labels that is lost between their words."""

BIAS_RIDGE = 0.5
"""Holds the biases of a modality's classes back, in the units of `fit_biases`."""

POWER = 0.05
"""Power of quality in the evidence, to begin with: a doubtful picture still says much."""

FADING = 2.0
"""Power of the share of its time that a reading has left in the evidence, to begin with."""

SURE = 2.0
"""Evidence of a set of all modalities, in units of the evidence of nothing, to begin with."""


def centred(bank: LabelBank) -> Floats:
    """Return the classes' mean prototypes less the mean of all, float32 [L, D]."""
    each = [bank.prototypes[bank.owner == label].mean(0) for label in range(len(bank.labels))]
    classes = np.stack(each)
    return np.asarray(classes - classes.mean(0), np.float32)


def most_words(bank: LabelBank) -> int:
    """Return the number of prototypes of the class that has most."""
    return int(np.bincount(bank.owner).max())


def lifting(bank: LabelBank) -> Floats:
    """Return vectors [L, D], each liker to all words of one label by 1, and by 0 to all others.

    Ridge regression, so that of words that are nearly alike none takes a far way; float32.
    """
    words = bank.prototypes.astype(np.float64)
    belongs = (bank.owner == np.arange(len(bank.labels))[:, None]).astype(np.float64)
    gram = words.T @ words + RIDGE * np.eye(words.shape[1])
    return np.asarray(np.linalg.solve(gram, words.T @ belongs.T).T, np.float32)


class Alone(NamedTuple):
    """What suits M modalities, each alone.

    Attributes:
        temperatures: float32 [M], of the softmax over labels; 1 where a modality has nothing.
        offsets: float32 [M, D], to be added to embeddings; they take back that a modality says
            some labels too often and others too seldom.
    """

    temperatures: Floats
    offsets: Floats

    def moved(self, data: EmbeddingSet) -> Floats:
        """Return a set's embeddings with their offsets, [n, M, D]; zeros where there is none."""
        return np.asarray((data.values + self.offsets) * data.present[..., None], np.float32)


def measure_alone(data: EmbeddingSet) -> Alone:
    """Return the temperature and the offset that suit each modality's own embeddings.

    The offset b T lifts each label's similarity by its bias, as far as its words allow.
    """
    temperatures = np.ones(len(data.modalities), np.float32)
    offsets, lifted = np.zeros((len(data.modalities), data.size), np.float32), lifting(data.bank)
    for m in range(len(data.modalities)):
        there = data.present[:, m]
        if there.any():
            values, labels = data.values[there, m], data.labels[there]
            similarity = similarities(data.bank, values)
            own = temperatures[m] = fit_temperature(similarity, labels)
            biases = fit_biases(similarity / own, labels, BIAS_RIDGE)
            offsets[m] = own * biases @ lifted
    return Alone(temperatures, offsets)


def common_temperature(data: EmbeddingSet, alone: Alone) -> float:
    """Return the bundle's temperature: that at which all that a sample has is `SURE`.

    Args:
        data: The samples to learn from.
        alone: What suits the modalities.
    """
    pooled = (alone.moved(data) / alone.temperatures[:, None]).sum(1)
    common = similarities(data.bank, pooled).mean(1, keepdims=True)
    pooled = pooled - common * lifting(data.bank).sum(0)
    length = np.linalg.norm(pooled, axis=1, keepdims=True)
    suits = fit_temperature(similarities(data.bank, pooled / np.maximum(length, 1e-6)), data.labels)
    return float(suits * SURE / np.sqrt(1 + SURE**2))


def begin(network: FusionNetwork, data: EmbeddingSet, temperature: float) -> None:
    """Set a new network to the logarithmic opinion pool.

    Concepts are the classes of the label bank; the void lies where neither the label bank nor
    the samples' sentences have anything, so that other labels have hardly anything there either.

    Args:
        network: With as many concepts as the bank has labels.
        data: The samples to learn from.
        temperature: The bundle's.
    """
    classes, alone = centred(data.bank), measure_alone(data)
    embeddings = alone.moved(data)
    directions = np.linalg.eigh(np.asarray(classes.T @ classes, np.float64))[1][:, ::-1]
    texts = [PROTOTYPES_FIRST * data.bank.prototypes]
    if "text" in data.modalities:
        m = data.modalities.index("text")
        texts.append(data.values[data.present[:, m], m])
    spread = sum(np.asarray(each.T @ each, np.float64) for each in texts)
    empty = np.linalg.eigh(spread)[1].T  # what is least of all first
    void = network.void.shape[0]
    words = ClassSimilarity(data.bank).by_class()
    with torch.no_grad():
        network.words.copy_(words.flatten(0, 1).T)
        network.lifting.copy_(torch.from_numpy(lifting(data.bank)))
        network.power.fill_(POWER)
        network.fading.fill_(FADING)
        network.gate.fill_(1.0)
        network.concepts.copy_(torch.from_numpy(classes.T.copy()))
        network.content.copy_(torch.from_numpy(directions[:, :void].astype(np.float32)))
        network.void.copy_(torch.from_numpy(empty[:void].astype(np.float32)))
        for m, name in enumerate(data.modalities):
            there = data.present[:, m]
            if not there.any():
                continue
            place = list(MODALITIES).index(name)
            similarity = np.asarray(embeddings[there, m] @ classes.T)
            network.sharpness[place] = -np.log(fit_temperature(similarity, data.labels[there]))
            network.trust[place] = float(np.log(temperature / alone.temperatures[m]))
            network.offset[place] = torch.from_numpy(alone.offsets[m])
