"""The vocabulary: the label bank in use, and how it is replaced at run time."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.plain_text import clean_text

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
        model: str = "",
    ) -> None:
        """Create a vocabulary; `load` makes one from a bundle.

        Args:
            bank: The first label bank.
            templates: Sentences around a label, with {}.
            encoder: The text encoder; None if the bundle has none that works: then the labels
                cannot be changed.
            likeness: Of enrolled prototypes, see `LabelBank.likeness`.
            model: Name and version of the bundle, in whose embedding space all prototypes are.
        """
        self.bank = bank
        self._model = model
        self._enrolled: list[tuple[str, npt.NDArray[np.float32]]] = []
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
        vocabulary = cls(bank, file.templates, encoder, likeness, bundle.manifest.model)
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
            for label, values in self._enrolled:
                bank = bank.with_label(label, values, self._likeness)
            self.bank = bank
        return bank, left_out

    def enroll(self, label: str, values: npt.NDArray[np.float32]) -> LabelBank:
        """Add a prototype to a label, a new one or one in the bank, and return the new bank.

        Args:
            label: The label text.
            values: float32 [D], unit vector.

        Raises:
            LabelError: The text cannot be a label.
        """
        with self._lock:
            self.bank = self.bank.with_label(label, values, self._likeness)
            self._enrolled.append((label, values))
            return self.bank

    def take_enrolled(self, other: Vocabulary) -> list[str]:
        """Take over what was enrolled in another vocabulary.

        Args:
            other: The vocabulary before this one, perhaps of another bundle.

        Returns:
            A sentence if its prototypes cannot be used here.
        """
        with other._lock:
            enrolled = list(other._enrolled)
        if enrolled and other._model != self._model:
            names = ", ".join(dict.fromkeys(label for label, _ in enrolled))
            return [
                f"the labels {names} were enrolled with the bundle {other._model} and are lost, as "
                f"{self._model} has another embedding space; enroll them again"
            ]
        for label, values in enrolled:
            self.enroll(label, values)
        return []

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
