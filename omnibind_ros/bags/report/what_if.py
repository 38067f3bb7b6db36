"""What would have been said without a sensor, with it late, or with it lying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter

from omnibind_ros.bags.replay.feed import NS, Offer, moved
from omnibind_ros.bags.replay.run import Run, Said
from omnibind_ros.bags.replay.senses import Senses

from .truth import Truth, overlaps, right_share

LATE = 0.3
"""Seconds by which a late sensor is late."""

STEPS = 24
"""Parts of a recording by whose multiples it is shifted to find a lie."""


class Kind(Enum):
    """What happens to a sensor."""

    WITHOUT = "without"
    LATE = "late"
    LYING = "lying"


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        sensor: The sensor; '' for the recording as it is.
        kind: What happens to it; None for the recording as it is.
    """

    sensor: str = ""
    kind: Kind | None = None


@dataclass(frozen=True)
class Answer:
    """What would have been said.

    Attributes:
        question: What was asked.
        said: What would have been said over time.
        differs: Share of the time in which it differs from what is said of the recording.
        right: Share of the labelled time in which it is right; None without labels.
        without_result: Longest time between two results, seconds.
        named: Share of the time in which the sensor is named as contradicting the others.
        named_after: Seconds from its first message until it is named; None: never.
    """

    question: Question
    said: list[Said]
    differs: float
    right: float | None
    without_result: float
    named: float
    named_after: float | None


def lie_window(truth: Truth, start_ns: int, end_ns: int) -> tuple[int, int]:
    """Return the part of a recording within which a lying sensor shows another time, in ns.

    That is the labelled part, so that a pad is still free at the beginning; without labels, all.
    """
    if not truth.spans:
        return start_ns, end_ns
    begin = start_ns + round(truth.spans[0].start * NS)
    end = min(start_ns + round(max(span.end for span in truth.spans) * NS), end_ns)
    return (begin, end) if end > begin else (start_ns, end_ns)


def lie_shift(shown: Sequence[Said], window: tuple[float, float]) -> float:
    """Return by how many seconds to shift a sensor so that it mostly shows another label.

    Of equally good ones, the shift nearest to half of the time.

    Args:
        shown: What is there over time; without labels, what is said.
        window: The part of the time in which it is shifted round, seconds.
    """
    begin, end = window
    length = end - begin

    def at(time: float) -> str:
        return next((part.label for part in shown if part.start <= time < part.end), "")

    times = [begin + (number + 0.5) * length / 200 for number in range(200)]
    here = [at(time) for time in times]

    def worth(step: int) -> tuple[int, int]:
        shift = step * length / STEPS
        there = [at(begin + (time + shift - begin) % length) for time in times]
        others = sum(a != b for a, b in zip(here, there, strict=True))
        return others, -abs(step - STEPS // 2)

    return max(range(1, STEPS), key=worth) * length / STEPS


def offers_for(
    question: Question,
    senses: Mapping[str, Senses],
    window: tuple[int, int],
    shift: float,
    others: Mapping[str, Senses],
) -> list[Offer]:
    """Return the messages that arrive in the case of a question.

    Args:
        question: The question.
        senses: All messages, by sensor.
        window: See `lie_window`.
        shift: See `lie_shift`.
        others: Of sensors that lie with the messages of another recording, these messages.
    """
    found: list[Offer] = []
    for name, sensed in senses.items():
        kind = question.kind if name == question.sensor else None
        if kind is Kind.WITHOUT:
            continue
        if kind is Kind.LYING and name in others:
            found += _repeated(name, others[name].offers, sensed.offers)
        elif kind is Kind.LYING:
            found += _shifted(sensed.offers, window, round(shift * NS))
        elif kind is Kind.LATE:
            late = round(LATE * NS)
            found += [each._replace(time_ns=each.time_ns + late) for each in sensed.offers]
        else:
            found += sensed.offers
    return sorted(found, key=attrgetter("time_ns"))  # stable: of one time, in the sensors' order


def _shifted(offers: Sequence[Offer], window: tuple[int, int], shift: int) -> list[Offer]:
    begin, end = window
    found = []
    for offer in offers:
        if begin <= offer.time_ns < end:
            new = begin + (offer.time_ns - begin - shift) % (end - begin)
            found.append(moved(offer, new - offer.time_ns))
        else:
            found.append(offer)
    return found


def _repeated(name: str, other: Sequence[Offer], own: Sequence[Offer]) -> list[Offer]:
    """Return another recording's messages over the time of the own ones, again and again."""
    if not other or not own:
        return []
    shift = own[0].time_ns - other[0].time_ns
    length = max(other[-1].time_ns - other[0].time_ns, 1) + NS // 100
    found: list[Offer] = []
    while not found or found[-1].time_ns <= own[-1].time_ns:
        found += [moved(each, shift)._replace(sensor=name) for each in other]
        shift += length
    return [each for each in found if each.time_ns <= own[-1].time_ns]


def answer(question: Question, run: Run, base: Run, truth: Truth, first: float) -> Answer:
    """Compare what would have been said with what is said.

    Args:
        question: What was asked.
        run: What would have been said.
        base: What is said of the recording as it is, at the same rate of results.
        truth: The labels.
        first: When the sensor's first message of the labelled part arrives, seconds.
    """
    said, before = run.said(), base.said()
    first_result = base.results[0].at if base.results else 0.0
    whole = max(base.duration - first_result, 1e-9)
    differs = sum(
        part.end - part.start
        for part in overlaps(before, said)
        if part.one != part.other and part.start >= first_result - 1e-9
    )
    named = [(r.at, end) for r, end in run.held() if question.sensor in r.contradicting]
    gaps = run.gaps(0.0)
    if run.results:
        gaps.append((first_result, max(run.results[0].at, first_result)))
    else:
        gaps.append((first_result, base.duration))
    return Answer(
        question=question,
        said=said,
        differs=differs / whole,
        right=right_share(truth, said),
        without_result=max(b - a for a, b in gaps),
        named=sum(b - a for a, b in named) / whole,
        named_after=max(named[0][0] - first, 0.0) if named else None,
    )
