"""Which labels are right for the name of a class, such as that of a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from omnibind_ros.plain_text import clean_text

from .labels import Label
from .taxonomy import NO_GROUPS, Categories, Taxonomy

SOUND_WORDS = frozenset(
    (
        "bark",
        "barking",
        "bell",
        "buzz",
        "chirp",
        "clicking",
        "cough",
        "crackle",
        "crackling",
        "creak",
        "cry",
        "crying",
        "engine",
        "footstep",
        "growl",
        "horn",
        "howl",
        "hiss",
        "hum",
        "laugh",
        "meow",
        "moo",
        "purr",
        "ring",
        "ringing",
        "roar",
        "rustle",
        "siren",
        "snore",
        "sneeze",
        "sneezing",
        "song",
        "sound",
        "squeak",
        "tick",
        "ticking",
        "voice",
        "whistle",
    )
)
"""Words for sounds: the name of a sound ends in one, and begins with what makes it."""


def class_text(name: str) -> str:
    """Return a class name as a text: 'Brown-Cap_Mushroom' is 'Brown Cap Mushroom'."""
    return clean_text(re.sub(r"[_\-]+", " ", name))


def right_labels(
    name: str, labels: Sequence[Label], taxonomy: Taxonomy = NO_GROUPS, *, sound: bool = False
) -> tuple[str, ...]:
    """Return the labels that are right for a class.

    The first of these rules that finds a label decides: the label has the class's name; a synonym
    has; the label or a synonym contains the class's name as words ('mug' is in 'coffee mug'); the
    class's name ends in the label or a synonym, so that the label is the wider word ('office chair'
    is a 'chair'); the class is one of sounds, its name ends in a word for one ('dog bark'), and one
    of these rules finds a label for what makes it. Case, hyphens, underscores and a plural s do not
    count. A class that is one of several things ('truck_or_van') has the labels of each of them. A
    label that contains a right one and covers few labels is right as well
    (`Categories.right_answers`).

    Args:
        name: The class.
        labels: The labels.
        taxonomy: Which of them contain others.
        sound: Whether the class is one of sounds.

    Returns:
        Names of labels, in their order; empty if none is right.
    """
    words = _words(name)
    found = {label for each in _alternatives(words) for label in _labels_of(each, labels, sound)}
    names = [label.name for label in labels]
    right = Categories(names, taxonomy).right_answers
    wanted = np.array([name in found for name in names], np.bool_)
    return tuple(np.array(names, object)[right[wanted].any(0)].tolist())


def _alternatives(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the words before, between and after each 'or'."""
    parts: list[tuple[str, ...]] = [()]
    for word in words:
        if word == "or":
            parts.append(())
        else:
            parts[-1] += (word,)
    return parts


def _labels_of(wanted: tuple[str, ...], labels: Sequence[Label], sound: bool) -> tuple[str, ...]:
    """Return what the first of the rules that finds a label finds."""
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
    made_by = sound and wanted[-1] in SOUND_WORDS
    return _labels_of(wanted[:-1], labels, sound) if made_by else ()


def _words(text: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return tuple(_singular(word) for word in words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _contains(text: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(text[at : at + len(part)] == part for at in range(len(text) - len(part) + 1))
