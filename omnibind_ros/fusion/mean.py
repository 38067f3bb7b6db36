"""Quality-weighted mean of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .base import Fused

FLOOR = 1e-3
"""Quality that every member is taken to have at least."""


class MeanFusion:
    """The mean of unit vectors, each weighted by its quality (ImageBind's rule, with quality)."""

    def fuse(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],  # noqa: ARG002 - part of the interface
        ages: npt.NDArray[np.float32],  # noqa: ARG002 - part of the interface
        qualities: npt.NDArray[np.float32],
        entropies: npt.NDArray[np.float32],  # noqa: ARG002 - part of the interface
    ) -> Fused:
        """Fuse as `Fusion.fuse` says.

        Raises:
            ValueError: No embedding was given.
        """
        if len(values) == 0:
            raise ValueError("there is no embedding to fuse; give at least one")
        # A floor keeps the sum positive when every member is worthless, or its quality not finite.
        weights = np.fmax(qualities, FLOOR).astype(np.float32)
        weights /= weights.sum()
        fused = weights @ values
        norm = float(np.linalg.norm(fused))
        if norm < 1e-6:  # opposite vectors cancel out: the best member speaks alone
            fused, norm = values[int(np.argmax(qualities))], 1.0
        return Fused((fused / norm).astype(np.float32), weights)
