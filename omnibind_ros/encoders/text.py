"""The text encoder: sentence to embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from .backend import Model
from .base import Encoding
from .manifest import BundleError, FileSpec

MAX_TOKENS = 128
"""Largest number of tokens of a sentence, unless the manifest's parameter `CONTEXT` says it."""

CONTEXT = "max_tokens"
BATCH = 64


class TextEncoder:
    """Encodes sentences. Thread-safe."""

    modality = "text"

    def __init__(self, model: Model, name: str, spec: FileSpec, folder: Path) -> None:
        """Create an encoder; `make_encoder` does.

        Raises:
            BundleError: The tokenizer cannot be loaded.
        """
        self.model = name
        self.sha256 = spec.sha256
        self._model = model
        if "tokenizer" not in spec.extra:
            raise BundleError(
                f"bundle {name} names no tokenizer for {spec.path}; add it to bundle.yaml under "
                "encoders.text.extra"
            )
        path = folder / spec.extra["tokenizer"].path
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:
            raise BundleError(
                f"{path.name} is no tokenizer ({type(error).__name__}); restore it from where the "
                "bundle came"
            ) from error
        given = spec.inputs[0].parameters if spec.inputs else {}
        self._tokenizer.enable_truncation(int(given.get(CONTEXT, MAX_TOKENS)))
        self._tokenizer.no_padding()

    def encode(self, sample: Any) -> Encoding:
        """Encode a sentence.

        Args:
            sample: str; tokens after the last that fits into the context are left out.
        """
        return Encoding(self.encode_batch([sample])[0], 1.0)

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode many sentences in batches of similar length.

        Args:
            texts: N sentences.
            progress: Called with (done, N) after each batch.

        Returns:
            float32 [N, D], unit vectors, in the order of the texts.
        """
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        rows: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)] * len(tokens)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            length = max(1, *(len(tokens[i]) for i in chosen))  # a sentence may have no token
            ids = np.zeros((len(chosen), length), np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(chosen):
                ids[row, : len(tokens[i])] = tokens[i]
                mask[row, : len(tokens[i])] = 1
            (values,) = self._model.run({"input_ids": ids, "attention_mask": mask})
            for row, i in enumerate(chosen):
                rows[i] = values[row]
            if progress is not None:
                progress(min(start + BATCH, len(order)), len(order))
        return np.stack(rows) if rows else np.empty((0, 0), np.float32)

    def vocabulary(self) -> Mapping[str, int]:
        """Return the tokens of the tokenizer and their ids."""
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        return vocabulary

    def pieces(self, word: str) -> Sequence[str]:
        """Return the tokens of a word."""
        tokens: list[str] = self._tokenizer.encode(word, add_special_tokens=False).tokens
        return tokens

    def cancel(self, thread: int) -> None:
        """Make the run in progress in a thread end early with an error."""
        self._model.cancel(thread)


def make_encoder(model: Model, name: str, spec: FileSpec, folder: Path) -> TextEncoder:
    """Return the text encoder of a bundle, as encoders/__init__.py describes it.

    Raises:
        BundleError: The tokenizer cannot be loaded.
    """
    return TextEncoder(model, name, spec, folder)
