"""The vocabulary: the label bank in use, and how it is replaced at run time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.plain_text import clean_text, same_text

from .enrolled_bank import EnrolledView, with_enrolled, with_match
from .enrolled_match import EnrolledMatch
from .label_bank import LabelBank
from .labels import Label, LabelError, LabelFile, check_templates, merge_labels, read_labels
from .spelling import Spelling
from .taxonomy import NO_GROUPS, Taxonomy

MAX_TEXTS = 10_000
MAX_CHARACTERS = 1000


class NewLabels(NamedTuple):
    """What `Vocabulary.set_labels` did.

    Attributes:
        bank: The new label bank.
        notes: A part of a sentence for each text that was left out or is in two labels.
        misspelt: Words that may be misspelt, each with the nearest known word.
    """

    bank: LabelBank
    notes: tuple[str, ...]
    misspelt: Mapping[str, str]

    def sentences(self) -> list[str]:
        """Return a part of a sentence for each word that may be misspelt."""
        return [
            f"'{word}' may be misspelt, as the text encoder has no such word; the nearest is "
            f"'{known}'"
            for word, known in self.misspelt.items()
        ]


class Vocabulary:
    """Makes label banks from texts, and embeds texts. Thread-safe.

    Attributes:
        bank: The label bank in use.
        doubts: A sentence for each word of the loaded labels that may be misspelt.
    """

    def __init__(
        self,
        bank: LabelBank,
        templates: Sequence[str],
        encoder: TextEncoder | None,
        likeness: float | None = None,
        spelling: Spelling | None = None,
    ) -> None:
        """Create a vocabulary; `load` makes one from a bundle.

        Args:
            bank: The first label bank.
            templates: Sentences around a label, with {}.
            encoder: The text encoder; None if the bundle has none that works: then the labels
                cannot be changed.
            likeness: Of enrolled prototypes, see `LabelBank.likeness`.
            spelling: Finds misspelt words; None: no word is called misspelt.
        """
        self.bank = bank
        self.doubts: list[str] = []
        self._texts = bank
        self._taxonomy = bank.taxonomy
        self._enrolled: tuple[EnrolledView, ...] = ()
        self._match: EnrolledMatch | None = None
        self._spelling = spelling
        self._templates = tuple(templates)
        self._encoder = encoder
        self._likeness = likeness
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, bundle: Bundle, labels: Sequence[str], threads: int, labels_file: str = ""
    ) -> tuple[Vocabulary, list[str]]:
        """Load a bundle's labels, or embed those given.

        Args:
            bundle: The bundle.
            labels: Labels to recognise; empty: those of `labels_file`.
            threads: Threads inside the text encoder.
            labels_file: File of labels, as a bundle's labels.yaml; empty: the bundle's own.

        Returns:
            The vocabulary, and a sentence for each problem.

        Raises:
            LabelError: The bundle's labels cannot be used.
        """
        problems = []
        encoder: TextEncoder | None = None
        try:
            loaded = bundle.encoder("text", threads=threads)
            encoder = loaded if isinstance(loaded, TextEncoder) else None
        except BundleError as error:
            problems.append(f"labels cannot be changed: {error}")
        labels_path = bundle.root / bundle.manifest.labels.path
        file = read_labels(labels_path)
        bank = LabelBank.load(bundle.root, labels_path, encoder, file)
        likeness = bundle.manifest.calibration.likeness
        spelling = None
        if encoder is not None:
            known = [text for label in file.labels for text in label.texts]
            spelling = Spelling(encoder, known)
        vocabulary = cls(bank, file.templates, encoder, likeness, spelling)
        if labels and labels_file:
            problems.append(
                "parameter labels_file is not used, as labels is given too; remove one of them"
            )
        name = "labels" if labels else "labels_file"
        try:
            if labels:
                given = LabelFile((), tuple(map(Label, labels)))
            elif labels_file:
                given = read_labels(Path(labels_file).expanduser(), file.templates)
            else:
                return vocabulary, problems
            done = vocabulary.set_labels(given.labels, given.templates, given.taxonomy)
        except LabelError as error:
            problems.append(f"parameter {name} is not used: {error}")
        else:
            problems += [f"parameter {name}: {note}" for note in done.notes]
            vocabulary.doubts = [f"parameter {name}: {text}" for text in done.sentences()]
        return vocabulary, problems

    def _text_encoder(self) -> TextEncoder:
        if self._encoder is None:
            raise LabelError(
                "there is no text encoder, so no text can be embedded; restore the bundle's "
                "text.onnx"
            )
        return self._encoder

    def set_labels(
        self,
        labels: Sequence[Label],
        templates: Sequence[str] = (),
        taxonomy: Taxonomy = NO_GROUPS,
    ) -> NewLabels:
        """Replace the texts of the label bank; what was enrolled stays.

        Args:
            labels: The labels; those whose names differ by case, spaces or control characters are
                one label.
            templates: Sentences around a text, with {}; empty: the bundle's.
            taxonomy: The groups of the labels; empty: the bundle's, as far as it has these labels.

        Raises:
            LabelError: Empty list, empty or too long texts, too many, a template without {}, or no
                text encoder.
        """
        encoder = self._text_encoder()
        merged, notes = merge_labels(labels)
        texts = [text for label in merged for text in label.texts]
        checked = check_templates(templates or self._templates, len(texts))
        bank = LabelBank.build(
            merged, checked, encoder, taxonomy if taxonomy.groups else self._taxonomy
        )
        misspelt = {} if self._spelling is None else self._spelling.misspelt(texts)
        with self._lock:
            self.bank = self._with_all(bank, self._enrolled, self._match)
            self._texts = bank
            return NewLabels(self.bank, notes, misspelt)

    def _with_all(
        self, texts: LabelBank, views: Sequence[EnrolledView], match: EnrolledMatch | None
    ) -> LabelBank:
        return with_match(with_enrolled(texts, views, self._likeness), match)

    def set_enrolled(
        self, views: Sequence[EnrolledView], match: EnrolledMatch | None = None
    ) -> LabelBank:
        """Replace what was enrolled, and return the new bank.

        Args:
            views: Prototypes of labels, new ones or those of texts, from older files.
            match: The labels that are matched sensor by sensor; None for none.

        Raises:
            LabelError: There would be too many labels; nothing was changed.
        """
        with self._lock:
            self.bank = self._with_all(self._texts, views, match)
            self._enrolled, self._match = tuple(views), match
            return self.bank

    def without(
        self, label: str, views: Sequence[EnrolledView], match: EnrolledMatch | None = None
    ) -> LabelBank:
        """Leave the texts of a label out, replace what was enrolled, and return the new bank.

        Args:
            label: The label, in any spelling; it need not have texts.
            views: As in `set_enrolled`.
            match: As in `set_enrolled`.
        """
        with self._lock:
            names = self._texts.labels
            kept = [i for i, name in enumerate(names) if same_text(name) != same_text(label)]
            self._texts = self._texts.subset(kept)
        return self.set_enrolled(views, match)

    def renamed(
        self,
        label: str,
        new_label: str,
        views: Sequence[EnrolledView],
        match: EnrolledMatch | None = None,
    ) -> LabelBank:
        """Rename a label, replace what was enrolled, and return the new bank.

        Args:
            label: The label, in any spelling; it need not have texts. Its prototypes stay those of
                the old texts.
            new_label: The new name, cleaned.
            views: As in `set_enrolled`.
            match: As in `set_enrolled`.
        """
        with self._lock:
            key = same_text(label)
            names = tuple(new_label if same_text(n) == key else n for n in self._texts.labels)
            taxonomy = self._texts.taxonomy.renamed(label, new_label)
            self._texts = replace(self._texts, labels=names, taxonomy=taxonomy)
        return self.set_enrolled(views, match)

    @property
    def texts(self) -> LabelBank:
        """The bank without what was enrolled."""
        return self._texts

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed texts as they are.

        Args:
            texts: N texts.

        Returns:
            float32 [N, D], unit vectors.

        Raises:
            LabelError: There is no text, an empty or too long one, or too many, or no text encoder.
        """
        if not texts:
            raise LabelError("there is no text to embed; give at least one")
        if len(texts) > MAX_TEXTS:
            raise LabelError(f"{len(texts)} texts are more than {MAX_TEXTS}; send fewer at a time")
        for index, text in enumerate(texts):
            if not clean_text(text):
                raise LabelError(f"text {index} is empty; give a sentence")
            if len(text) > MAX_CHARACTERS:
                raise LabelError(
                    f"text {index} has {len(text)} characters, more than {MAX_CHARACTERS}; "
                    "shorten it"
                )
        return self._text_encoder().encode_batch(list(texts))
