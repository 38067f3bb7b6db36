"""Quality-weighted mean of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .base import Fused

FLOOR = 1e-3
"""Smallest quality that an embedding is weighted with."""


class MeanFusion:
    """The unit mean of the embeddings, each weighted by its quality.

    ImageBind (Girdhar et al., arXiv 2305.05665) adds embeddings up with equal weights.
    """

    def fuse(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],  # noqa: ARG002 - part of the interface
        ages: npt.NDArray[np.float32],  # noqa: ARG002 - part of the interface
        qualities: npt.NDArray[np.float32],
        entropies: npt.NDArray[np.float32],  # noqa: ARG002 - part of the interface
    ) -> Fused:
        """Fuse, as described in `Fusion.fuse`.

        Raises:
            ValueError: No embedding was given.
        """
        if len(values) == 0:
            raise ValueError("there is no embedding to fuse; give at least one")
        # The floor keeps the sum positive if all qualities are 0, and replaces one that is NaN.
        weights = np.fmax(qualities, FLOOR).astype(np.float32)
        weights /= weights.sum()
        fused = weights @ values
        norm = float(np.linalg.norm(fused))
        if norm < 1e-6:  # opposite vectors cancel out: take the one of the best quality
            fused, norm = values[int(np.argmax(qualities))], 1.0
        return Fused((fused / norm).astype(np.float32), weights, np.zeros_like(weights))
