"""Adaptive Fusion (AF) in torch: any number of embeddings in, in any order, one out.

What a member says counts as evidence, in the units of the bundle's temperature, and one unit
says nothing: fused = normalise(sum e_i z_i + v + u), u being a direction in which no text lies.
z_i is the member's embedding and its modality's offset, which takes back that a modality says some
classes too often (`fusion_start`).
Little evidence thus lowers all similarities alike, so that one temperature suits sets of every
size, and agreement makes sure. With e_i = T / T_i, T_i the temperature of the member's modality,
this is the logarithmic opinion pool (naive Bayes, for members whose errors are independent).

A label is as like an embedding as the best of its words, so that members which name one class by
different words, "dog" and "barking", lose it: their sum lies near neither. v gives back what is
lost, and takes out what all classes have in common, which tells nothing apart: with
s_c = sum_i e_i max_w(w . z_i) for the words w of each class c, v lifts the sum's similarity to all
words of class c to s_c less the mean of s (least squares with a ridge). The classes' similarities
are then sums of the members' own, and 0 means as like as any.

From there the network goes on: a token a member, of its modality's code and facts: age, quality,
entropy, and how well what it says (its distribution over concepts) agrees with what the others say
together. It does not see what is said, which it would learn by heart. A block of attention, led by
who says the same, lets each see the others, and each token changes its member's evidence.
Untrained, evidence is quality and u is nothing: the quality-weighted mean.

The interface is that of `omnibind_ros.fusion.adaptive`; export/fusion.py writes it as fusion.onnx.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.fusion.mean import FLOOR
from omnibind_ros.modalities import MODALITIES

FACTS = 11
HEADS = 4
VOID = 16
"""Directions in which no text lies, at most; the rest of what is fused is copied there."""
NOWHERE = -1e4
"""Score of a place where no member is; far below any other, and still a number in 16 bits."""
WORTHLESS = 0.05
"""Quality below which a member's evidence falls to nothing, in proportion."""
LIMIT = 7.0
"""Highest logarithm of a member's evidence; the least is its negative."""


class Said(NamedTuple):
    """What members say: similarities to the concepts over their temperatures, as logits.

    Attributes:
        logits: [B, N, C].
        share: [B, N, C], their softmax; zeros where there is no member.
        prior: [B, N], the logarithm of the evidence of modality, quality and age alone.
    """

    logits: Tensor
    share: Tensor
    prior: Tensor


