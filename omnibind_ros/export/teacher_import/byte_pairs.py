"""Makes a tokenizer of the library tokenizers of OpenCLIP's own, which is CLIP's.

Source: simple_tokenizer.py of github.com/openai/CLIP. What it corrects in broken Unicode (by the
library ftfy) and in HTML (`&amp;`) is left out but for curly quotes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from omnibind_ros.encoders.manifest import BundleError

WORD_END = "</w>"

WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""What becomes one word: a short form, letters, one digit, or signs."""

QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
"""Curly quotes, and what they are read as."""


def byte_pair_tokenizer(tokenizer: Any, name: str) -> Tokenizer:
    """Return a tokenizer of the library tokenizers that gives the tokens of a SimpleTokenizer.

    Args:
        tokenizer: Of OpenCLIP, with `encoder`, `bpe_ranks`, `sot_token_id` and `eot_token_id`.
        name: Of the model, for messages.

    Raises:
        BundleError: It cleans texts or drops tokens in a way that CLIP's does not.
    """
    clean = getattr(tokenizer.clean_fn, "__name__", "")
    if clean not in CLEANERS or tokenizer.reduction_fn is not None:
        raise BundleError(
            f"the tokenizer of {name} changes texts in a way that tokenizer.json cannot "
            f"({clean or 'no name'}); give a model with CLIP's own"
        )
    words = {number: token for token, number in tokenizer.encoder.items()}
    begin, end = words[tokenizer.sot_token_id], words[tokenizer.eot_token_id]
    made = from_merges(tokenizer.encoder, list(tokenizer.bpe_ranks), begin, end)
    made.normalizer = normalizers.Sequence([*_quotes(), *CLEANERS[clean], *_single_spaces()])
    return made


def from_merges(
    vocabulary: Mapping[str, int], merges: list[tuple[str, str]], begin: str, end: str
) -> Tokenizer:
    """Return CLIP's tokenizer of a vocabulary, without a normalisation.

    Args:
        vocabulary: Tokens and their numbers.
        merges: Pairs of tokens that become one, most frequent first.
        begin: Token before a sentence.
        end: Token behind it.
    """
    made = Tokenizer(
        models.BPE(dict(vocabulary), merges, end_of_word_suffix=WORD_END, fuse_unk=False)
    )
    made.add_special_tokens([AddedToken(token, special=True) for token in (begin, end)])
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(rf"(?i:{WORDS})"), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        special_tokens=[(token, made.token_to_id(token)) for token in (begin, end)],
    )
    return made


def _quotes() -> list[Any]:
    return [normalizers.Replace(curly, plain) for curly, plain in QUOTES.items()]


def _single_spaces() -> list[Any]:
    return [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]


_PUNCTUATION = r"[!-/:-@\[-`{-~]"

CLEANERS: Mapping[str, list[Any]] = {
    "_clean_lower": [normalizers.NFC(), normalizers.Lowercase()],
    "_clean_whitespace": [normalizers.NFC()],
    "_clean_canonicalize": [
        normalizers.NFC(),
        normalizers.Replace("_", " "),
        normalizers.Replace(Regex(_PUNCTUATION), ""),
        normalizers.Lowercase(),
    ],
}
"""Functions of OpenCLIP that clean a text, and the same as normalisers."""


def cleaned(tokenizer: Tokenizer, clean: str, name: str) -> Tokenizer:
    """Return a tokenizer before whose own normalisation OpenCLIP cleans texts.

    Args:
        tokenizer: Of a model of transformers.
        clean: Name of the function that cleans.
        name: Of the model, for messages.

    Raises:
        BundleError: The function is not known.
    """
    if clean not in CLEANERS:
        raise BundleError(
            f"the tokenizer of {name} changes texts in a way that tokenizer.json cannot ({clean}); "
            "give a model with CLIP's own"
        )
    made = Tokenizer.from_str(tokenizer.to_str())
    own = [made.normalizer] if made.normalizer is not None else []
    made.normalizer = normalizers.Sequence([*CLEANERS[clean], *_single_spaces(), *own])
    return made
