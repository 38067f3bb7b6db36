"""Pools what members say of the classes, when any of them may be wrong."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import initial_values as initial

NEVER = -30.0
"""Logit of the share of wrong members of a modality that was not initialised."""
WRONG = 0.2
"""Share of wrong members of each modality. It is set, not learnt: in training, which shows few
liars, it falls to 0.06, and a lying sensor then costs up to two points more."""


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
