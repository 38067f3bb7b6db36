"""What a sensor module provides: how messages of one type become samples of one modality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Sample = Any
"""A decoded sensor reading: a numpy array or a text; its modality's module documents the units."""


class RejectedSampleError(ValueError):
    """A message that cannot become a sample; its text is one sentence: what, where, what to do."""


class NotReadyError(Exception):
    """Valid messages of which no sample can be made yet; its text is one sentence.

    An example is a tactile pad that has no reference picture yet. No message is rejected.
    """


class Chunk(NamedTuple):
    """What one message was decoded to.

    Attributes:
        data: What `SensorType.decode` returned.
        stamp_ns: Time of the measurement, nanoseconds: the message's stamp, or its arrival where
            the stamp is not plausible.
    """

    data: Any
    stamp_ns: int


Decode = Callable[[Any, Any], Any]
"""(message-like object, options) -> chunk data. A pure function."""

Combiner = Callable[[Sequence[Chunk]], Sample]
"""Combines the chunks of the window, oldest first and at least one, into a sample. Each sensor has
its own, so that it may keep state, such as a reference picture."""


@dataclass(frozen=True)
class NoOptions:
    """For sensor types that have no parameters of their own."""


def newest(chunks: Sequence[Chunk]) -> Sample:
    """Return the newest chunk's data: the combiner of every sensor whose message is a sample."""
    return chunks[-1].data


@dataclass(frozen=True)
class SensorType:
    """How a message type becomes samples of a modality.

    Attributes:
        modality: A key of `MODALITIES`.
        message: ROS message type, three parts.
        decode: (message, options) -> chunk, pure; raises `RejectedSampleError`.
        options: Dataclass of the parameters under `sensor.NAME.` that only this sensor type has,
            made of `omnibind_ros.config.parameter` fields; a change takes effect when the sensor is
            made anew.
        make_combiner: options -> the `Combiner` of one sensor; that may raise
            `RejectedSampleError` and `NotReadyError`.
        window: options -> seconds of messages that make a sample, back from the newest; 0 for the
            newest message alone.
        depth: Default history depth of the subscription: 1, or more where no message may be lost.
        discover: Lower-case words; with `discover: true` a topic of this type becomes a sensor if
            its name contains one of them. ("",) takes every topic of the type, () none.
        encoded: Whether the messages are embeddings, made on another host.
    """

    modality: str
    message: str
    decode: Decode
    options: type = NoOptions
    make_combiner: Callable[[Any], Combiner] = lambda _options: newest
    window: Callable[[Any], float] = lambda _options: 0.0
    depth: int = 1
    discover: tuple[str, ...] = ()
    encoded: bool = False
