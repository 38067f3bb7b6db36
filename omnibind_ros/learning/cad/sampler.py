"""Which samples an epoch consists of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils import data

from .selection import Ints


class EpochSampler(data.Sampler):
    """Draws each epoch's samples, rare classes more often; they follow from seed and epoch."""

    def __init__(
        self,
        labels: Ints,
        balance: float,
        seed: int,
        recorded: npt.NDArray[np.bool_] | None = None,
        share: float = 0.0,
    ) -> None:
        """Compute how often each sample is drawn.

        Args:
            labels: int [N], the samples' classes.
            balance: 0: each sample once an epoch; 1: each class equally often.
            seed: Decides the order.
            recorded: bool [N], which samples are recordings; None: none are.
            share: Share of recordings among an epoch's samples; 0: as they come. Classes are
                balanced among recordings, and among the others.
        """
        group = np.zeros(len(labels), np.int64) if recorded is None else recorded.astype(np.int64)
        parts = share > 0 and len(np.unique(group)) == 2
        if not parts:
            group[:] = 0
        weights = np.empty(len(labels))
        for number, part in enumerate((1 - share, share) if parts else (1.0,)):
            inside = group == number
            counts = np.bincount(labels[inside])
            each = counts[labels[inside]].astype(np.float64) ** -balance
            weights[inside] = part * each / each.sum()
        self._probability = weights / weights.sum()
        self._uniform = balance == 0 and not parts
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return len(self._probability)

    def __iter__(self) -> Iterator[int]:
        """Yield the epoch's samples."""
        rng = np.random.default_rng([self._seed, self.epoch, 1])
        if self._uniform:
            return iter(rng.permutation(len(self)).tolist())
        return iter(rng.choice(len(self), len(self), p=self._probability).tolist())
