"""The fusion rules that Adaptive Fusion is compared with, and AF behind the same interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import default_convert

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


class ConcatNetwork(nn.Module):
    """A perceptron on concatenated embeddings, with zeros for missing modalities."""

    def __init__(self, modalities: int, size: int, classes: int, width: int = 512) -> None:
        """Create the network; it also takes each member's age, quality, entropy and presence."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(modalities * (size + 4), width),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(width, classes),
        )

    def forward(
        self,
        embeddings: Tensor,
        modality: Tensor,  # noqa: ARG002 - its place is its modality
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        present: Tensor,
    ) -> tuple[Tensor]:
        """Return logits [B, L] of members, each in its modality's place."""
        statistics = torch.stack([age, quality, entropy, present.to(age.dtype)], 2)
        return (self.layers(torch.cat([embeddings, statistics], 2).flatten(1)),)


def train_concat(
    data: EmbeddingSet,
    config: FusionConfig,
    temperature: float,
    progress: Progress = no_progress,
) -> Rule:
    """Train the perceptron on concatenated embeddings as Adaptive Fusion is trained.

    It has the same samples, subsets, corruptions and number of steps, and its best step is chosen
    on the same held-back objects.

    Args:
        data: Embeddings of all splits.
        config: That of the fusion.
        temperature: Of the members' entropies.
        progress: Called with (steps done, steps).

    Raises:
        TrainingError: There is too little to learn from.
    """
    samples, held_back = training_samples(data, config)
    part = replace(config, weight_decay=0.1)
    sampler = sampler_of(held_back, temperature, config, config.seed + 1)
    validation = sampler.draw(VALIDATION_SETS)
    network = _new_concat(samples, config.seed)

    def error() -> float:
        # By accuracy: its cross-entropy rises early while its accuracy still improves, so that
        # the lowest cross-entropy would keep an untrained state.
        (logits,) = run(network, validation.members)
        return float((logits.argmax(1) != torch.from_numpy(validation.labels)).double().mean())

    sampler = sampler_of(samples, temperature, part, part.seed)
    step = fit(network, sampler, _concat_loss(network), part, error=error, progress=progress)
    if config.refit and step:
        samples = samples.joined(held_back)
        network = _new_concat(samples, config.seed)
        sampler = sampler_of(samples, temperature, part, part.seed)
        fit(network, sampler, _concat_loss(network), part, progress=progress, stop=step)
    return lambda members: np.asarray(run(network, members)[0].numpy())


def _new_concat(data: EmbeddingSet, seed: int) -> ConcatNetwork:
    torch.manual_seed(seed)
    return ConcatNetwork(len(data.modalities), data.size, len(data.bank.labels))


def _concat_loss(network: ConcatNetwork) -> Callable[[TrainingSets], Tensor]:
    def loss(sets: TrainingSets) -> Tensor:
        logits = network(*default_convert(sets.members))[0]
        return functional.cross_entropy(logits, torch.from_numpy(sets.labels))

    return loss


def all_rules(
    af: Callable[[Members], Floats], bank: LabelBank, concat: Rule | None
) -> dict[str, Rule]:
    """Return every rule by its name in the report.

    Args:
        af: Adaptive Fusion.
        bank: The labels.
        concat: The trained perceptron, where there is one.
    """
    labels = len(bank.labels)
    rules: dict[str, Rule] = {
        "af": fused_by(af, bank),
        "mean": fused_by(mean, bank),
        "mean_logits": lambda members: mean_logits(members, bank),
        "entropy_weighted": fused_by(lambda members: entropy_weighted(members, labels), bank),
    }
    return rules if concat is None else rules | {"concat_mlp": concat}
