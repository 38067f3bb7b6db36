"""What a sensor module provides: how messages of one type become samples of one modality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from omnibind_ros.plain_text import SentenceError, one_line

Sample = Any
"""A decoded sensor reading: a numpy array or a text; its modality's module documents the units."""


class RejectedSampleError(SentenceError):
    """A message that cannot become a sample; its text is one sentence: what, where, what to do."""


class NotReadyError(Exception):
    """Valid messages of which no sample can be made yet; its text is one sentence.

    An example is a tactile pad that has no reference picture yet. No message is rejected.

    Attributes:
        done: One sentence for the user, once a sample can be made; empty for none.
    """

    def __init__(self, text: str, done: str = "") -> None:
        """Create it.

        Args:
            text: One sentence, for the sensor's reason.
            done: One sentence for the log, once a sample can be made; empty for none.
        """
        super().__init__(text)
        self.done = done


class NoEvidenceError(Exception):
    """A valid message of a sensor that sees or hears nothing; its text is one sentence.

    An example is a LiDAR in the open, whose cloud has no points. The message is neither rejected
    nor encoded.
    """

    def __init__(self, text: str, replaces: bool = True) -> None:
        """Create it.

        Args:
            text: One sentence, for the sensor's reason.
            replaces: Whether what the sensor gave before is no longer true, so that its embedding
                is dropped; false for a pause between two sentences.
        """
        super().__init__(one_line(text))
        self.replaces = replaces


class Issue(IntEnum):
    """Why the readings of a working sensor may be wrong; the numbers of omnibind_msgs/SensorStatus.

    `docs/reference/messages.md` describes each.
    """

    DELAYED = 1
    CLOCK_OFFSET = 2
    FROZEN = 3
    UNIT_GUESSED = 4
    AXES_GUESSED = 5
    OUT_OF_DISTRIBUTION = 6
    CONTRADICTING = 7
    NO_MATCH = 8


GUESSES = frozenset({Issue.UNIT_GUESSED, Issue.AXES_GUESSED})
"""Issues that are no sign of a fault: a parameter that the user has not set."""


class Doubt(NamedTuple):
    """Why a reading may be wrong.

    Attributes:
        issue: Its kind, for machines.
        text: One sentence: what was assumed or observed, and what to do.
        spoils: Whether what is learned from the sensor meanwhile is of no use later.
    """

    issue: Issue
    text: str
    spoils: bool = False


class Doubtful(NamedTuple):
    """What `SensorType.decode` or a combiner returns for a reading that may be wrong.

    Attributes:
        data: The chunk's data or the sample.
        doubts: Why it may be wrong.
        left_out: Parts of the message that are no data, such as words of padding; counted in
            /diagnostics.
    """

    data: Any
    doubts: tuple[Doubt, ...]
    left_out: int = 0


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
"""(message-like object, options) -> chunk data, or `Doubtful` chunk data. A pure function."""

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
        decode: (message, options) -> chunk, pure; raises `RejectedSampleError`, and
            `NoEvidenceError` for a message in which nothing is seen.
        options: Dataclass of the parameters under `sensor.NAME.` that only this sensor type has,
            made of `omnibind_ros.config.parameter` fields; a change takes effect when the sensor is
            made anew.
        make_combiner: options -> the `Combiner` of one sensor; that may raise
            `RejectedSampleError` and `NotReadyError`.
        window: options -> seconds of messages that make a sample, back from the newest; 0 for the
            newest message alone.
        depth: Default history depth of the subscription: 1, or more where no message may be lost.
        discover: Lower-case words; with `discover: true` a topic of this type becomes a sensor if
            one of them is a word of its name (`runtime.discovery.topic_words`). ("",) takes every
            topic of the type, () none.
        encoded: Whether the messages are embeddings, made on another host.
        payload: Returns the part of a message that a working sensor never repeats byte for byte,
            a buffer or a tuple of buffers, or None where it may; the sensor is frozen while it
            repeats it. None for sensors at which nothing may change, such as a resting pad.
        stateful: Whether a sample depends on messages before its window, so that a reader of
            recordings must go through all of them.
        full_size: message -> width and height of its picture in pixels; None where decoded pictures
            have that size.
        single: Whether a message counts by itself, such as a sentence, and is not one of a stream:
            a publisher may keep it for subscribers that come later, and several publishers may
            share a topic.
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
    payload: Callable[[Any], Any] | None = None
    stateful: bool = False
    full_size: Callable[[Any], tuple[int, int]] | None = None
    single: bool = False
