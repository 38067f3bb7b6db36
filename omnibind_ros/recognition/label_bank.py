"""The label bank: labels, and the embeddings of their texts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.plain_text import same_text

from .enrolled_match import EnrolledMatch
from .label_cache import CACHE, cache_key, read_cache, write_cache
from .labels import Label, LabelError, LabelFile, check_labels, clean_label, read_labels
from .prototypes import ArrayPrototypes
from .taxonomy import NO_GROUPS, Categories, Taxonomy

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelBank(ArrayPrototypes):
    """Labels and their prototypes.

    Attributes:
        labels: L names.
        prototypes: float32 [P, D], unit vectors, ordered by label.
        owner: int [P], ascending: the label of each prototype.
        likeness: float32 [P], for each enrolled prototype the cosine similarity from which an
            embedding shows the enrolled object; NaN for a text's prototype. None: all are texts'.
        taxonomy: The groups of labels; it may know labels that are not in the bank.
        enrolled: Matches the enrolled labels; those without prototypes are the last ones.
    """

    labels: tuple[str, ...]
    prototypes: npt.NDArray[np.float32]
    owner: npt.NDArray[np.intp]
    likeness: npt.NDArray[np.float32] | None = None
    taxonomy: Taxonomy = NO_GROUPS
    enrolled: EnrolledMatch | None = None

    @cached_property
    def enrolled_places(self) -> npt.NDArray[np.intp]:
        """The places of the enrolled labels among the labels, int [E]."""
        names = () if self.enrolled is None else self.enrolled.labels
        places = {same_text(label): place for place, label in enumerate(self.labels)}
        return np.array([places[same_text(name)] for name in names], np.intp)

    @cached_property
    def categories(self) -> Categories:
        """The labels and groups that contain labels of the bank."""
        return Categories(self.labels, self.taxonomy)

    @classmethod
    def build(
        cls,
        labels: Sequence[Label],
        templates: Sequence[str],
        encoder: SentenceEncoder,
        taxonomy: Taxonomy = NO_GROUPS,
    ) -> LabelBank:
        """Embed labels.

        Args:
            labels: The labels.
            templates: Sentences with {}; a prototype is the unit mean of a text's embeddings in
                them.
            encoder: Embeds the sentences.
            taxonomy: The groups of the labels.

        Raises:
            LabelError: The labels cannot be used (see `check_labels`).
        """
        labels = check_labels(labels)
        texts = [text for label in labels for text in label.texts]
        total = sum(
            encoder.encode_batch([template.replace("{}", text) for text in texts])
            for template in templates
        )
        prototypes = np.asarray(total, np.float32)
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        names = tuple(label.name for label in labels)
        return cls(names, prototypes, _owner(labels), taxonomy=taxonomy)

    @classmethod
    def load(
        cls,
        folder: Path,
        path: Path,
        encoder: TextEncoder | None,
        file: LabelFile | None = None,
    ) -> LabelBank:
        """Load a bundle's labels, with the embeddings in its cache file while these are valid.

        Args:
            folder: The bundle's folder.
            path: labels.yaml.
            encoder: Embeds the labels if the cache is not valid; None: there is none.
            file: What `path` says, where it has been read; None: it is read.

        Raises:
            LabelError: labels.yaml cannot be used, or the cache is not valid and there is no
                encoder.
        """
        file = file or read_labels(path)
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
                names = tuple(label.name for label in file.labels)
                return cls(names, prototypes, owner, taxonomy=file.taxonomy)
            _log.warning("%s does not fit %s; the labels are embedded anew", cache, path.name)
        if encoder is None:
            raise LabelError(
                f"{cache} does not fit {path.name} and there is no text encoder to embed the "
                "labels; restore the bundle's text.onnx"
            )
        return cls.build(file.labels, file.templates, encoder, file.taxonomy)

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
        return LabelBank(names, self.prototypes[inside], owner, likeness, self.taxonomy)

    def spelling(self, name: str) -> str:
        """Return a label's name as the bank spells it, or cleaned if it is not in the bank.

        Raises:
            LabelError: The name cannot be a label.
        """
        name = clean_label(name)
        if name in self.labels:
            return name
        wanted = same_text(name)
        return next((label for label in self.labels if same_text(label) == wanted), name)


def _owner(labels: Sequence[Label]) -> npt.NDArray[np.intp]:
    """Return the index of the label of each prototype."""
    return np.array([i for i, label in enumerate(labels) for _ in range(label.count)], np.intp)
