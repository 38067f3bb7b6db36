"""Texts as people and programs give them: sentences and labels."""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner, which Persian, Hindi and emoji need."""

_INVISIBLE = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Format characters that show nothing: a soft hyphen, marks of direction, a mark of byte order."""


def clean_text(text: str) -> str:
    """Return a text with single spaces and nothing that cannot be seen.

    Args:
        text: Any text.

    Returns:
        The text without white space at its ends; control characters have become spaces, other
        invisible characters are left out, joiners beside characters are kept. Empty if nothing can
        be seen.
    """
    if not text.isprintable():
        text = "".join(map(_shown, text))
    if text.isascii():
        return " ".join(text.split())
    return " ".join(word for word in text.split() if word.strip(JOINERS))


def _shown(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    if character in _INVISIBLE:
        return ""
    # What is left of the format characters belongs to letters and emoji, such as tags of flags.
    return character if unicodedata.category(character) == "Cf" else " "


def one_line(text: str) -> str:
    """Return a text for a message or a log: without line breaks and what steers a terminal.

    Args:
        text: Any text; names and values in it may come from strangers.

    Returns:
        The text; control characters have become spaces, invisible ones are left out.
    """
    return text if text.isprintable() else " ".join("".join(map(_shown, text)).split())


class SentenceError(ValueError):
    """An error whose text is one sentence for the user, whatever it quotes."""

    def __init__(self, text: str) -> None:
        """Create it.

        Args:
            text: The sentence; `one_line` is applied to it.
        """
        super().__init__(one_line(text))


def same_text(text: str) -> str:
    """Return what is equal for texts that differ by case, spaces or control characters only.

    Args:
        text: Any text.
    """
    words = clean_text(text).casefold().split()
    return unicodedata.normalize("NFC", " ".join(word.strip(JOINERS) for word in words))
