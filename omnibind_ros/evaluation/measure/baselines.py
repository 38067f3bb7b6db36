"""The fusion rules that Adaptive Fusion is compared with, and AF behind the same interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.corruptions import Members, TrainingSets
from omnibind_ros.learning.af.embeddings import EmbeddingSet, training_samples
from omnibind_ros.learning.af.files import run
from omnibind_ros.learning.af.training import (
    VALIDATION_SETS,
    fit,
    sampler_of,
)
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.label_bank import LabelBank

from .baseline_networks import BaselineNetwork, ConcatNetwork, LinearNetwork, UnseenNetwork
from .combinations import Rule


def fused_by(fuse: Callable[[Members], Floats], bank: LabelBank) -> Rule:
    """Return a rule: the similarities of fused embeddings [B, D] to a label bank."""
    return lambda members: bank.similarities(fuse(members))


def mean(members: Members) -> Floats:
    """Return the unit mean of embeddings: ImageBind's rule (arXiv 2305.05665)."""
    return _weighted(members, members.present.astype(np.float32))


def entropy_weighted(members: Members, labels: int) -> Floats:
    """Return the unit mean of embeddings weighted by exp(-H), H the entropy over labels in nats.

    Args:
        members: The sets.
        labels: Number of labels.
    """
    weights = np.exp(-members.entropy * np.log(max(labels, 2))) * members.present
    return _weighted(members, weights.astype(np.float32))


def mean_logits(members: Members, bank: LabelBank) -> Floats:
    """Return the mean of the members' similarities to the labels, [B, L]."""
    each = bank.similarities(members.values) * members.present[..., None]
    return np.asarray(each.sum(1) / members.present.sum(1)[:, None])


def _weighted(members: Members, weights: Floats) -> Floats:
    total = (weights[..., None] * members.values).sum(1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6))


class TrainedRule(NamedTuple):
    """A rule that was trained on validation objects.

    Attributes:
        rule: After training on all of them; what is measured on test objects.
        before_refit: Before training on the objects held back; what is measured on these.
    """

    rule: Rule
    before_refit: Rule


class Candidate(NamedTuple):
    """A way to train a learned baseline.

    Attributes:
        build: Makes the network for samples to train on and a temperature.
        rate: Its learning rate, as a share of that of Adaptive Fusion.
    """

    build: Callable[[EmbeddingSet, float], BaselineNetwork]
    rate: float = 1.0


LEARNED: dict[str, tuple[Candidate, ...]] = {
    "linear": (
        Candidate(LinearNetwork, 0.25),
        Candidate(LinearNetwork),
        Candidate(partial(LinearNetwork, start="random")),
    ),
    "unseen": (Candidate(UnseenNetwork),),
    "concat_mlp": (Candidate(ConcatNetwork),),
}
"""Learned baselines by the name of their rule; the candidate that is best on held-back objects is
used."""

WEIGHT_DECAY = 0.1
"""Of the learned baselines: they have many more weights than Adaptive Fusion."""


def train_rule(
    name: str,
    data: EmbeddingSet,
    config: FusionConfig,
    temperature: float,
    progress: Progress = no_progress,
) -> TrainedRule:
    """Train a learned baseline as Adaptive Fusion is trained.

    It has the same samples, subsets, corruptions and number of steps, and its best candidate and
    step are chosen on the same held-back objects, by accuracy.

    Args:
        name: One of `LEARNED`.
        data: Embeddings of all splits.
        config: That of the fusion.
        temperature: Of the members' entropies, and of similarities of fused embeddings.
        progress: Called with (steps done, steps).

    Raises:
        TrainingError: There is too little to learn from.
    """
    samples, held_back = training_samples(data, config)
    validation = sampler_of(held_back, temperature, config, config.seed + 1).draw(VALIDATION_SETS)
    candidates = LEARNED[name]

    def trained(place: int, on: EmbeddingSet, stop: int | None = None) -> tuple[_Trained, int]:
        torch.manual_seed(config.seed)
        network = candidates[place].build(on, temperature)
        rate = config.learning_rate * candidates[place].rate
        part = replace(config, weight_decay=WEIGHT_DECAY, learning_rate=rate)
        step = fit(
            network,
            sampler_of(on, temperature, part, part.seed),
            network.loss,
            part,
            # By accuracy: the cross-entropy of a perceptron rises early while its accuracy still
            # improves, so that the lowest cross-entropy would keep an untrained state.
            error=None if stop else lambda: _error(network, validation, on.bank),
            progress=lambda done, total: progress(place * total + done, len(candidates) * total),
            stop=stop,
        )
        return _Trained(network, _error(network, validation, on.bank)), step

    found = [trained(place, samples) for place in range(len(candidates))]
    best = min(range(len(candidates)), key=lambda place: found[place][0].error)
    first, step = found[best]
    last = first
    if config.refit and step:
        last, _ = trained(best, samples.joined(held_back), step)
    return TrainedRule(_rule(last.network), _rule(first.network))


class _Trained(NamedTuple):
    """A trained network, and its error on sets of objects held back, 0..1."""

    network: BaselineNetwork
    error: float


def _error(network: BaselineNetwork, validation: TrainingSets, bank: LabelBank) -> float:
    (scores,) = run(network, validation.members)
    right = bank.categories.right_answers[validation.labels, scores.argmax(1).numpy()]
    return float((~right).mean())


def _rule(network: BaselineNetwork) -> Rule:
    return lambda members: np.asarray(run(network, members)[0].numpy())


def plain_rules(bank: LabelBank) -> dict[str, Rule]:
    """Return the rules without parameters by their names in the report.

    Args:
        bank: The labels.
    """
    labels = len(bank.labels)
    return {
        "mean": fused_by(mean, bank),
        "mean_logits": lambda members: mean_logits(members, bank),
        "entropy_weighted": fused_by(lambda members: entropy_weighted(members, labels), bank),
    }


def all_rules(
    af: Callable[[Members], Floats],
    bank: LabelBank,
    learned: Mapping[str, Rule] = MappingProxyType({}),
) -> dict[str, Rule]:
    """Return every rule by its name in the report.

    Args:
        af: Adaptive Fusion.
        bank: The labels.
        learned: The trained baselines by name, where there are some.
    """
    return {"af": fused_by(af, bank), **plain_rules(bank), **learned}
