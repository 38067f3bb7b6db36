"""Labels of a bag from what a perception node was taught meanwhile, on its topic ~/teaching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omnibind_ros.plain_text import clean_text, same_text

from .files import messages, open_bag
from .labels import Span

TYPE = "omnibind_msgs/msg/Teaching"
ENROLL, DELETE, RENAME = 1, 2, 3
"""Values of Teaching.action."""

NS = 1_000_000_000


@dataclass(frozen=True)
class TaughtSpan:
    """A period of time that a label was learned from.

    Attributes:
        start: Its beginning by the bag's clock, ns.
        end: Its end, ns.
        told: When it was told, ns; the recorder keeps messages until a second later.
        label: The label, as it is called at the bag's end.
        object_name: Name of the thing that was shown; empty: another one in each enrolment.
        number: Which enrolment of the bag it is, counted from 1.
        deleted: Whether the label was deleted later in the bag.
    """

    start: int
    end: int
    told: int
    label: str
    object_name: str
    number: int
    deleted: bool = False


def taught_spans(bag: Path) -> list[TaughtSpan]:
    """Return what was enrolled in a bag, in the order of time.

    The times in the messages are of the node's clock. They are counted back from the message's
    arrival, so that they are right where the recorder's clock differs, or time is simulated.

    Args:
        bag: Its folder.

    Raises:
        SkipError: The bag, or a message on the topic, is damaged.
    """
    topics = {each.topic for each in open_bag(bag).connections if each.msgtype == TYPE}
    spans: list[TaughtSpan] = []
    count = 0
    for _, time, decode in messages(bag, topics):
        told = decode()
        if told.action == ENROLL:
            count += 1
            offset = time - _nanoseconds(told.header.stamp)
            start, end = (_nanoseconds(each) + offset for each in (told.start, told.end))
            label = clean_text(told.label)
            spans.append(TaughtSpan(start, end, time, label, clean_text(told.object), count))
        elif told.action == DELETE:
            spans = _changed(spans, told.label, deleted=True)
        elif told.action == RENAME:
            spans = _changed(spans, told.label, label=clean_text(told.new_label))
    return spans


def teaching_labels(bag: Path) -> list[Span]:
    """Return the labels of a bag that it was taught; raises as `taught_spans`."""
    begin, end = open_bag(bag).start_time, open_bag(bag).end_time
    return [
        Span(
            max(span.start - begin, 0) / NS,
            (min(span.end, end) - begin) / NS,
            span.label,
            span.object_name or f"{bag.name}-{span.label}-{span.number}",
        )
        for span in taught_spans(bag)
        if span.label and not span.deleted and min(span.end, end) > max(span.start, begin)
    ]


def _changed(spans: Sequence[TaughtSpan], now: str, /, **changes: Any) -> list[TaughtSpan]:
    """Return the spans with changes in those whose label is called so now."""
    key = same_text(now)
    return [
        replace(span, **changes) if same_text(span.label) == key and not span.deleted else span
        for span in spans
    ]


def _nanoseconds(time: Any) -> int:
    return int(time.sec) * NS + int(time.nanosec)
