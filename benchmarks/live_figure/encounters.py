"""What was said while one object was there, in figures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

SETTLING = 1.0
"""Seconds after the arrival at an object that do not count for the share of time."""

STEADY = 0.5
"""Seconds for which a label must stay right to count as settled, and a liar must be named."""

HOLD = 1.0
"""Seconds for which a result counts while no newer one comes."""


@dataclass(frozen=True)
class Said:
    """A result.

    Attributes:
        at: Unix time when it was published, seconds.
        label: The best label.
        known: Whether it is known.
        contradicting: Names of the sensors that contradict the others.
    """

    at: float
    label: str
    known: bool = True
    contradicting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An object that was there for a while.

    Attributes:
        object_id: Its id.
        begin: Unix time of the arrival, seconds.
        end: Unix time of the departure, seconds.
        right: The labels that are right.
        liar: The sensor that showed another object; empty: none did.
    """

    object_id: str
    begin: float
    end: float
    right: frozenset[str]
    liar: str = ""


@dataclass(frozen=True)
class Encounter:
    """The figures of one object.

    Attributes:
        object_id: Its id.
        liar: The sensor that lied; empty: none did.
        right: The labels that are right.
        said: The label that was said for the longest time; empty: none was.
        present_s: Seconds that the object was there.
        measured_s: Seconds of the measurement, from `SETTLING` after the arrival on.
        right_s: Seconds of these in which the best label was right.
        known_s: Seconds in which it was right and known.
        wrong_known_s: Seconds in which it was known but not right.
        changes: Changes of the best label in the measurement.
        settles: Whether there was an object before, of which no label is right for this one.
        settle_s: Seconds from the arrival to the first right label that stays right for
            `STEADY`; None: there was none.
        lie_named_s: Seconds from the arrival until the lying sensor was named, and that for
            `STEADY`; None: it was not.
        alarms: How often a sensor that did not lie began to be named.
        results: Results since the arrival.
    """

    object_id: str
    liar: str
    right: tuple[str, ...]
    said: str
    present_s: float
    measured_s: float
    right_s: float
    known_s: float
    wrong_known_s: float
    changes: int
    settles: bool
    settle_s: float | None
    lie_named_s: float | None
    alarms: int
    results: int

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)


def measure(shown: Shown, said: Sequence[Said], before: Collection[str] = ()) -> Encounter:
    """Return the figures of one object.

    Args:
        shown: The object.
        said: All results of the run, in order.
        before: The labels that were right for the object before.
    """
    begin = shown.begin + SETTLING
    # Each result counts until the next one, and for `HOLD` at most.
    ends = [min(later.at, now.at + HOLD) for now, later in pairwise(said)]
    ends += [said[-1].at + HOLD] if said else []
    seconds: dict[Said, float] = {}
    for now, until in zip(said, ends, strict=True):
        length = min(until, shown.end) - max(now.at, begin)
        if length > 0:
            seconds[now] = seconds.get(now, 0.0) + length
    labels: dict[str, float] = {}
    for now, length in seconds.items():
        labels[now.label] = labels.get(now.label, 0.0) + length
    within = [now for now in said if shown.begin <= now.at < shown.end]
    named = _lasting(shown, said, lambda now: shown.liar in now.contradicting)
    pairs = [(a, b) for a, b in pairwise(said) if shown.begin <= b.at < shown.end]
    return Encounter(
        object_id=shown.object_id,
        liar=shown.liar,
        right=tuple(sorted(shown.right)),
        said=max(labels, key=lambda label: labels[label], default=""),
        present_s=shown.end - shown.begin,
        measured_s=max(shown.end - begin, 0.0),
        right_s=sum(s for now, s in seconds.items() if now.label in shown.right),
        known_s=sum(s for now, s in seconds.items() if now.label in shown.right and now.known),
        wrong_known_s=sum(
            s for now, s in seconds.items() if now.label not in shown.right and now.known
        ),
        changes=sum(a.label != b.label for a, b in pairs if b.at >= begin),
        settles=bool(before) and not shown.right & set(before),
        settle_s=_lasting(shown, said, lambda now: now.label in shown.right),
        lie_named_s=named if shown.liar else None,
        alarms=sum(
            len(set(b.contradicting) - set(a.contradicting) - {shown.liar}) for a, b in pairs
        ),
        results=len(within),
    )


def _lasting(shown: Shown, said: Sequence[Said], holds: Callable[[Said], bool]) -> float | None:
    """Return the seconds from the arrival until something holds for `STEADY`; None: never.

    What holds at the arrival already counts from the arrival on.
    """
    since: float | None = None
    for now in said:
        if now.at >= shown.end:
            break
        if not holds(now):
            since = None
        elif since is None or since < shown.begin:
            since = max(now.at, shown.begin)
        if since is not None and now.at - since >= STEADY:
            return since - shown.begin
    return None


def measure_all(shown: Sequence[Shown], said: Sequence[Said]) -> list[Encounter]:
    """Return the figures of all objects of a run, in their order."""
    before: list[frozenset[str]] = [frozenset(), *(each.right for each in shown)]
    return [measure(each, said, last) for each, last in zip(shown, before, strict=False)]
