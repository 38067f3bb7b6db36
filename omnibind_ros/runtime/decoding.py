"""From the messages of one sensor to a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omnibind_ros.sensors import Chunk, RejectedSampleError, Sample, SensorType

from .buffer import Arrival


class Decoder:
    """Decodes one sensor's messages and makes samples of them.

    It may keep state from message to message, such as a reference picture, and is used by one
    worker at a time, without the engine's lock.
    """

    def __init__(self, kind: SensorType, options: Any) -> None:
        """Create a decoder.

        Args:
            kind: How the messages become samples.
            options: The parameters that only sensors of this type have.

        Raises:
            ValueError: The options cannot be used; the text is one sentence.
        """
        self._kind = kind
        self._options = options
        self._combine = kind.make_combiner(options)

    @property
    def window(self) -> float:
        """Seconds of messages that make a sample; 0 for the newest message alone."""
        return self._kind.window(self._options)

    def decode(self, arrivals: Sequence[Arrival]) -> tuple[list[Chunk], list[tuple[Arrival, str]]]:
        """Decode the messages that were not decoded before.

        Args:
            arrivals: Messages from the sensor's buffer, oldest first.

        Returns:
            The decoded messages, and those that cannot be decoded with a sentence each.
        """
        chunks: list[Chunk] = []
        bad: list[tuple[Arrival, str]] = []
        for arrival in arrivals:
            if arrival.chunk is None:
                problem = self._decode(arrival)
                if problem:
                    bad.append((arrival, problem))
                    continue
            chunks.append(Chunk(arrival.chunk, arrival.stamp_ns))
        return chunks, bad

    def combine(self, chunks: Sequence[Chunk]) -> Sample:
        """Combine decoded messages into a sample.

        Args:
            chunks: At least one, oldest first.

        Raises:
            RejectedSampleError: No sample can be made of them; the text is one sentence.
            NotReadyError: More messages are needed; likewise.
        """
        return self._combine(chunks)

    def _decode(self, arrival: Arrival) -> str:
        """Decode one message; returns a sentence if it cannot be decoded."""
        try:
            arrival.chunk = self._kind.decode(arrival.message, self._options)
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
