"""The networks that Adaptive Fusion is compared with: linear, Unseen Modality Interaction, MLP.

All take what the fusion network takes, with each member in its modality's place, and return scores
of the labels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import default_convert

from omnibind_ros.learning.af.corruptions import TrainingSets
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.initial_values import fit_modalities
from omnibind_ros.learning.prototypes import ClassSimilarity

SMOOTHING = 0.1
"""Label smoothing of the first branch of `UnseenNetwork`, as in its published code."""

ALIGNMENT = 0.001
"""Weight of the alignment of `UnseenNetwork`, as in its published code."""


class BaselineNetwork(nn.Module, ABC):
    """A network that scores labels, and its loss."""

    @abstractmethod
    def scores(self, embeddings: Tensor, statistics: Tensor, present: Tensor) -> Tensor:
        """Return scores [B, L].

        Args:
            embeddings: [B, M, D], zeros where there is no member.
            statistics: [B, M, 4]: age, quality, entropy and presence of the members.
            present: float [B, M], 1 where there is a member.
        """

    def forward(
        self,
        embeddings: Tensor,
        modality: Tensor,  # noqa: ARG002 - its place is its modality
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        present: Tensor,
    ) -> tuple[Tensor]:
        """Return scores [B, L] of members, each in its modality's place."""
        there = present.to(age.dtype)
        return (self.scores(embeddings, torch.stack([age, quality, entropy, there], 2), there),)

    def loss(self, sets: TrainingSets) -> Tensor:
        """Return the mean loss of sets: the cross-entropy of their scores."""
        (scores,) = self(*default_convert(sets.members))
        return functional.cross_entropy(scores, torch.from_numpy(sets.labels))


class ConcatNetwork(BaselineNetwork):
    """A perceptron on concatenated embeddings and statistics, zeros for missing modalities."""

    def __init__(self, data: EmbeddingSet, temperature: float, width: int = 512) -> None:  # noqa: ARG002 - as all
        """Create the network.

        Args:
            data: The samples to train on: their modalities, size and labels.
            temperature: Not used.
            width: Of the hidden layer.
        """
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(len(data.modalities) * (data.size + 4), width),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(width, len(data.bank.labels)),
        )

    def scores(self, embeddings: Tensor, statistics: Tensor, present: Tensor) -> Tensor:  # noqa: ARG002
        """Return logits [B, L]."""
        return self.layers(torch.cat([embeddings, statistics], 2).flatten(1))


class LinearNetwork(BaselineNetwork):
    """A linear layer from the concatenated embeddings, zeros for missing ones, to one embedding.

    It stands for UniBind+Linear of the paper. The embedding is compared with the labels, as that of
    every other rule. The layer begins as the mean of embeddings, or with random weights.
    """

    def __init__(self, data: EmbeddingSet, temperature: float, start: str = "mean") -> None:
        """Create the layer.

        Args:
            data: The samples to train on: their modalities, size and labels.
            temperature: Of the similarities of fused embeddings.
            start: mean or random.
        """
        super().__init__()
        count = len(data.modalities)
        self.layer = nn.Linear(count * data.size, data.size)
        if start == "mean":
            with torch.no_grad():
                self.layer.weight.copy_(torch.eye(data.size).repeat(1, count))
                self.layer.bias.zero_()
        self.bank, self.temperature = ClassSimilarity(data.bank), temperature

    def scores(self, embeddings: Tensor, statistics: Tensor, present: Tensor) -> Tensor:  # noqa: ARG002
        """Return similarities over the temperature, [B, L]."""
        fused = functional.normalize(self.layer(embeddings.flatten(1)), dim=1)
        return self.bank(fused) / self.temperature


class UnseenNetwork(BaselineNetwork):
    """Unseen Modality Interaction (Zhang et al., NeurIPS 2023, arXiv 2306.12795), for embeddings.

    A projection for each modality leads into a common space, where the features of the members are
    added. Two branches see one half of the features each and share their layers. The first learns
    the label. The second learns the members' pseudo-labels: what each modality alone says, so that
    it becomes only as certain as the modalities are reliable. Scores are the mean of both branches'
    probabilities. Each member's features are drawn to a vector of its class.

    The paper has a transformer over many tokens of each modality; here a modality is one embedding,
    so that a projection and a branch are perceptrons. Its pseudo-labels are means of a unimodal
    network's predictions over its training; here they are those of the frozen encoders, at the
    temperature that calibrates the modality, of members that are not corrupted.
    """

    def __init__(self, data: EmbeddingSet, temperature: float, width: int = 128) -> None:  # noqa: ARG002 - as all
        """Create the network.

        Args:
            data: The samples to train on: their modalities, size, labels and pseudo-labels.
            temperature: Not used.
            width: Features of a branch.
        """
        super().__init__()
        labels = len(data.bank.labels)
        self.width = width
        self.projections = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(data.size),
                nn.Linear(data.size, 2 * width),
                nn.GELU(),
                nn.Dropout(0.3),
                nn.Linear(2 * width, 2 * width),
            )
            for _ in data.modalities
        )
        self.branch = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.LayerNorm(width),
            nn.Linear(width, labels),
        )
        self.classes = nn.Parameter(torch.randn(labels, width))
        self.bank = ClassSimilarity(data.bank)
        own = torch.from_numpy(fit_modalities(data).temperatures)
        self.register_buffer("own_temperatures", own, persistent=False)

    def projected(self, embeddings: Tensor, present: Tensor) -> Tensor:
        """Return the members' features, [B, M, 2, width]; zeros where there is no member."""
        each = [net(embeddings[:, m]) for m, net in enumerate(self.projections)]
        features = torch.stack(each, 1) * present[..., None]
        return features.unflatten(2, (2, self.width))

    def scores(self, embeddings: Tensor, statistics: Tensor, present: Tensor) -> Tensor:  # noqa: ARG002
        """Return logarithms of the mean of both branches' probabilities, [B, L]."""
        branches = self.branch(self.projected(embeddings, present).sum(1))
        return branches.softmax(2).mean(1).clamp(min=1e-12).log()

    def loss(self, sets: TrainingSets) -> Tensor:
        """Return cross-entropy of the label, divergence from the pseudo-labels, and alignment."""
        members, labels = default_convert(sets.members), torch.from_numpy(sets.labels)
        present = members.present.to(members.age.dtype)
        features = self.projected(members.values, present)
        branches = self.branch(features.sum(1))
        label = functional.cross_entropy(branches[:, 0], labels, label_smoothing=SMOOTHING)
        informative = torch.from_numpy(sets.informative).to(present.dtype)
        pseudo = torch.log_softmax(
            self.bank(members.values) / self.own_temperatures[:, None],
            2,
        )
        predicted = branches[:, 1].log_softmax(1)[:, None]
        divergence = (pseudo.exp() * (pseudo - predicted)).sum(2)
        distance = (features.mean(2) - self.classes[labels][:, None]).square().mean(2)
        return label + _mean(divergence, informative) + ALIGNMENT * _mean(distance, present)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of values where `chosen` is 1; 0 if there is none."""
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