class FusionNetwork(nn.Module):
    """The evidence of members, and what they say together."""

    def __init__(
        self,
        size: int,
        width: int = 32,
        dropout: float = 0.0,
        concepts: int = 32,
        words: int = 1,
    ) -> None:
        """Create the network in its starting state, the quality-weighted mean.

        Args:
            size: Values of an embedding, D.
            width: Values of a token, a multiple of `HEADS`.
            dropout: Share of a token's values that training drops.
            concepts: Directions C by which members are compared, one a class.
            words: Prototypes of a class, at most.
        """
        super().__init__()
        count, void = len(MODALITIES), min(VOID, size // 4)
        ages = torch.tensor([modality.max_age for modality in MODALITIES.values()])
        self.register_buffer("max_age", ages, persistent=False)
        self.register_buffer("concepts", torch.randn(size, concepts) / size**0.5)
        self.register_buffer("offset", torch.zeros(count, size))
        self.register_buffer("words", torch.zeros(size, concepts * words))
        self.register_buffer("lifting", torch.zeros(concepts, size))
        self.register_buffer("void", torch.zeros(void, size))
        self.register_buffer("content", torch.zeros(size, void))
        self.register_buffer("surety", torch.zeros(1))
        self.register_buffer("gate", torch.zeros(1))
        self.sharpness = nn.Parameter(torch.zeros(count, 1))
        self.trust = nn.Parameter(torch.zeros(count, 1))
        self.power = nn.Parameter(torch.ones(count, 1))
        self.fading = nn.Parameter(torch.zeros(count, 1))
        self.code = nn.Embedding(count, width)
        nn.init.normal_(self.code.weight, std=0.3)
        self.facts = nn.Linear(FACTS, width)
        self.first_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.likeness = nn.Parameter(torch.full((HEADS,), 2.0))
        self.joined = nn.Linear(width, width)
        self.second_norm = nn.LayerNorm(width)
        self.hidden = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(width, 1)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    @property
    def size(self) -> int:
        """Values of an embedding, D."""
        return self.concepts.shape[0]

    @property
    def most_words(self) -> int:
        """Prototypes of a class, at most."""
        return int(self.words.shape[1] // self.concepts.shape[1])

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
        there = present.to(embeddings.dtype)
        gone = (1 - there) * NOWHERE
        embeddings = self.moved(embeddings, modality)
        said = self._said(embeddings, modality, age, quality, there)
        alike = said.share @ said.share.transpose(1, 2)
        facts = self._facts(said, alike, modality, age, quality, entropy, there)
        token = self.code(modality) + self.facts(facts)
        token = token + self._attention(self.first_norm(token), alike, gone)
        token = token + self.hidden(self.second_norm(token))
        token = self.dropout(self.last_norm(token))
        score = (self.score(token)[..., 0] + said.prior).clamp(-LIMIT, LIMIT)
        evidence = (score + self.surety).exp() * there
        weights = torch.softmax(score + gone, 1)
        total = (evidence[:, None] @ embeddings)[:, 0]
        total = total + self._given_back(embeddings, evidence, total)
        # A copy of what was fused, so that things of little evidence stay as like as they are.
        copy = unit(unit(total) @ self.content) @ self.void
        return unit(total + copy), weights

    def moved(self, embeddings: Tensor, modality: Tensor) -> Tensor:
        """Return embeddings [..., D] with the offsets of their modalities, int64 [...]."""
        return embeddings + functional.embedding(modality, self.offset)

    def _given_back(self, embeddings: Tensor, evidence: Tensor, total: Tensor) -> Tensor:
        """Return what makes a sum as like each class as its members are together, [B, D].

        What they are like all classes is taken out: it tells nothing apart.
        """
        whole = (evidence[:, None] @ self._likeness(embeddings))[:, 0]
        whole = whole - whole.mean(1, keepdim=True)
        return (whole - self._likeness(total[:, None])[:, 0]) @ self.lifting

    def _likeness(self, embeddings: Tensor) -> Tensor:
        """Return similarities [B, N, C] of embeddings [B, N, D] to each class's best word."""
        batch, members, _ = embeddings.shape
        each = (embeddings @ self.words).reshape(batch, members, self.concepts.shape[1], -1)
        return each.amax(3)

    def _said(
        self, embeddings: Tensor, modality: Tensor, age: Tensor, quality: Tensor, there: Tensor
    ) -> Said:
        """Return what each member says alone."""
        logits = (embeddings @ self.concepts) * functional.embedding(modality, self.sharpness).exp()
        power = functional.embedding(modality, self.power)[..., 0]
        trust = functional.embedding(modality, self.trust)[..., 0]
        fading = functional.embedding(modality, self.fading)[..., 0]
        limit = functional.embedding(modality, self.max_age[:, None])[..., 0]
        left = (1 - age / limit).clamp(FLOOR, 1.0)
        worth = (quality / WORTHLESS).clamp(FLOOR, 1.0)
        prior = trust + power * quality.clamp(min=FLOOR).log() + fading * left.log()
        prior = prior + self.gate * worth.log()
        return Said(logits, torch.softmax(logits, -1) * there[..., None], prior)

    def _facts(
        self,
        said: Said,
        alike: Tensor,
        modality: Tensor,
        age: Tensor,
        quality: Tensor,
        entropy: Tensor,
        there: Tensor,
    ) -> Tensor:
        """Return what is known of each member beside what it says, [B, N, FACTS]."""
        evidence = said.prior.clamp(-LIMIT, LIMIT).exp() * there
        whole = evidence.sum(1, keepdim=True)
        # What all others say together: of all, what each itself says is taken out again.
        rest = (whole - evidence).clamp(min=1e-6)
        own = evidence[..., None] * said.logits
        others = torch.softmax((own.sum(1, keepdim=True) - own) / rest[..., None], -1)
        agreement = (said.share * others).sum(-1)
        itself = said.share.square().sum(-1)
        support = ((alike @ evidence[..., None])[..., 0] - evidence * itself) / rest
        alone = (there.sum(1, keepdim=True) < 1.5).to(there.dtype).expand_as(age)
        several = 1 - alone
        limit = functional.embedding(modality, self.max_age[:, None])[..., 0]
        facts = [
            (age / limit).clamp(0.0, 2.0), quality, entropy, alone, said.share.amax(-1),
            several * agreement, several * (agreement + 0.02).log(), several * support,
            several * others.amax(-1), evidence / whole, whole.expand_as(age).log(),
        ]  # fmt: skip
        return torch.stack(facts, 2).to(alike.dtype)

    def _attention(self, token: Tensor, alike: Tensor, gone: Tensor) -> Tensor:
        """Return what each member hears from all, [B, N, width]."""
        batch, members, width = token.shape
        split = self.query_key_value(token).reshape(batch, members, 3, HEADS, width // HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) * (width // HEADS) ** -0.5
        scores = scores + self.likeness[:, None, None] * alike[:, None] + gone[:, None, None]
        heard = torch.softmax(scores, 3) @ value
        return self.joined(heard.transpose(1, 2).reshape(batch, members, width))


def unit(values: Tensor) -> Tensor:
    """Return vectors [..., D] of length one; zeros stay zeros."""
    return values / values.square().sum(-1, keepdim=True).clamp(min=1e-12).sqrt()


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
