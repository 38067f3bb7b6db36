"""Which labels are right for the name of a class, such as that of a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from omnibind_ros.plain_text import clean_text

from .labels import Label


def class_text(name: str) -> str:
    """Return a class name as a text: 'Brown-Cap_Mushroom' is 'Brown Cap Mushroom'."""
    return clean_text(re.sub(r"[_\-]+", " ", name))


def right_labels(name: str, labels: Sequence[Label]) -> tuple[str, ...]:
    """Return the labels that are right for a class.

    The first of these rules that finds a label decides: the label has the class's name; a synonym
    has; the label or a synonym contains the class's name as words ('mug' is in 'coffee mug'); the
    class's name ends in the label or a synonym, so that the label is the wider word ('office chair'
    is a 'chair'). Case, hyphens, underscores and a plural s do not count.

    Args:
        name: The class.
        labels: The labels.

    Returns:
        Names of labels, in their order; empty if none is right.
    """
    wanted = _words(name)
    texts = [
        (label.name, _words(label.name), [_words(synonym) for synonym in label.synonyms])
        for label in labels
    ]
    rules = (
        lambda own, _others: own == wanted,
        lambda _own, others: wanted in others,
        lambda own, others: any(_contains(text, wanted) for text in (own, *others)),
        lambda own, others: any(wanted[-len(text) :] == text for text in (own, *others) if text),
    )
    if not wanted:
        return ()
    for rule in rules:
        found = tuple(label for label, own, others in texts if rule(own, others))
        if found:
            return found
    return ()


def _words(text: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return tuple(_singular(word) for word in words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _contains(text: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(text[at : at + len(part)] == part for at in range(len(text) - len(part) + 1))
