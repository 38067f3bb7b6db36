"""The label bank: label texts and their embeddings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import yaml

from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.text import TextEncoder

_log = logging.getLogger(__name__)

MAX_LABELS = 20_000
MAX_CHARACTERS = 200
CACHE = "labels.npz"


class LabelError(ValueError):
    """Labels that cannot be used; the text is one sentence."""


@dataclass(frozen=True)
class Label:
    """A label; each synonym is a prototype of its own."""

    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of prototypes: the name's and one a synonym."""
        return 1 + len(self.synonyms)


@dataclass(frozen=True)
class LabelFile:
    """The content of labels.yaml."""

    templates: tuple[str, ...]
    labels: tuple[Label, ...]


def clean_label(text: str) -> str:
    """Return a label text without superfluous white space.

    Raises:
        LabelError: It is empty or too long.
    """
    text = " ".join(text.split())
    if not text:
        raise LabelError("a label text is empty; give it a name")
    if len(text) > MAX_CHARACTERS:
        raise LabelError(
            f"label '{text[:30]}...' has {len(text)} characters, more than {MAX_CHARACTERS}; "
            "shorten it"
        )
    return text


def check_labels(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels in clean form.

    Raises:
        LabelError: None, too many, or an empty, long or repeated text.
    """
    if not labels:
        raise LabelError("the list of labels is empty; give at least one label")
    if len(labels) > MAX_LABELS:
        raise LabelError(
            f"{len(labels)} labels are more than {MAX_LABELS}; leave out what the robot never meets"
        )
    cleaned = tuple(
        Label(clean_label(label.name), tuple(map(clean_label, label.synonyms))) for label in labels
    )
    seen: set[str] = set()
    for label in cleaned:
        if label.name in seen:
            raise LabelError(f"label '{label.name}' is there twice; leave one out")
        seen.add(label.name)
    return cleaned


def _list(value: Any) -> tuple[Any, ...]:
    # A text is a sequence too: without this its letters would be taken for entries.
    if not isinstance(value, list):
        raise TypeError(f"{value!r} stands where a list should")
    return tuple(value)


def _check_text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text: quote numbers, yes and no")


def read_labels(path: Path) -> LabelFile:
    """Read labels.yaml.

    Args:
        path: The file.

    Raises:
        LabelError: It cannot be read, or is not as it should be.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        templates = _list(data["templates"])
        labels = [
            Label(entry["name"], _list(entry.get("synonyms") or []))
            for entry in _list(data["labels"])
        ]
        texts = [*templates, *(text for label in labels for text in (label.name, *label.synonyms))]
        for text in texts:
            _check_text(text)
    except OSError as error:
        raise LabelError(
            f"{path} cannot be read ({error.strerror}); restore it from where the bundle came"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise LabelError(
            f"{path} is no list of labels ({error}); it needs `templates` and `labels`, each label "
            "with a name"
        ) from error
    if not templates or not all("{}" in template for template in templates):
        raise LabelError(f"{path} needs templates with {{}} in the place of the label")
    return LabelFile(templates, check_labels(labels))


@dataclass(frozen=True)
class LabelBank:
    """Labels and their prototypes.

    Attributes:
        labels: L names.
        prototypes: float32 [P, D], unit vectors, ordered by label.
        owner: int [P], ascending: the label of each prototype.
        likeness: float32 [P], of prototypes that were enrolled the cosine from which a thing is
            that one; NaN for words. None: all are words.
    """

    labels: tuple[str, ...]
    prototypes: npt.NDArray[np.float32]
    owner: npt.NDArray[np.intp]
    likeness: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Find where each label's prototypes begin."""
        starts = np.searchsorted(self.owner, np.arange(len(self.labels)))
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_one_each", len(self.owner) == len(self.labels))

    @classmethod
    def build(
        cls, labels: Sequence[Label], templates: Sequence[str], encoder: SentenceEncoder
    ) -> LabelBank:
        """Embed labels.

        Args:
            labels: The labels.
            templates: Sentences with {}; an embedding is the unit mean over them.
            encoder: Embeds the sentences.

        Raises:
            LabelError: The labels are not as they should be.
        """
        labels = check_labels(labels)
        texts = [text for label in labels for text in (label.name, *label.synonyms)]
        owner = [i for i, label in enumerate(labels) for _ in range(label.count)]
        total = sum(
            encoder.encode_batch([template.replace("{}", text) for text in texts])
            for template in templates
        )
        prototypes = np.asarray(total, np.float32)
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        return cls(tuple(label.name for label in labels), prototypes, np.array(owner, np.intp))

    def only(self, kept: Sequence[int]) -> LabelBank:
        """Return the bank of some labels.

        Args:
            kept: Their numbers, ascending.
        """
        inside = np.isin(self.owner, kept)
        owner = np.searchsorted(kept, self.owner[inside])
        likeness = None if self.likeness is None else self.likeness[inside]
        names = tuple(self.labels[i] for i in kept)
        return LabelBank(names, self.prototypes[inside], owner, likeness)

    @classmethod
    def load(cls, folder: Path, path: Path, encoder: TextEncoder | None) -> LabelBank:
        """Load a bundle's labels: from the embeddings kept beside them while these are current.

        Args:
            folder: The bundle's folder.
            path: labels.yaml.
            encoder: Embeds the labels anew after a change; None: only what is kept can be used.

        Raises:
            LabelError: labels.yaml cannot be used, or nothing is kept and there is no encoder.
        """
        file = read_labels(path)
        cache = folder / CACHE
        kept = cls._read_cache(cache)
        which, key = (
            ("labels_key", cls._key(path))
            if encoder is None
            else ("key", cls._key(path, encoder.sha256))
        )
        if kept is not None and str(kept[which]) == key:
            names = tuple(label.name for label in file.labels)
            expected = [i for i, label in enumerate(file.labels) for _ in range(label.count)]
            owner = kept["owner"]
            if np.array_equal(owner, expected) and len(kept["prototypes"]) == len(expected):
                prototypes = np.asarray(kept["prototypes"], np.float32)
                return cls(names, prototypes, np.asarray(owner, np.intp))
            _log.warning("%s does not fit %s; the labels are embedded anew", cache, path.name)
        if encoder is None:
            raise LabelError(
                f"{cache} does not fit {path.name} and there is no text encoder to embed the "
                "labels; restore the bundle's text.onnx"
            )
        return cls.build(file.labels, file.templates, encoder)

    def save(self, folder: Path, path: Path, encoder: TextEncoder) -> None:
        """Keep the embeddings beside labels.yaml.

        Args:
            folder: The bundle's folder.
            path: labels.yaml.
            encoder: What embedded them.

        Raises:
            OSError: The folder cannot be written.
        """
        np.savez(
            folder / CACHE,
            key=np.array(self._key(path, encoder.sha256)),
            labels_key=np.array(self._key(path)),
            prototypes=self.prototypes,
            owner=self.owner,
        )

    @staticmethod
    def _key(path: Path, encoder_sha256: str = "") -> str:
        return hashlib.sha256(path.read_bytes() + encoder_sha256.encode()).hexdigest()

    @staticmethod
    def _read_cache(cache: Path) -> Mapping[str, npt.NDArray[np.generic]] | None:
        try:
            with np.load(cache, allow_pickle=False) as file:
                kept = {name: file[name] for name in ("key", "labels_key", "prototypes", "owner")}
        except FileNotFoundError:
            return None  # not yet embedded: nothing is wrong
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            _log.warning("%s is broken (%s); the labels are embedded anew", cache, error)
            return None
        rows = kept["prototypes"]
        if rows.ndim != 2 or rows.dtype != np.float32 or not np.isfinite(rows).all():
            _log.warning("%s holds no float32 matrix; the labels are embedded anew", cache)
            return None
        return kept

    def similarities(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return each label's cosine similarity: that of its best prototype.

        What sensors show is liker to what they showed before than to any word. So an enrolled
        prototype is as near as the best word where the cosine is its `likeness`, and nearer or
        farther by as much as the cosine is above or below.

        Args:
            values: float32 [D], unit vector.

        Returns:
            float32 [L].
        """
        each = self.prototypes @ values
        if self.likeness is not None:
            words = np.isnan(self.likeness)
            best = each[words].max() if words.any() else 0.0
            each = np.where(words, each, best + each - self.likeness)
        if self._one_each:  # type: ignore[attr-defined]
            return np.asarray(each)
        return np.asarray(np.maximum.reduceat(each, self._starts))  # type: ignore[attr-defined]

    def with_label(
        self, name: str, values: npt.NDArray[np.float32], likeness: float | None = None
    ) -> LabelBank:
        """Return a bank with one more prototype, of a new label or one that is there.

        Args:
            name: The label.
            values: float32 [D], unit vector.
            likeness: Cosine from which a thing is that one; None: it counts as a word does.

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
        words = np.full(len(self.owner), np.nan, np.float32)
        old = words if self.likeness is None else self.likeness
        return np.insert(old, place, np.nan if likeness is None else likeness)
