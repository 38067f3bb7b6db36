"""Class similarity in torch: the same definition as that of `LabelBank` in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.prototypes import Prototypes


class ClassSimilarity(Prototypes, nn.Module):
    """The cosine similarity of embeddings to classes: that of each class's best prototype.

    Called with unit vectors [B, D], it returns similarities [B, C].
    """

    forward = Prototypes.similarities
    largest = staticmethod(torch.amax)

    def __init__(self, bank: LabelBank) -> None:
        """Copy the prototypes, which are not trained.

        Args:
            bank: C labels, each with its name and its synonyms as prototypes.
        """
        super().__init__()
        self.labels: Sequence[str] = bank.labels
        self.register_buffer("prototypes", torch.from_numpy(bank.prototypes.copy()))
        self.register_buffer("rows", torch.from_numpy(bank.rows))

    def by_class(self) -> Tensor:
        """Return the prototypes, float32 [C, W, D], W being the largest number of a class.

        The first of a class is that of its name; it is repeated if the class has fewer than W.
        """
        return self.prototypes[self.rows]
