"""The figures of a story."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from .record import Done, Result, RoomRecord
from .script import TAUGHT

SETTLING = 1.0
"""Seconds after the arrival at an object that do not count for the share of time."""

HOLD = 1.0
"""Seconds for which a result counts while no newer one comes."""

AFTER = 1.0
"""Seconds after an event in which a gap counts as its own."""

ALL = "all"
"""The name of the time without an event."""


@dataclass(frozen=True)
class EventFigures:
    """What one event changed.

    Attributes:
        name: Of the event.
        object: What was there: its right labels, the finest one first.
        before: The best label when it began; empty: none.
        after: The best label when it ended; empty: none.
        right_before: Whether that before was right.
        right_after: Whether that after was right; of a teaching, the taught one.
        gap_ms: Longest time between two results from its begin to `AFTER` after its end.
        named_s: Seconds until the sensor that lies, or the taught label, was named; None: never,
            or there was nothing to name.
    """

    name: str
    object: str
    before: str
    after: str
    right_before: bool
    right_after: bool
    gap_ms: float | None
    named_s: float | None


@dataclass(frozen=True)
class RoomSummary:
    """The figures of a story; None for what could not be measured.

    Attributes:
        duration_s: From the first arrival to the end.
        objects: Number of objects that were there.
        results: Number of results since the first arrival.
        results_per_s: Results a second.
        page_hz: Refreshes of the page a second, as a client got them.
        right_share: Share of the time in which the best label was right, from `SETTLING` after
            each arrival on; after a teaching, the taught label is the right one.
        known_share: Share of that time in which the best label was right and known.
        wrong_known_share: Share of that time in which it was known but not right.
        right_share_by_sensors: The same by what was done: `all` (nothing), `without image`, ...
        longest_gap_ms: Longest time between two results.
        gap_ms_by_unplug: By sensor, longest time between two results around its unplugging.
        lie_named_s: Seconds from the begin of the lie until the image sensor was named.
        lie_named_s_by_sensor: The same for each sensor that lied.
        taught_named_s: Seconds from the end of the teaching until the taught label was the best.
        events: What each event changed.
    """

    duration_s: float
    objects: int
    results: int
    results_per_s: float
    page_hz: float | None
    right_share: float | None
    known_share: float | None
    wrong_known_share: float | None
    right_share_by_sensors: Mapping[str, float]
    longest_gap_ms: float | None
    gap_ms_by_unplug: Mapping[str, float | None]
    lie_named_s: float | None
    lie_named_s_by_sensor: Mapping[str, float | None]
    taught_named_s: float | None
    events: Sequence[EventFigures]

    def as_json(self) -> dict[str, Any]:
        """Return a dictionary of JSON types, figures rounded to four decimal places."""
        return {key: _rounded(value) for key, value in asdict(self).items()}

    def verdict(self) -> str:
        """Return one sentence on what failed; empty if the story was told."""
        if not self.objects:
            return "the robot came upon no object."
        if not self.results:
            return "perception published no result."
        if not self.right_share:
            return "perception published results, but no best label was right."
        return ""


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value


@dataclass(frozen=True)
class _Span:
    """Time in which one result counted and nothing was done.

    Attributes:
        seconds: How long.
        condition: `ALL`, or the name of the event that was going on.
        right: Whether the best label was right.
        known: Whether it was known.
    """

    seconds: float
    condition: str
    right: bool
    known: bool


def summarise(
    record: RoomRecord,
    right: Mapping[str, frozenset[str]],
    finest: Mapping[str, str],
    page_hz: float | None = None,
) -> RoomSummary:
    """Return the figures of a story.

    Args:
        record: What was said and done; its last arrival is the end.
        right: By object, the labels that are right.
        finest: By object, its finest label.
        page_hz: Refreshes of the page a second; None: there was no page.
    """
    places = [(a, b.at) for a, b in pairwise(record.arrivals) if a.object_id]
    begin, end = (places[0][0].at, places[-1][1]) if places else (0.0, 0.0)
    results = [each for each in record.results if begin <= each.at <= end]
    spans = [
        span
        for place, (arrival, departure) in enumerate(places)
        for span in _spans(
            results,
            arrival.at,
            departure,
            right[arrival.object_id],
            [done for done in record.done if done.place == place],
        )
    ]
    conditions = dict.fromkeys(span.condition for span in spans)
    lies = {d.event.sensor: _named(d, results) for d in record.done if d.event.kind == "lie"}
    taught = [d for d in record.done if d.event.kind == "teach" and d.success]
    return RoomSummary(
        duration_s=end - begin,
        objects=len(places),
        results=len(results),
        results_per_s=len(results) / (end - begin) if end > begin else 0.0,
        page_hz=page_hz,
        right_share=_share(spans, lambda span: span.right),
        known_share=_share(spans, lambda span: span.right and span.known),
        wrong_known_share=_share(spans, lambda span: span.known and not span.right),
        right_share_by_sensors={
            name: _share([s for s in spans if s.condition == name], lambda span: span.right) or 0.0
            for name in conditions
        },
        longest_gap_ms=_gap(results, begin, end),
        gap_ms_by_unplug={
            d.event.sensor: _gap(results, d.begin, d.end + AFTER)
            for d in record.done
            if d.event.kind == "unplug"
        },
        lie_named_s=lies.get("image"),
        lie_named_s_by_sensor=lies,
        taught_named_s=_named(taught[0], results) if taught else None,
        events=[
            _event(done, results, right[object_id], finest[object_id])
            for done in record.done
            for object_id in [places[done.place][0].object_id]
        ],
    )


def _spans(
    results: Sequence[Result],
    arrival: float,
    departure: float,
    right: frozenset[str],
    events: Sequence[Done],
) -> Iterator[_Span]:
    """Divide the time at an object by results and events."""
    begin = arrival + SETTLING
    edges = [begin, departure]
    edges += [t for d in events for t in (d.begin, d.end) if begin < t < departure]
    edges += [each.at for each in results if begin < each.at < departure]
    for start, stop in pairwise(sorted(set(edges))):
        said = _last(results, start)
        known_until = said.at + HOLD if said else start
        name, answers = ALL, right
        for done in events:
            if done.event.kind == "teach":
                if done.success and start >= done.end:
                    name, answers = done.event.name, frozenset([TAUGHT])
                elif start >= done.begin:
                    answers = right | {TAUGHT}  # while it is being taught
            elif done.begin <= start < done.end:
                name = done.event.name
        # A result counts until the next one, and for `HOLD` at most.
        heard = max(min(stop, known_until) - start, 0.0)
        if said is not None and heard > 0:
            yield _Span(heard, name, said.label in answers, said.known)
        if stop - start > heard:
            yield _Span(stop - start - heard, name, right=False, known=False)


def _last(results: Sequence[Result], at: float) -> Result | None:
    """Return the newest result of that time or before; None: there is none."""
    place = bisect_right(results, at, key=lambda each: each.at)
    return results[place - 1] if place else None


def _share(spans: Sequence[_Span], holds: Callable[[_Span], bool]) -> float | None:
    total = sum(span.seconds for span in spans)
    return sum(span.seconds for span in spans if holds(span)) / total if total else None


def _gap(results: Sequence[Result], begin: float, end: float) -> float | None:
    """Return the longest time between two results, milliseconds, that touches a time."""
    gaps = [b.at - a.at for a, b in pairwise(results) if b.at > begin and a.at < end]
    return max(gaps) * 1e3 if gaps else None


def _named(done: Done, results: Sequence[Result]) -> float | None:
    """Return after how many seconds a liar, or a taught label, was named; None: never."""
    if done.event.kind == "teach":
        return next(
            (r.at - done.end for r in results if r.at >= done.end and r.label == TAUGHT), None
        )
    return next(
        (
            r.at - done.begin
            for r in results
            if done.begin <= r.at <= done.end and done.event.sensor in r.contradicting
        ),
        None,
    )


def _event(
    done: Done, results: Sequence[Result], right: frozenset[str], finest: str
) -> EventFigures:
    before, after = _last(results, done.begin), _last(results, done.end)
    if done.event.kind == "teach":
        after = _last(results, done.end + AFTER)
    wanted = frozenset([TAUGHT]) if done.event.kind == "teach" else right
    return EventFigures(
        name=done.event.name,
        object=", ".join([finest, *sorted(right - {finest})]),
        before=before.label if before else "",
        after=after.label if after else "",
        right_before=before is not None and before.label in right,
        right_after=after is not None and after.label in wanted,
        gap_ms=_gap(results, done.begin, done.end + AFTER),
        named_s=None if done.event.kind == "unplug" else _named(done, results),
    )
