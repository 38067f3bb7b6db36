"""What the members of a set are worth beside one another: `AttentionGate` and `Contamination`."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import initial_values as initial

HEADS = 4
STATISTICS = 11
"""Values of `AttentionGate.statistics`."""
REACH = 0.7
"""Largest correction of log e: a member can be halved or doubled, but not silenced, so that what
validation objects taught weighs no more than what a set itself shows."""
FREE = 1e3
"""Reach of the gate of a network that was trained without a limit."""
LIMIT = 7.0
"""Largest |log e_i|."""
NEVER = -30.0
"""Logit of the share of wrong members of a modality that was not initialised."""
WRONG = 0.2
"""Share of wrong members of each modality. It is set, not learnt: in training, which shows few
liars, it falls to 0.06, and a lying sensor then costs up to two points more."""


class GateInput(NamedTuple):
    """Members as the attention gate sees them; each [B, N], the last two [B, N, C].

    `present` is 1 where there is a member, else 0; `distribution` is the softmax of the logits,
    and zeros where there is no member.
    """

    modality: Tensor
    relative_age: Tensor
    quality: Tensor
    entropy: Tensor
    present: Tensor
    log_evidence: Tensor
    logits: Tensor
    distribution: Tensor


class AttentionGate(nn.Module):
    """Corrects the evidence of a member by what the others say.

    A token a member, of its modality's code and its statistics; a block of attention, led by who
    agrees, p_i p_j; and a score of each token, which is 0 initially.
    """

    def __init__(self, rows: int, width: int, dropout: float) -> None:
        """Create it; the order of the lines is the order in which parameters are drawn."""
        super().__init__()
        self.code = nn.Embedding(rows, width)
        nn.init.normal_(self.code.weight, std=0.3)
        self.embed_statistics = nn.Linear(STATISTICS, width)
        self.first_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.agreement_weight = nn.Parameter(torch.full((HEADS,), 2.0))
        self.joined = nn.Linear(width, width)
        self.second_norm = nn.LayerNorm(width)
        self.hidden = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(width, 1)
        self.register_buffer("reach", torch.full((1,), REACH))
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def forward(self, members: GateInput, empty: Tensor) -> Tensor:
        """Return corrections of log e [B, N]; `empty` [B, N] is `EMPTY` without a member, or 0."""
        agreement = members.distribution @ members.distribution.transpose(1, 2)
        token = self.code(members.modality)
        token = token + self.embed_statistics(self.statistics(members, agreement))
        token = token + self.attention(self.first_norm(token), agreement, empty)
        token = token + self.hidden(self.second_norm(token))
        token = self.dropout(self.last_norm(token))
        return self.reach * torch.tanh(self.score(token)[..., 0] / self.reach)

    def statistics(self, members: GateInput, agreement: Tensor) -> Tensor:
        """Return statistics [B, N, STATISTICS] of members with p_i p_j = agreement [B, N, N]."""
        evidence = members.log_evidence.clamp(-LIMIT, LIMIT).exp() * members.present
        total = evidence.sum(1, keepdim=True)
        # The pool of all others is that of all members, less the member itself.
        rest = (total - evidence).clamp(min=1e-6)
        own = evidence[..., None] * members.logits
        others = torch.softmax((own.sum(1, keepdim=True) - own) / rest[..., None], -1)
        consensus = (members.distribution * others).sum(-1)
        itself = members.distribution.square().sum(-1)
        support = ((agreement @ evidence[..., None])[..., 0] - evidence * itself) / rest
        count = members.present.sum(1, keepdim=True)
        alone = (count < 1.5).to(members.present.dtype).expand_as(evidence)
        several = 1 - alone
        statistics = [
            members.relative_age.clamp(0.0, 2.0),
            members.quality,
            members.entropy,
            alone,
            members.distribution.amax(-1),
            several * consensus,
            several * (consensus + 0.02).log(),
            several * support,
            several * others.amax(-1),
            evidence / total,
            total.expand_as(evidence).log(),
        ]
        return torch.stack(statistics, 2).to(agreement.dtype)

    def attention(self, token: Tensor, agreement: Tensor, empty: Tensor) -> Tensor:
        """Return what each token takes from all, [B, N, width]."""
        batch, members, width = token.shape
        split = self.query_key_value(token).reshape(batch, members, 3, HEADS, width // HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) * (width // HEADS) ** -0.5
        scores = scores + self.agreement_weight[:, None, None] * agreement[:, None]
        attended = torch.softmax(scores + empty[:, None, None], 3) @ value
        return self.joined(attended.transpose(1, 2).reshape(batch, members, width))


class Pool(NamedTuple):
    """What members say together.

    Attributes:
        pooled: [B, C], the logarithm of the classes' likelihood, times the bundle's temperature.
        rightness: [B, N], the probability that a member is right, given all members.
        agreement: [B, N], how well a member fits all others: (x - 1) / (x + 1), where x is how many
            times as probable they make it as a member that says nothing; -1 contradicts, 0 alone.
    """

    pooled: Tensor
    rightness: Tensor
    agreement: Tensor


class Contamination(nn.Module):
    """A member is wrong with the probability epsilon_m, and then says nothing of the class.

    With p_i, the member's distribution over the classes, its likelihood is (1 - epsilon_m) p_i +
    epsilon_m / C (the contamination model of Huber, Robust estimation of a location parameter,
    Annals of Mathematical Statistics 35, 1964). A member that is sure and wrong can so outvote no
    two that agree.
    """

    def __init__(self, rows: int) -> None:
        """Create it so that no member is ever wrong."""
        super().__init__()
        self.register_buffer("wrong", torch.full((rows, 1), NEVER))
        self.register_buffer("temperature", torch.ones(1))

    def initialise(self, fits: initial.ModalityFits, temperature: float) -> None:
        """Set the bundle's temperature, and the share `WRONG` of wrong members."""
        self.temperature.fill_(temperature)
        self.wrong[fits.numbers, 0] = math.log(WRONG / (1 - WRONG))

    def forward(self, similarity: Tensor, modality: Tensor, there: Tensor) -> Pool:
        """Pool similarities.

        Args:
            similarity: [B, N, C], of each member to each class, times its evidence.
            modality: int64 [B, N], numbers.
            there: [B, N], 1 where there is a member, or 0.
        """
        wrong = torch.sigmoid(functional.embedding(modality, self.wrong))
        right = torch.softmax(similarity / self.temperature, -1) * (1 - wrong)
        likelihood = right + wrong / similarity.shape[2]
        logs = likelihood.log() * there[..., None]
        total = logs.sum(1, keepdim=True)
        # Of a member and the class c, right / likelihood is the probability that it is right.
        posterior = torch.softmax(total, -1)
        rightness = (posterior * right / likelihood).sum(-1)
        others = torch.softmax(total - logs, -1)
        # Times C: 1 where the member, or all others, say nothing.
        ratio = (others * right / (1 - wrong)).sum(-1) * similarity.shape[2]
        agreement = (ratio - 1) / (ratio + 1)
        return Pool(total[:, 0] * self.temperature, rightness, agreement)
