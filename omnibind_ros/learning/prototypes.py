"""Class similarity in torch; `LabelBank.similarities` is the same in numpy, for the robot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from omnibind_ros.recognition.label_bank import LabelBank


class ClassSimilarity(nn.Module):
    """The cosine similarity of embeddings to classes: that of each class's best prototype."""

    def __init__(self, bank: LabelBank) -> None:
        """Copy the prototypes, which are not trained.

        Args:
            bank: C labels, each with its name and its synonyms as prototypes.
        """
        super().__init__()
        self.labels: Sequence[str] = bank.labels
        counts = np.bincount(bank.owner, minlength=len(bank.labels))
        starts = np.cumsum(counts) - counts
        # Each class's prototypes; the first is repeated if a class has fewer than others.
        column = np.arange(counts.max())
        place = starts[:, None] + np.where(column < counts[:, None], column, 0)
        self.register_buffer("prototypes", torch.from_numpy(bank.prototypes.copy()))
        self.register_buffer("place", torch.from_numpy(place))

    def by_class(self) -> Tensor:
        """Return the prototypes, float32 [C, W, D], W being the largest number of a class.

        The first of a class is that of its name; it is repeated if the class has fewer than W.
        """
        return self.prototypes[self.place]

    def forward(self, z: Tensor) -> Tensor:
        """Return cosine similarities [B, C] of unit embeddings [B, D] to the C classes."""
        each = z @ self.prototypes.to(z.dtype).T
        return each[:, self.place].amax(2)
