"""The interface of a fusion rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Fused:
    """A fused embedding.

    Attributes:
        values: float32 [D], unit vector in the shared space.
        weights: float32 [N], sum 1: the share of each embedding, in the order given.
        agreement: float32 [N], how well each embedding fits all others: -1 (contradicts them) .. 1;
            0 of a lone one, and of a rule that does not measure it.
    """

    values: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    agreement: npt.NDArray[np.float32]


class Fusion(Protocol):
    """Fuses any number of embeddings; their order does not change the result."""

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
            entropies: float32 [N], 0..1: the normalised entropy of each embedding's label
                distribution (see `Recogniser.entropy`).

        Raises:
            ValueError: No embedding was given.
        """
        ...
