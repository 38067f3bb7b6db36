"""Quality-weighted mean of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .base import Fused


class MeanFusion:
    """The mean of unit vectors, each weighted by its quality (ImageBind's rule, with quality)."""

    def fuse(
        self,
        values: npt.NDArray[np.float32],
        modalities: Sequence[str],  # noqa: ARG002 - part of the interface
        ages: npt.NDArray[np.float32],  # noqa: ARG002 - part of the interface
        qualities: npt.NDArray[np.float32],
    ) -> Fused:
        """Fuse as `Fusion.fuse` says.

        Raises:
            ValueError: No embedding was given.
        """
        if len(values) == 0:
            raise ValueError("there is no embedding to fuse; give at least one")
        # A floor keeps the sum positive when every member is worthless.
        weights = np.maximum(qualities, 1e-3).astype(np.float32)
        weights /= weights.sum()
        fused = weights @ values
        norm = float(np.linalg.norm(fused))
        if norm < 1e-6:  # opposite vectors cancel out: the best member speaks alone
            fused, norm = values[int(np.argmax(qualities))], 1.0
        return Fused((fused / norm).astype(np.float32), weights)
