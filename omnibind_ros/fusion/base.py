"""The interface of Adaptive Fusion (AF)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Fused:
    """One embedding out of many.

    Attributes:
        values: float32 [D], unit vector in the shared space.
        weights: float32 [N], sum 1, one a member, in the order given.
    """

    values: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


class Fusion(Protocol):
    """Fuses any number of embeddings, in any order."""

    def fuse(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],
        ages: npt.NDArray[np.float32],
        qualities: npt.NDArray[np.float32],
        entropies: npt.NDArray[np.float32],
    ) -> Fused:
        """Fuse N >= 1 embeddings.

        Args:
            values: float32 [N, D], unit vectors.
            modalities: N names.
            ages: float32 [N], seconds since each sample was taken.
            qualities: float32 [N], 0..1.
            entropies: float32 [N], 0..1: the entropy of each member's own label distribution, as a
                share of the largest one, log(number of labels).

        Raises:
            ValueError: No embedding was given.
        """
        ...
