"""The messages of a recording, in the order in which they arrive in a replay."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.bags.files import messages, open_bag
from omnibind_ros.runtime.stamps import to_nanoseconds

from .sensors import Recording, ReplayedSensor
from .variation import Variation

NS = 1_000_000_000


class Offer(NamedTuple):
    """A message that arrives.

    Attributes:
        time_ns: When, nanoseconds since the epoch.
        sensor: The sensor that gets it.
        message: The message, or what stands for it.
        stamp_ns: Its header's stamp; None for a message without a header.
        frame_id: Its header's frame.
    """

    time_ns: int
    sensor: str
    message: Any
    stamp_ns: int | None
    frame_id: str


OnSkip = Callable[[str, str], None]
"""Takes what cannot be read and why."""


def offers(
    recording: Recording,
    variation: Variation,
    swapped: Mapping[str, ReplayedSensor],
    on_skip: OnSkip,
) -> Iterator[Offer]:
    """Yield the messages of a recording, by the time of their arrival.

    Args:
        recording: The recording.
        variation: What is different from it.
        swapped: By sensor of `variation.swap`, the sensor whose messages come in its place.
        on_skip: Takes messages that cannot be read; the others are used.
    """
    own: dict[str, list[str]] = {}
    for name, sensor in recording.sensors.items():
        if name not in variation.without and name not in swapped:
            own.setdefault(sensor.topic, []).append(name)
    streams = [_own(recording, own, variation.delay, on_skip)]
    for name, sensor in swapped.items():
        stream = _repeated(sensor, name, recording, on_skip)
        delay = round(variation.delay.get(name, 0.0) * NS)
        streams.append(each._replace(time_ns=each.time_ns + delay) for each in stream)
    return heapq.merge(*streams, key=attrgetter("time_ns"))


def _own(
    recording: Recording,
    names: Mapping[str, list[str]],
    delay: Mapping[str, float],
    on_skip: OnSkip,
) -> Iterator[Offer]:
    """Yield the recording's own messages; those that are late wait in a heap meanwhile."""
    waiting: list[tuple[int, int, Offer]] = []
    number = 0
    for topic, time_ns, decode in messages(recording.bag, names):
        offer = _offer(time_ns, decode, on_skip)
        if offer is None:
            continue
        while waiting and waiting[0][0] <= time_ns:
            yield heapq.heappop(waiting)[2]
        for name in names[topic]:
            later = time_ns + round(delay.get(name, 0.0) * NS)
            number += 1
            heapq.heappush(waiting, (later, number, offer._replace(time_ns=later, sensor=name)))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _repeated(
    sensor: ReplayedSensor, name: str, recording: Recording, on_skip: OnSkip
) -> Iterator[Offer]:
    """Yield another bag's messages as if they came with the recording's, again and again."""
    other = open_bag(sensor.bag)
    shift = recording.start_ns - other.start_time
    while True:
        count = 0
        for _, time_ns, decode in messages(sensor.bag, {sensor.topic}):
            offer = _offer(time_ns, decode, on_skip)
            if offer is None:
                continue
            if time_ns + shift > recording.end_ns:
                return
            yield moved(offer, shift)._replace(sensor=name)
            count += 1
        if not count:
            return
        shift += max(other.end_time - other.start_time, 1)


def moved(offer: Offer, shift_ns: int) -> Offer:
    """Return a message that was sent and arrives earlier or later."""
    stamp = offer.stamp_ns
    return offer._replace(
        time_ns=offer.time_ns + shift_ns, stamp_ns=stamp + shift_ns if stamp else stamp
    )


def _offer(time_ns: int, decode: Callable[[], Any], on_skip: OnSkip) -> Offer | None:
    try:
        message = decode()
    except SkipError as error:
        on_skip(error.what, error.reason)
        return None
    header = getattr(message, "header", None)
    stamp_ns = to_nanoseconds(header.stamp) if header is not None else None
    frame_id = str(header.frame_id) if header is not None else ""
    return Offer(time_ns, "", message, stamp_ns, frame_id)


def all_of(sensor: ReplayedSensor, on_skip: OnSkip) -> Iterator[Offer]:
    """Yield all messages of one sensor, at the times at which they were recorded."""
    for _, time_ns, decode in messages(sensor.bag, {sensor.topic}):
        offer = _offer(time_ns, decode, on_skip)
        if offer is not None:
            yield offer._replace(sensor=sensor.name)


def bag_name(bag: Path) -> str:
    """Return the name of a bag's folder, also where the path ends in '.' or '..'."""
    return bag.resolve().name
