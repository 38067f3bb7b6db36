"""What is right at which time of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from omnibind_ros.bags.replay.run import Said
from omnibind_ros.datasets.readers.bags.labels import Span
from omnibind_ros.plain_text import same_text
from omnibind_ros.recognition.label_bank import LabelBank


@dataclass(frozen=True)
class Truth:
    """The labels of a recording.

    Attributes:
        spans: What is there when, seconds since the beginning; empty: nobody has labelled it.
        right: By label of a span, what is right to say.
        nameless: Labels of spans that the label bank does not have.
    """

    spans: tuple[Span, ...]
    right: Mapping[str, frozenset[str]]
    nameless: tuple[str, ...] = ()

    @staticmethod
    def of(spans: Sequence[Span], bank: LabelBank) -> Truth:
        """Find what is right: the label, and labels that contain it and not too many others.

        Args:
            spans: The labels of the recording.
            bank: What can be said.
        """
        answers = bank.categories.right_answers
        place = {same_text(name): number for number, name in enumerate(bank.labels)}
        right, nameless = {}, []
        for label in dict.fromkeys(span.label for span in spans):
            own = place.get(same_text(label))
            if own is None:
                nameless.append(label)
                right[label] = frozenset({label})
            else:
                found = zip(bank.labels, answers[own], strict=True)
                right[label] = frozenset(name for name, is_right in found if is_right)
        return Truth(tuple(sorted(spans, key=lambda s: s.start)), right, tuple(nameless))

    def is_right(self, at: float, said: str) -> bool | None:
        """Return whether it is right to say a label at a time; None where nothing is labelled."""
        span = next((span for span in self.spans if span.start <= at < span.end), None)
        return None if span is None else said in self.right[span.label]

    def as_said(self, duration: float) -> list[Said]:
        """Return the spans within a duration in seconds."""
        return [Said(s.start, min(s.end, duration), s.label) for s in self.spans]


class Both(NamedTuple):
    """A time in which two things hold."""

    start: float
    end: float
    one: str
    other: str


def overlaps(one: Sequence[Said], other: Sequence[Said]) -> Iterator[Both]:
    """Yield the times in which parts of both hold, in order.

    Args:
        one: Parts that do not overlap each other, by time.
        other: Likewise.
    """
    first = second = 0
    while first < len(one) and second < len(other):
        a, b = one[first], other[second]
        start, end = max(a.start, b.start), min(a.end, b.end)
        if end > start:
            yield Both(start, end, a.label, b.label)
        if a.end <= b.end:
            first += 1
        else:
            second += 1


def right_share(truth: Truth, said: Sequence[Said], settle: float = 0.0) -> float | None:
    """Return the share of the labelled time in which what is said is right.

    Args:
        truth: The labels; without any, the result is None.
        said: What is said over time.
        settle: Seconds from the beginning of each span that are left out.
    """
    spans = [
        Said(s.start + settle, s.end, s.label) for s in truth.spans if s.end - s.start > settle
    ]
    good = whole = 0.0
    for part in overlaps(spans, said):
        whole += part.end - part.start
        good += (part.end - part.start) * (part.other in truth.right[part.one])
    return good / whole if whole else None
