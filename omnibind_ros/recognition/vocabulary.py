"""The vocabulary: the label bank in use, and how it is replaced at run time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.plain_text import clean_text, same_text

from .enrolled_bank import EnrolledView, with_enrolled
from .label_bank import LabelBank
from .labels import Label, LabelError, merge_names, read_labels

MAX_TEXTS = 10_000
MAX_CHARACTERS = 1000


class Vocabulary:
    """Makes label banks from texts, and embeds texts. Thread-safe."""

    def __init__(
        self,
        bank: LabelBank,
        templates: Sequence[str],
        encoder: TextEncoder | None,
        likeness: float | None = None,
    ) -> None:
        """Create a vocabulary; `load` makes one from a bundle.

        Args:
            bank: The first label bank.
            templates: Sentences around a label, with {}.
            encoder: The text encoder; None if the bundle has none that works: then the labels
                cannot be changed.
            likeness: Of enrolled prototypes, see `LabelBank.likeness`.
        """
        self.bank = bank
        self._texts = bank
        self._enrolled: tuple[EnrolledView, ...] = ()
        self._templates = tuple(templates)
        self._encoder = encoder
        self._likeness = likeness
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, bundle: Bundle, labels: Sequence[str], threads: int
    ) -> tuple[Vocabulary, list[str]]:
        """Load a bundle's labels, or embed those given.

        Args:
            bundle: The bundle.
            labels: Labels to recognise; empty: the bundle's own.
            threads: Threads inside the text encoder.

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
        bank = LabelBank.load(bundle.root, labels_path, encoder)
        likeness = bundle.manifest.calibration.likeness
        vocabulary = cls(bank, file.templates, encoder, likeness)
        if labels:
            try:
                problems += [
                    f"parameter labels: {same}" for same in vocabulary.set_labels(labels)[1]
                ]
            except LabelError as error:
                problems.append(f"parameter labels is not used: {error}")
        return vocabulary, problems

    def _text_encoder(self) -> TextEncoder:
        if self._encoder is None:
            raise LabelError(
                "there is no text encoder, so no text can be embedded; restore the bundle's "
                "text.onnx"
            )
        return self._encoder

    def set_labels(self, labels: Sequence[str]) -> tuple[LabelBank, tuple[str, ...]]:
        """Replace the texts of the label bank; what was enrolled stays.

        Args:
            labels: The label texts; those that differ by case, spaces or control characters are
                one label.

        Returns:
            The new bank, and a part of a sentence for each text that was left out.

        Raises:
            LabelError: Empty list, empty or too long texts, too many, or no text encoder.
        """
        encoder = self._text_encoder()
        names, left_out = merge_names(labels)
        bank = LabelBank.build([Label(name, ()) for name in names], self._templates, encoder)
        with self._lock:
            self.bank = with_enrolled(bank, self._enrolled, self._likeness)
            self._texts = bank
            return self.bank, left_out

    def set_enrolled(self, views: Sequence[EnrolledView]) -> LabelBank:
        """Replace what was enrolled, and return the new bank.

        Args:
            views: Prototypes of labels, new ones or those of texts.

        Raises:
            LabelError: There would be too many labels; nothing was changed.
        """
        with self._lock:
            self.bank = with_enrolled(self._texts, views, self._likeness)
            self._enrolled = tuple(views)
            return self.bank

    def without(self, label: str, views: Sequence[EnrolledView]) -> LabelBank:
        """Leave the texts of a label out, replace what was enrolled, and return the new bank.

        Args:
            label: The label, in any spelling; it need not have texts.
            views: As in `set_enrolled`.
        """
        with self._lock:
            names = self._texts.labels
            kept = [i for i, name in enumerate(names) if same_text(name) != same_text(label)]
            self._texts = self._texts.subset(kept)
        return self.set_enrolled(views)

    def renamed(self, label: str, new_label: str, views: Sequence[EnrolledView]) -> LabelBank:
        """Rename a label, replace what was enrolled, and return the new bank.

        Args:
            label: The label, in any spelling; it need not have texts. Its prototypes stay those of
                the old texts.
            new_label: The new name, cleaned.
            views: As in `set_enrolled`.
        """
        with self._lock:
            key = same_text(label)
            names = tuple(new_label if same_text(n) == key else n for n in self._texts.labels)
            self._texts = replace(self._texts, labels=names)
        return self.set_enrolled(views)

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
