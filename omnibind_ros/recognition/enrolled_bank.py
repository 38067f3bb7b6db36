"""A label bank with what was enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.plain_text import same_text

from .enrolled_match import EnrolledMatch
from .label_bank import LabelBank
from .labels import MAX_LABELS, LabelError, clean_label


def with_match(bank: LabelBank, match: EnrolledMatch | None) -> LabelBank:
    """Return a bank that matches enrolled labels, new ones and ones of the bank.

    Args:
        bank: The bank, which stays as it is.
        match: The enrolled labels; None for none.

    Raises:
        LabelError: A name cannot be a label, or there would be more than `MAX_LABELS`.
    """
    if match is None:
        return bank
    labels = {same_text(label): label for label in bank.labels}
    for name in match.labels:
        labels.setdefault(same_text(name), clean_label(name))
    check_count(len(labels))
    return replace(bank, labels=tuple(labels.values()), enrolled=match)


def check_count(count: int) -> None:
    """Refuse more labels than `MAX_LABELS`; raises LabelError."""
    if count > MAX_LABELS:
        raise LabelError(
            f"the label bank is full: {count} labels are more than {MAX_LABELS}; set fewer "
            "labels or delete enrolled ones"
        )


class EnrolledView(NamedTuple):
    """A prototype that was enrolled.

    Attributes:
        label: The label's name.
        values: float32 [D], unit vector.
    """

    label: str
    values: npt.NDArray[np.float32]


def with_enrolled(
    bank: LabelBank, views: Sequence[EnrolledView], likeness: float | None = None
) -> LabelBank:
    """Return a bank with more prototypes, of new labels or of those in the bank.

    Args:
        bank: The bank, which stays as it is.
        views: The prototypes. A label that differs from one in the bank by case, spaces or control
            characters only is the same, in the bank's spelling.
        likeness: See `LabelBank.likeness`; None: the prototypes count as a text's do.

    Raises:
        LabelError: A name cannot be a label, or there would be more than `MAX_LABELS`.
    """
    if not views:
        return bank
    labels = list(bank.labels)
    places = {same_text(label): place for place, label in enumerate(labels)}
    owner = []
    for view in views:
        place = places.setdefault(same_text(view.label), len(labels))
        if place == len(labels):
            labels.append(clean_label(view.label))
        owner.append(place)
    check_count(len(labels))
    owners = np.concatenate([bank.owner, np.array(owner, bank.owner.dtype)])
    order = np.argsort(owners, kind="stable")
    rows = np.concatenate([bank.prototypes, np.stack([view.values for view in views])])
    texts = np.full(len(bank.owner), np.nan, np.float32)
    old = texts if bank.likeness is None else bank.likeness
    new = np.full(len(views), np.nan if likeness is None else likeness, np.float32)
    likenesses = np.concatenate([old, new])
    return replace(
        bank,
        labels=tuple(labels),
        prototypes=rows[order],
        owner=owners[order],
        likeness=None if np.isnan(likenesses).all() else likenesses[order],
    )
