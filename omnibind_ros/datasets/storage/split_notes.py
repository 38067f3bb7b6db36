"""Sentences for the user about classes with too few objects for all splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .item import SPLITS, Split
from .splits import Division

NAMED = 12
"""Most classes that a sentence names."""


def division_notes(division: Division) -> list[str]:
    """Return what the splits mean for the figures, a sentence for each kind of class.

    Args:
        division: What `splits.divide` found.
    """
    notes = []
    if division.one:
        notes.append(
            f"{_classes(division.one)} one object only: its recordings are divided in their order "
            "into training (65 %), validation (15 %) and test (20 %), so figures of such a class "
            "say how well this object is recognised again, not another one of its kind; three "
            "objects would tell."
        )
    if division.two:
        notes.append(
            f"{_classes(division.two)} two objects only: one is for training, the recordings of "
            "the other are divided in their order between validation and test, so thresholds and "
            "figures of such a class come from one object; a third would make them independent."
        )
    if division.unknown:
        notes.append(
            f"{_classes(division.unknown)} files of unknown objects, directly in the folder of the "
            "class: they are divided in their order into training (65 %), validation (15 %) and "
            "test (20 %), so figures are too good if one object is in several splits; put the "
            "files of each object into a folder of its own, or write 'object: file' into "
            "folder.yaml if each file shows another object."
        )
    return notes


def missing_notes(there: Mapping[str, Iterable[Split]]) -> list[str]:
    """Return a sentence for each split that some classes lack.

    Args:
        there: By class, the splits that it has samples in.
    """
    meanings = {
        "train": "nothing is learnt of them",
        "validation": "their thresholds cannot be fitted on held-out samples",
        "test": "no figure tells how well they are recognised",
    }
    notes = []
    for split in SPLITS:
        lacking = sorted(label for label, splits in there.items() if split not in set(splits))
        if lacking:
            notes.append(f"{_classes(lacking)} no {split} samples: {meanings[split]}.")
    return notes


def counted(numbers: Mapping[str, int]) -> str:
    """Return e.g. 'cup 20, mug 3': the largest numbers first, at most `NAMED` of them."""
    ranked = sorted(numbers.items(), key=lambda entry: (-entry[1], entry[0]))
    more = f", and {len(ranked) - NAMED} more classes" if len(ranked) > NAMED else ""
    return ", ".join(f"{name} {number}" for name, number in ranked[:NAMED]) + more


def _classes(names: list[str]) -> str:
    """Return e.g. '2 classes (cup, mug) have'."""
    listed = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return (
        f"{len(names)} class ({listed}) has"
        if len(names) == 1
        else (f"{len(names)} classes ({listed}) have")
    )
