"""The label bank: labels, and the embeddings of their texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.text import TextEncoder

from .label_cache import CACHE, cache_key, read_cache, write_cache
from .labels import MAX_LABELS, Label, LabelError, check_labels, clean_label, read_labels

_log = logging.getLogger(__name__)


class Prototypes:
    """Similarity to classes of one or more prototypes each: words, or enrolled samples.

    The definition for arrays and for tensors: `LabelBank` and learning.prototypes derive from it.

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


@dataclass(frozen=True)
class LabelBank(Prototypes):
    """Labels and their prototypes.

    Attributes:
        labels: L names.
        prototypes: float32 [P, D], unit vectors, ordered by label.
        owner: int [P], ascending: the label of each prototype.
        likeness: float32 [P], for each enrolled prototype the cosine similarity from which an
            embedding shows the enrolled object; NaN for a text's prototype. None: all are texts'.
    """

    labels: tuple[str, ...]
    prototypes: npt.NDArray[np.float32]
    owner: npt.NDArray[np.intp]
    likeness: npt.NDArray[np.float32] | None = None

    largest = staticmethod(np.max)

    @cached_property
    def first(self) -> npt.NDArray[np.intp]:
        """The first prototype of each label, int [L]."""
        return np.searchsorted(self.owner, np.arange(len(self.labels)))

    @cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """The prototypes of each label, int [L, W]; see `Prototypes`."""
        counts = np.diff(self.first, append=len(self.owner))
        column = np.arange(counts.max())
        return self.first[:, None] + np.where(column < counts[:, None], column, 0)

    @classmethod
    def build(
        cls, labels: Sequence[Label], templates: Sequence[str], encoder: SentenceEncoder
    ) -> LabelBank:
        """Embed labels.

        Args:
            labels: The labels.
            templates: Sentences with {}; a prototype is the unit mean of a text's embeddings in
                them.
            encoder: Embeds the sentences.

        Raises:
            LabelError: The labels cannot be used (see `check_labels`).
        """
        labels = check_labels(labels)
        texts = [text for label in labels for text in (label.name, *label.synonyms)]
        total = sum(
            encoder.encode_batch([template.replace("{}", text) for text in texts])
            for template in templates
        )
        prototypes = np.asarray(total, np.float32)
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        return cls(tuple(label.name for label in labels), prototypes, _owner(labels))

    @classmethod
    def load(cls, folder: Path, path: Path, encoder: TextEncoder | None) -> LabelBank:
        """Load a bundle's labels, with the embeddings in its cache file while these are valid.

        Args:
            folder: The bundle's folder.
            path: labels.yaml.
            encoder: Embeds the labels if the cache is not valid; None: there is none.

        Raises:
            LabelError: labels.yaml cannot be used, or the cache is not valid and there is no
                encoder.
        """
        file = read_labels(path)
        cache = folder / CACHE
        arrays = read_cache(cache)
        name, key = (
            ("labels_key", cache_key(path))
            if encoder is None
            else ("key", cache_key(path, encoder.sha256))
        )
        if arrays is not None and str(arrays[name]) == key:
            owner = _owner(file.labels)
            if np.array_equal(arrays["owner"], owner) and len(arrays["prototypes"]) == len(owner):
                prototypes = np.asarray(arrays["prototypes"], np.float32)
                return cls(tuple(label.name for label in file.labels), prototypes, owner)
            _log.warning("%s does not fit %s; the labels are embedded anew", cache, path.name)
        if encoder is None:
            raise LabelError(
                f"{cache} does not fit {path.name} and there is no text encoder to embed the "
                "labels; restore the bundle's text.onnx"
            )
        return cls.build(file.labels, file.templates, encoder)

    def save(self, folder: Path, path: Path, encoder: TextEncoder) -> None:
        """Write the embeddings into the bundle's cache file.

        Args:
            folder: The bundle's folder.
            path: labels.yaml, which the bank was built from.
            encoder: What embedded the labels.

        Raises:
            OSError: The folder cannot be written.
        """
        write_cache(folder / CACHE, path, encoder.sha256, self.prototypes, self.owner)

    def subset(self, indices: Sequence[int]) -> LabelBank:
        """Return the bank of some labels.

        Args:
            indices: The labels' indices, ascending.
        """
        inside = np.isin(self.owner, indices)
        owner = np.searchsorted(indices, self.owner[inside])
        likeness = None if self.likeness is None else self.likeness[inside]
        names = tuple(self.labels[i] for i in indices)
        return LabelBank(names, self.prototypes[inside], owner, likeness)

    def similarities(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
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

    def best(self, each: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what `Prototypes.best` does, faster where labels have many prototypes."""
        if len(self.owner) == len(self.labels):
            return each
        return np.maximum.reduceat(each, self.first, axis=-1)

    def with_label(
        self, name: str, values: npt.NDArray[np.float32], likeness: float | None = None
    ) -> LabelBank:
        """Return a bank with one more prototype, of a new label or of one in the bank.

        Args:
            name: The label.
            values: float32 [D], unit vector.
            likeness: See `LabelBank.likeness`; None: the prototype counts as a text's does.

        Raises:
            LabelError: The name cannot be a label, or the bank is full.
        """
        name = clean_label(name)
        labels = self.labels if name in self.labels else (*self.labels, name)
        if len(labels) > MAX_LABELS:
            raise LabelError(f"the label bank is full with {MAX_LABELS} labels; set fewer labels")
        index = labels.index(name)
        place = int(np.searchsorted(self.owner, index, side="right"))
        return LabelBank(
            labels,
            np.insert(self.prototypes, place, values, axis=0),
            np.insert(self.owner, place, index),
            self._with_likeness(place, likeness),
        )

    def _with_likeness(self, place: int, likeness: float | None) -> npt.NDArray[np.float32] | None:
        if likeness is None and self.likeness is None:
            return None
        texts = np.full(len(self.owner), np.nan, np.float32)
        old = texts if self.likeness is None else self.likeness
        return np.insert(old, place, np.nan if likeness is None else likeness)


def _owner(labels: Sequence[Label]) -> npt.NDArray[np.intp]:
    """Return the index of the label of each prototype."""
    return np.array([i for i, label in enumerate(labels) for _ in range(label.count)], np.intp)


def probabilities(
    similarities: npt.NDArray[np.float32], temperature: float
) -> npt.NDArray[np.float32]:
    """Return a softmax over the last axis of similarities, float32 [..., L]."""
    logits = (similarities - similarities.max(-1, keepdims=True)) / np.float32(temperature)
    exponentials = np.exp(logits)
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))


def entropies(similarities: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
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
