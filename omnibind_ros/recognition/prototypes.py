"""Class similarity: the cosine similarity of embeddings to classes of one or more prototypes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats


class Prototypes:
    """Similarity to classes of one or more prototypes each: words, or enrolled samples.

    The definition for arrays (`ArrayPrototypes`) and for tensors (learning/prototypes.py).

    Attributes:
        prototypes: [P, D], unit vectors.
        rows: int [L, W], the prototypes of each class; the first one is repeated where a class has
            fewer than others.
        largest: Returns the largest values along an axis, given values and axis.
    """

    prototypes: Any
    rows: Any
    largest: Callable[..., Any]

    def similarities(self, values: Any) -> Any:
        """Return cosine similarities [..., L] of unit vectors [..., D]: those of `best`."""
        return self.best(values @ self.prototypes.T)

    def best(self, each: Any) -> Any:
        """Return the similarity to each class's best prototype: [..., P] -> [..., L]."""
        return self.largest(each[..., self.rows], -1)


class ArrayPrototypes(Prototypes):
    """The prototypes of L labels as arrays; some may be enrolled samples.

    Attributes:
        labels: L names.
        prototypes: float32 [P, D], unit vectors, ordered by label.
        owner: int [P], ascending: the label of each prototype.
        likeness: float32 [P], for each enrolled prototype the cosine similarity from which an
            embedding shows the enrolled object; NaN for a text's prototype. None: all are texts'.
    """

    labels: tuple[str, ...]
    prototypes: Floats
    owner: npt.NDArray[np.intp]
    likeness: Floats | None

    largest = staticmethod(np.max)

    @cached_property
    def first(self) -> npt.NDArray[np.intp]:
        """The first prototype of each label that has some, int [L]."""
        count = int(self.owner[-1]) + 1 if len(self.owner) else 0
        return np.searchsorted(self.owner, np.arange(count))

    @cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """The prototypes of each label, int [L, W]; see `Prototypes`."""
        counts = np.diff(self.first, append=len(self.owner))
        column = np.arange(counts.max())
        return self.first[:, None] + np.where(column < counts[:, None], column, 0)

    def similarities(self, values: Floats) -> Floats:
        """Return each label's cosine similarity: that of its best prototype.

        Two embeddings of one object are more similar than an embedding and a text. Therefore an
        enrolled prototype with a `likeness` counts as the best text does where its cosine
        similarity equals the likeness, and more or less by the difference to it.

        Args:
            values: float32 [..., D], unit vectors.

        Returns:
            float32 [..., L].
        """
        each = values @ self.prototypes.T
        if self.likeness is not None:
            texts = np.isnan(self.likeness)
            best = each[..., texts].max(-1, keepdims=True) if texts.any() else 0.0
            each = np.where(texts, each, best + each - self.likeness)
        return np.asarray(self.best(each))

    def best(self, each: Floats) -> Floats:
        """Return what `Prototypes.best` does, faster where labels have many prototypes."""
        if len(self.owner) == len(self.first):
            return each
        return np.maximum.reduceat(each, self.first, axis=-1)


def probabilities(similarities: Floats, temperature: float) -> Floats:
    """Return a softmax over the last axis of similarities, float32 [..., L]."""
    logits = (similarities - similarities.max(-1, keepdims=True)) / np.float32(temperature)
    exponentials = np.exp(logits)
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))


def entropies(similarities: Floats, temperature: float) -> Floats:
    """Return the entropy of label distributions, as a share of the largest one, log L: 0..1.

    `Recogniser.entropy` is the same for one embedding.

    Args:
        similarities: float32 [..., L].
        temperature: Of the softmax.

    Returns:
        float32 [...].
    """
    if similarities.shape[-1] < 2:
        return np.zeros(similarities.shape[:-1], np.float32)
    p = probabilities(similarities, temperature)
    entropy = -(p * np.log(np.maximum(p, 1e-30))).sum(-1)
    return np.asarray(np.clip(entropy / np.log(similarities.shape[-1]), 0, 1), np.float32)
