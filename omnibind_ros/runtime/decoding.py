"""From the messages of one sensor to a sample."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omnibind_ros.sensors import (
    Chunk,
    Doubt,
    Doubtful,
    NoEvidenceError,
    NotReadyError,
    RejectedSampleError,
    Sample,
    SensorType,
)
from omnibind_ros.sensors.region import PICTURE_LIKE

from .buffer import Arrival

_log = logging.getLogger(__name__)


class Decoded(NamedTuple):
    """What the messages of a sample were decoded to.

    Attributes:
        chunks: The decoded messages, oldest first.
        bad: Messages that cannot be decoded, with a sentence each.
        nothing: Messages in which nothing is seen.
        used: The messages of the chunks.
        no_evidence: Why there is no sample, if the newest message is one of these.
        new: Whether one of them was not decoded before.
    """

    chunks: list[Chunk]
    bad: list[tuple[Arrival, str]]
    nothing: list[Arrival]
    used: list[Arrival]
    no_evidence: NoEvidenceError | None = None
    new: bool = False


@dataclass(slots=True)
class Reading:
    """What the messages of a sample show, or why there is no sample.

    Attributes:
        sample: The sample; None if there is none.
        last: The decoded message that came last; None if there is no sample.
        doubts: Why the sample may be wrong.
        rejected: A sentence for each message that cannot be decoded, and one if no sample can be
            made of the others.
        used: The messages that the sample is made of, oldest first.
        unused: Messages that are no part of any sample: they are to be taken out of the buffer.
        no_evidence: Why nothing is seen, if that is what the newest message says.
        not_ready: Why more messages are needed; empty if they are not.
        notice: What the user was asked to wait for and has happened now; empty if nothing.
    """

    sample: Sample = None
    last: Any = None
    doubts: tuple[Doubt, ...] = ()
    rejected: list[str] = field(default_factory=list)
    used: list[Arrival] = field(default_factory=list)
    unused: list[Arrival] = field(default_factory=list)
    no_evidence: NoEvidenceError | None = None
    not_ready: str = ""
    notice: str = ""

    @property
    def problem(self) -> str:
        """Why there is no sample, one sentence; empty if there is one."""
        if self.sample is not None:
            return ""
        if self.no_evidence is not None:
            return str(self.no_evidence)
        return self.not_ready or self.rejected[-1]


class Decoder:
    """Decodes one sensor's messages and makes samples of them.

    It may keep state from message to message, such as a reference picture, and is used by one
    worker at a time, without the engine's lock.

    Attributes:
        left_out: Parts of its messages that are no data, see `Doubtful.left_out`.
    """

    def __init__(self, kind: SensorType, options: Any) -> None:
        """Create a decoder.

        Args:
            kind: How the messages become samples.
            options: The parameters that only sensors of this type have.

        Raises:
            ValueError: The options cannot be used; the text is one sentence.
        """
        self.left_out = 0
        self._kind = kind
        self._options = options
        self._combine = kind.make_combiner(options)
        self._awaited = ""

    @property
    def window(self) -> float:
        """Seconds of messages that make a sample; 0 for the newest message alone."""
        return self._kind.window(self._options)

    @property
    def single(self) -> bool:
        """Whether a message counts by itself, see `SensorType.single`."""
        return self._kind.single

    @property
    def picture_like(self) -> bool:
        """Whether its samples have rows and columns."""
        return self._kind.modality in PICTURE_LIKE and not self._kind.encoded

    def payload(self, message: Any) -> Any:
        """Return what `SensorType.payload` does; None where the sensor type has none."""
        return self._kind.payload(message) if self._kind.payload is not None else None

    def read(self, arrivals: Sequence[Arrival]) -> Reading:
        """Make a sample of messages, whatever is wrong with them; it raises nothing.

        Args:
            arrivals: Messages from the sensor's buffer, oldest first, at least one.
        """
        decoded = self.decode(arrivals)
        reading = Reading(
            rejected=[reason for _, reason in decoded.bad],
            unused=[*(arrival for arrival, _ in decoded.bad), *decoded.nothing],
            no_evidence=decoded.no_evidence,
        )
        # Without a new message, there would be the sample of before, as if it were new.
        if decoded.no_evidence is not None or not decoded.new:
            return reading
        try:
            sample, doubts = self.combine(decoded.chunks)
        except NotReadyError as error:
            reading.not_ready, self._awaited = str(error), error.done
        except RejectedSampleError as error:
            reading.rejected.append(str(error))
        except Exception as error:  # noqa: BLE001 - bad messages must not end the worker
            _log.debug("combining failed", exc_info=True)
            reading.rejected.append(
                f"no sample could be made of the messages ({type(error).__name__}: {error}); "
                "check their publisher"
            )
        else:
            reading.sample, reading.last = sample, decoded.chunks[-1].data
            reading.used = decoded.used
            reading.doubts = (*decoded.used[-1].doubts, *doubts)
            reading.notice, self._awaited = self._awaited, ""
        return reading

    def decode(self, arrivals: Sequence[Arrival]) -> Decoded:
        """Decode the messages that were not decoded before.

        Args:
            arrivals: Messages from the sensor's buffer, oldest first, at least one.
        """
        chunks: list[Chunk] = []
        bad: list[tuple[Arrival, str]] = []
        nothing: list[Arrival] = []
        used: list[Arrival] = []
        no_evidence, new = None, False
        for arrival in arrivals:
            if arrival.chunk is None:
                try:
                    problem = self._decode(arrival)
                except NoEvidenceError as error:
                    nothing.append(arrival)
                    if arrival is arrivals[-1]:
                        no_evidence = error
                    continue
                if problem:
                    bad.append((arrival, problem))
                    continue
                new = True
            used.append(arrival)
            chunks.append(Chunk(arrival.chunk, arrival.stamp_ns))
        return Decoded(chunks, bad, nothing, used, no_evidence, new)

    def combine(self, chunks: Sequence[Chunk]) -> tuple[Sample, tuple[Doubt, ...]]:
        """Combine decoded messages into a sample.

        Args:
            chunks: At least one, oldest first.

        Returns:
            The sample, and the combiner's doubts about it.

        Raises:
            RejectedSampleError: No sample can be made of them; the text is one sentence.
            NotReadyError: More messages are needed; likewise.
        """
        return _without_doubts(self._combine(chunks))

    def _decode(self, arrival: Arrival) -> str:
        """Decode one message; returns a sentence if it cannot be; may raise NoEvidenceError."""
        try:
            decoded = self._kind.decode(arrival.message, self._options)
            arrival.chunk, arrival.doubts = _without_doubts(decoded)
            if self._kind.full_size is not None:
                arrival.full_size = self._kind.full_size(arrival.message)
            self.left_out += decoded.left_out if isinstance(decoded, Doubtful) else 0
        except NoEvidenceError:
            raise
        except RejectedSampleError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a bad message must not end the worker
            return (
                f"the message could not be decoded ({type(error).__name__}: {error}); "
                "check its publisher"
            )
        finally:
            arrival.message = None  # a window keeps the decoded messages only
        return ""


def _without_doubts(result: Any) -> tuple[Any, tuple[Doubt, ...]]:
    return (result.data, result.doubts) if isinstance(result, Doubtful) else (result, ())
