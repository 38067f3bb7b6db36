"""Observations of a bag's sensors, as a node without load makes them: at each message's arrival."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.samples import CodecError, sample_module
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.stamps import SensorClock, to_nanoseconds
from omnibind_ros.sensors import Doubt

from .files import messages
from .sensors import BagSensor

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Moment:
    """When one sensor is observed for one sample of a dataset.

    Attributes:
        first: When the first message of its window was recorded, ns.
        last: When the message was recorded at whose arrival it is observed, ns.
        clock: What was known of the sensor's clock before the first message.
    """

    first: int
    last: int
    clock: SensorClock


class Observation(NamedTuple):
    """What a sensor shows at one moment.

    Attributes:
        sample: The sample, as the encoder takes it.
        reading: The decoded message that came last.
        doubts: Why they may be wrong.
    """

    sample: Any
    reading: Any
    doubts: tuple[Doubt, ...]


class _Origin(NamedTuple):
    """Takes the place of a message in a channel's buffer: when it came, and what was known then."""

    time: int
    clock: SensorClock


def put(channel: Channel, message: Any, time: int) -> None:
    """Give a channel a message as a node's subscription does.

    Args:
        channel: The sensor's channel.
        message: The message.
        time: When it was recorded, ns; both clocks of the node.
    """
    header = getattr(message, "header", None)
    stamp_ns = to_nanoseconds(header.stamp) if header is not None else None
    frame_id = str(header.frame_id) if header is not None else ""
    channel.put(message, stamp_ns, frame_id, time, time * 1e-9)


def observe(channel: Channel, time: int, name: str) -> Observation:
    """Return what the messages that wait in a channel show.

    Args:
        channel: The sensor's channel.
        time: The node's clock, ns.
        name: The sensor, for errors.

    Raises:
        SkipError: They cannot be used, or nothing is seen.
    """
    decoder = channel.decoder
    if decoder is None or channel.demand(time * 1e-9) is None:
        raise SkipError(name, _why_not(channel, time))
    arrivals = channel.take(time * 1e-9)
    channel.busy = False
    reading = decoder.read(arrivals)
    for arrival in reading.unused:
        channel.discard(arrival)
    if reading.problem:
        raise SkipError(name, reading.problem)
    return Observation(reading.sample, reading.last, reading.doubts)


def _why_not(channel: Channel, time: int) -> str:
    return channel.state(time * 1e-9).reason or "its messages are older than max_age"


class Replay:
    """Goes through a bag once, for a sensor whose samples depend on all messages before."""

    def __init__(self, sensor: BagSensor) -> None:
        """Begin with the first message."""
        self._sensor = sensor
        self._time = -1
        self._result: Observation | SkipError = SkipError(sensor.name, "it has no message")
        self._restart()

    def at(self, time: int) -> Observation:
        """Return what the sensor shows at the arrival of the message recorded at this time, ns.

        A time before that of the last call starts from the beginning.

        Raises:
            SkipError: It cannot be used, or nothing is seen.
        """
        if self._time > time:
            self._restart()
        while self._time < time and (found := next(self._messages, None)) is not None:
            _, self._time, decode = found
            try:
                put(self._channel, decode(), self._time)
                self._result = observe(self._channel, self._time, self._sensor.name)
            except SkipError as error:
                self._result = error
        if isinstance(self._result, SkipError):
            raise self._result
        return self._result

    def _restart(self) -> None:
        self._channel = self._sensor.channel()
        self._messages = messages(self._sensor.bag, {self._sensor.topic})
        self._time = -1
        self._result = SkipError(self._sensor.name, "it has no message")


_replay = lru_cache(maxsize=8)(Replay)
"""Samples are loaded in the order of their times, so that a bag is gone through once."""


def load_observation(sensor: BagSensor, moment: Moment) -> Observation:
    """Return what a sensor shows at a moment.

    Raises:
        SkipError: It cannot be used, or nothing is seen.
    """
    if sensor.kind.stateful:
        return _replay(sensor).at(moment.last)
    channel = sensor.channel()
    channel.clock = copy.copy(moment.clock)
    for _, time, decode in messages(sensor.bag, {sensor.topic}, moment.first, moment.last + 1):
        put(channel, decode(), time)
    return observe(channel, moment.last, sensor.name)


