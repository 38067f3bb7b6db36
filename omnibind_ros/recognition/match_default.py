"""Matching without statistics: of a bundle that has none, or of an encoder that they do not fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats

from .match_statistics import Likelihood

DEFAULT_LIKELIHOOD = Likelihood(slope=60.0, offset=-60.0 * 0.92, wrong=0.5, alike=0.003)
"""For the cosine similarity of embeddings. It raises the odds from a similarity of 0.92 on, which
about 1 % of different things reach in most modalities of the shipped bundle, and hardly lowers
them: a sensor that nothing is known of is not sure of anything but a view like an enrolled one."""


class CosineTable:
    """Scores labels by the cosine similarity to the best of their embeddings."""

    def __init__(self, labels: Sequence[npt.NDArray[np.float32]]) -> None:
        """Create it.

        Args:
            labels: The embeddings [n, D] of each of L >= 1 labels, at least one of each.
        """
        rows = np.concatenate(labels)
        self._rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        numbers = [len(label) for label in labels]
        self._first = np.concatenate([[0], np.cumsum(numbers)[:-1]]).astype(np.intp)

    def scores(self, values: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Return the cosine similarities [L] of an embedding [D], as both scores."""
        length = max(float(np.linalg.norm(values)), 1e-9)
        found = np.maximum.reduceat(self._rows @ values / length, self._first)
        return found, found
