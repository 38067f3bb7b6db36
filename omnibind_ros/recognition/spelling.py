"""Words of labels that may be misspelt: those that the text encoder does not know as words."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import inf, log
from typing import Protocol

CONTINUATION = "##"
"""Begins the pieces inside a word in the vocabulary of a WordPiece tokenizer."""

MIN_LETTERS = 4
"""Shorter words are not checked: too many of them are a letter away from another one."""

LEAST, LEAST_OF_LABELS = 8.0, 4.0
"""Log-likelihood ratios from which a word counts as misspelt: where the nearest word is of the
vocabulary, and where it is of the bundle's own labels; benchmarks/spelling.py measures the rates of
right and wrong remarks."""


class WordPieces(Protocol):
    """What is needed of a tokenizer."""

    def vocabulary(self) -> Mapping[str, int]:
        """Return the tokens and their ids."""
        ...

    def pieces(self, word: str) -> Sequence[str]:
        """Return the tokens of a word."""
        ...


class Spelling:
    """Finds words that are more probably one error away from a known word than a word of their own.

    A noisy channel (Kernighan, Church and Gale, A spelling correction program based on a noisy
    channel model, COLING 1990) with one error (Damerau, A technique for computer detection and
    correction of spelling errors, 1964): a missing, additional, other or doubled letter, or two
    swapped ones; each kind is as probable, and so is each place and letter of a kind. The
    probability of a known word and of the pieces that the tokenizer makes of an unknown one follows
    Zipf's law, 1 / rank: the vocabulary of a WordPiece tokenizer is sorted by frequency.
    """

    def __init__(self, tokenizer: WordPieces, labels: Iterable[str]) -> None:
        """Create it.

        Args:
            tokenizer: With a WordPiece vocabulary. With another, no word is ever found misspelt.
            labels: Texts whose words are known, such as those of the bundle's labels.
        """
        self._tokenizer = tokenizer
        counts = Counter(word.lower() for text in labels for word in _words(text))
        total = counts.total()
        self._of_labels = {word: log(total / count) for word, count in counts.items()}

    @cached_property
    def _ranks(self) -> Mapping[str, float]:
        """The logarithm of each token's rank by frequency."""
        vocabulary = self._tokenizer.vocabulary()
        words = [i for token, i in vocabulary.items() if len(token) > 1 and _plain(token)]
        if not words or not any(token.startswith(CONTINUATION) for token in vocabulary):
            return {}
        # The letters come before the words, without an order: their ids are taken for their ranks.
        start = min(words) - 1
        return {
            token: log(max(i - start if i > start else i, 1)) for token, i in vocabulary.items()
        }

    def misspelt(self, texts: Iterable[str]) -> dict[str, str]:
        """Return words that may be misspelt, each with the known word that is nearest.

        Words with digits, in capital letters, or with letters other than a to z are not checked.

        Args:
            texts: Such as the names of labels.
        """
        if not self._ranks:
            return {}
        found = {}
        for word in dict.fromkeys(word for text in texts for word in _words(text)):
            nearest = self._nearest(word.lower())
            if nearest:
                found[word] = nearest
        return found

    def _nearest(self, word: str) -> str:
        """Return the known word that an unknown word was meant to be; '' if there is none."""
        if len(word) < MIN_LETTERS or word in self._ranks or word in self._of_labels:
            return ""
        own = sum(self._ranks.get(piece, -inf) for piece in self._tokenizer.pieces(word))
        ratios: dict[str, float] = {}
        for known, cost in _one_error_away(word):
            rank = min(self._ranks.get(known, inf), self._of_labels.get(known, inf))
            if rank < inf and len(known) > 2 and not _inflected(word, known):
                ratios[known] = max(own - cost - rank, ratios.get(known, -inf))
        if not ratios:
            return ""
        best = max(ratios, key=ratios.__getitem__)
        least = LEAST_OF_LABELS if best in self._of_labels else LEAST
        return best if ratios[best] > least else ""


def _plain(text: str) -> bool:
    return text.isascii() and text.isalpha()


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text that can be checked."""
    for word in re.split(r"[\s/-]+", text):
        bare = word.strip(string.punctuation)
        # Capital letters inside a word are of an abbreviation or a product's name.
        if _plain(bare) and bare[1:].islower():
            yield bare


def _inflected(word: str, known: str) -> bool:
    return word in (f"{known}s", f"{known}es") or known in (f"{word}s", f"{word}es")


def _one_error_away(word: str) -> Iterator[tuple[str, float]]:
    """Yield what a word was meant to be, and minus the log-probability of that error."""
    letters = string.ascii_lowercase
    place = log(len(word))
    other = place + log(len(letters))
    for i in range(len(word) + 1):
        before, after = word[:i], word[i:]
        for letter in letters:  # one is missing
            yield before + letter + after, place
        if not after:
            break
        for letter in letters:  # one is another
            if letter != after[0]:
                yield before + letter + after[1:], other
        # One is too much: a doubled one, or any.
        yield before + after[1:], place if before[-1:] == after[0] else other
        if len(after) > 1 and after[0] != after[1]:  # two are swapped
            yield before + after[1] + after[0] + after[2:], place