def load_sample(sensor: BagSensor, moment: Moment) -> Any:
    """Return what a sensor shows at a moment as datasets hold it (`omnibind_ros.datasets.samples`).

    Raises:
        SkipError: It cannot be used, or nothing is seen.
    """
    observation = load_observation(sensor, moment)
    module = sample_module(sensor.modality)
    if not hasattr(module, "from_observation"):
        return observation.sample
    try:
        return module.from_observation(observation.sample, observation.reading)
    except CodecError as error:
        raise SkipError(sensor.name, str(error)) from error


def find_moments(
    sensor: BagSensor,
    recorded: Iterable[tuple[str, int, Callable[[], Any]]],
    samples: Sequence[tuple[int, int]],
    log: SkipLog,
) -> list[Moment | None]:
    """Find when a sensor is observed for each sample: at its last message that a node would use.

    Args:
        sensor: The sensor.
        recorded: Its messages, as `files.messages` yields them; no picture or sound is decoded.
        samples: Beginning and end of each sample's time, ns.
        log: Gets messages that cannot be read, and samples in which no message can be used.

    Returns:
        A moment for each sample, or None.
    """
    channel = sensor.channel()
    moments: list[Moment | None] = [None] * len(samples)
    unused: dict[int, str] = {}
    long_enough = [index for index in range(len(samples)) if _fits(sensor, samples[index], log)]
    pending = sorted(long_enough, key=lambda index: samples[index])[::-1]
    active: list[int] = []
    for time, moment in _moments(sensor, channel, recorded, log):
        while pending and samples[pending[-1]][0] <= time:
            active.append(pending.pop())
        active = [index for index in active if time < samples[index][1]]
        for index in active:
            if moment is not None:
                moments[index] = moment
            else:
                unused[index] = _why_not(channel, time)
    for index, reason in unused.items():
        if moments[index] is None:
            log.add(sensor.name, reason)
    _warn(sensor, channel.doubts.take_new())
    first = next((moment for moment in moments if moment is not None), None)
    if first is not None:
        _warn_of_first(sensor, first)
    return moments


def _fits(sensor: BagSensor, sample: tuple[int, int], log: SkipLog) -> bool:
    """Return whether a sensor's window fits into a sample, so that it reaches no other label."""
    kind = sensor.kind
    window, length = kind.window(sensor.options()), (sample[1] - sample[0]) / 1e9
    if window <= length * 1.001:
        return True
    log.add(
        sensor.name,
        f"its window of {window:g} s is longer than a sample of {length:.3g} s; set period or the "
        f"labels to at least {window:g} s, or the sensor's parameter window to less",
    )
    return False


def _moments(
    sensor: BagSensor,
    channel: Channel,
    recorded: Iterable[tuple[str, int, Callable[[], Any]]],
    log: SkipLog,
) -> Iterator[tuple[int, Moment | None]]:
    """Yield the time of each message, and the moment if a node would use it."""
    for _, time, decode in recorded:
        clock = copy.copy(channel.clock)
        try:
            put(channel, decode(), time)
        except SkipError as error:
            log.add(error.what, error.reason)
            continue
        if channel.newest is not None:
            channel.newest.message = _Origin(time, clock)
        if channel.demand(time * 1e-9) is None:
            yield time, None
            continue
        oldest = channel.take(time * 1e-9)[0].message
        channel.busy = False
        yield time, Moment(oldest.time, time, oldest.clock)


def _warn(sensor: BagSensor, doubts: Sequence[Doubt]) -> None:
    for doubt in doubts:
        _log.warning("%s: %s", sensor.name, doubt.text)


def _warn_of_first(sensor: BagSensor, moment: Moment) -> None:
    """Tell why readings may be wrong, from the first one."""
    try:
        _warn(sensor, load_observation(sensor, moment).doubts)
    except SkipError as error:  # it is counted when the sample is loaded
        _log.debug("%s", error)
