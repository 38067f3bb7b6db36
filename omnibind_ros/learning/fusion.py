"""Adaptive Fusion (AF) in torch: any number of embeddings in, in any order, one out.

A token a member: its embedding, its modality's code, and five facts: age (as a share of what its
modality allows), quality, entropy, how well it agrees with the others, and whether it is alone. A
block of attention, led by the similarities of the embeddings too, lets each see the others. Then
each gets a weight, a softmax over log(quality) plus what the block says, and all together a
residual. What the block says begins with zero, both times, so that the network begins as the
quality-weighted mean.

The interface is that of `omnibind_ros.fusion.adaptive`; export/fusion.py writes it as fusion.onnx.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.fusion.mean import FLOOR
from omnibind_ros.modalities import MODALITIES

FACTS = 5
HEADS = 4
NOWHERE = -1e4
"""Score of a place where no member is; far below any other, and still a number in 16 bits."""


class FusionNetwork(nn.Module):
    """The weights of members, and a residual of all."""

    def __init__(self, size: int, width: int = 64, dropout: float = 0.0) -> None:
        """Create the network in its starting state.

        Args:
            size: Values of an embedding, D.
            width: Values of a token, a multiple of `HEADS`.
            dropout: Share of a token's values that training drops.
        """
        super().__init__()
        ages = torch.tensor([modality.max_age for modality in MODALITIES.values()])
        self.register_buffer("max_age", ages, persistent=False)
        self.code = nn.Embedding(len(MODALITIES), width)
        self.read = nn.Linear(size, width, bias=False)
        self.facts = nn.Linear(FACTS, width)
        self.first_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.likeness = nn.Parameter(torch.ones(HEADS))
        self.joined = nn.Linear(width, width)
        self.second_norm = nn.LayerNorm(width)
        self.hidden = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(width, 1)
        self.residual = nn.Linear(width, size)
        for layer in (self.score, self.residual):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        embeddings: Tensor,
        modality: Tensor,
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        present: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Fuse B sets of up to N members.

        Args:
            embeddings: [B, N, D], unit vectors.
            modality: int64 [B, N], places in `MODALITIES`.
            age: [B, N], seconds.
            quality: [B, N], 0..1.
            entropy: [B, N], 0..1.
            present: bool [B, N], which places hold a member; at least one in each set.

        Returns:
            Unit vectors [B, D]; and weights [B, N], sum 1, zero where there is no member.
        """
        prior = quality.clamp(min=FLOOR).log()
        alike = embeddings @ embeddings.transpose(1, 2)
        gone = (~present).to(embeddings.dtype) * NOWHERE
        facts = self._facts(alike, modality, age, quality, entropy, present)
        token = self.read(embeddings) + self.code(modality) + self.facts(facts)
        token = token + self._attention(self.first_norm(token), alike, gone)
        token = token + self.hidden(self.second_norm(token))
        token = self.dropout(self.last_norm(token))
        weights = torch.softmax(self.score(token)[..., 0] + prior + gone, 1)
        mean = (weights[:, None] @ embeddings)[:, 0]
        fused = mean + self.residual((weights[:, None] @ token)[:, 0])
        return fused / (fused.square().sum(1, keepdim=True) + 1e-12).sqrt(), weights

    def _facts(
        self,
        alike: Tensor,
        modality: Tensor,
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        present: Tensor,
    ) -> Tensor:
        """Return what is known of each member beside its embedding, [B, N, FACTS]."""
        trust = present.to(alike.dtype) * quality.clamp(min=FLOOR)
        # Every member is like itself: that is taken out again.
        others = (trust.sum(1, keepdim=True) - trust).clamp(min=1e-6)
        agreement = ((alike @ trust[..., None])[..., 0] - trust) / others
        alone = (present.sum(1, keepdim=True) == 1).to(alike.dtype).expand_as(age)
        limit = functional.embedding(modality, self.max_age[:, None])[..., 0]
        share = (age / limit).clamp(0.0, 2.0)
        facts = torch.stack([share, quality, entropy, agreement * (1 - alone), alone], 2)
        return facts.to(alike.dtype)

    def _attention(self, token: Tensor, alike: Tensor, gone: Tensor) -> Tensor:
        """Return what each member hears from all, [B, N, width]."""
        batch, members, width = token.shape
        split = self.query_key_value(token).reshape(batch, members, 3, HEADS, width // HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) * (width // HEADS) ** -0.5
        scores = scores + self.likeness[:, None, None] * alike[:, None] + gone[:, None, None]
        heard = torch.softmax(scores, 3) @ value
        return self.joined(heard.transpose(1, 2).reshape(batch, members, width))


class ExportedFusion(nn.Module):
    """One set of N members, as fusion.onnx takes it: without a batch, and all of them there."""

    def __init__(self, network: FusionNetwork) -> None:
        """Wrap a network."""
        super().__init__()
        self.network = network

    def forward(
        self, embeddings: Tensor, modality: Tensor, age: Tensor, quality: Tensor, entropy: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return fused [D] and weights [N] of members [N, D]."""
        present = torch.ones_like(modality, dtype=torch.bool)
        fused, weights = self.network(
            embeddings[None], modality[None], age[None], quality[None], entropy[None],
            present[None],
        )  # fmt: skip
        return fused[0], weights[0]
