"""A channel: everything the engine keeps of one sensor. The engine's lock guards it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.base import Encoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import Chunk, NoOptions, RejectedSampleError, SensorType

from .buffer import Arrival, Buffer
from .config import SensorConfig
from .presence import UNKNOWN_PUBLISHERS, Presence, presence
from .scheduler import Demand
from .stamps import delay_on_arrival

BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until a failed encoder is tried again, by the number of failures in a row."""

SMOOTHING = 0.2
"""Share of a new measurement in a running mean of costs and weights."""


@dataclass(frozen=True)
class StoredEmbedding:
    """A sensor's newest embedding.

    Attributes:
        values: float32 [D], unit vector.
        quality: 0..1.
        sample: What it was encoded from, for drawing.
        stamp_ns: When the sample was taken, nanoseconds.
        frame_id: The sensor's frame.
        taken: Monotonic time when the sample was taken, seconds.
    """

    values: npt.NDArray[np.float32]
    quality: float
    sample: Any
    stamp_ns: int
    frame_id: str
    taken: float


@dataclass(frozen=True)
class SensorState:
    """A snapshot of one sensor, in the units of omnibind_msgs/SensorStatus."""

    name: str
    modality: str
    topic: str
    state: Presence
    rate: float
    age: float
    latency: float
    received: int
    encoded: int
    dropped: int
    rejected: int
    reason: str
    stamp_ns: int
    frame_id: str


class Channel:
    """One sensor's buffer, counters, embedding and health."""

    def __init__(
        self,
        name: str,
        config: SensorConfig,
        kind: SensorType | None,
        encoder: Encoder | None,
        problem: str = "",
        options: Any = None,
    ) -> None:
        """Create a channel.

        Args:
            name: Name of the sensor.
            config: Its parameters, defaults filled in.
            kind: How its messages become samples; None if `problem` says why not.
            encoder: Sample to embedding; None likewise.
            problem: Why this sensor can't be used at all; empty if it can.
            options: The parameters that only sensors of its type have.

        Raises:
            ValueError: The options cannot be used; the text is one sentence.
        """
        self.name = name
        self.config = config
        self.options = options if options is not None else NoOptions()
        self.kind = kind
        self.encoder = encoder
        self.problem = problem
        self.publishers = UNKNOWN_PUBLISHERS
        self.newest: Arrival | None = None
        self.embedding: StoredEmbedding | None = None
        self.busy = False
        self.removed = False
        self.received = self.encoded = self.dropped = self.rejected = 0
        self.reason = problem
        self.latency = 0.0
        self.cost = 0.0
        """Processor seconds of an encode, running mean; 0 before the first."""
        self.weight = 1.0
        """Share in the fusions times the number of their members, running mean."""
        self._buffer = Buffer(kind.window(self.options) if kind else 0.0)
        self._combine = kind.make_combiner(self.options) if kind else None
        self._last_served = -math.inf
        self._bad_in_a_row = False
        self._failures = 0
        self._retry_at = -math.inf
        self._times: deque[float] = deque(maxlen=64)

    # In the thread that receives

    def put(self, message: Any, stamp_ns: int, frame_id: str, now_ns: int, now: float) -> str:
        """Put a message into the buffer, over what waits there.

        Args:
            message: The ROS message.
            stamp_ns: header.stamp, nanoseconds; 0 for none.
            frame_id: header.frame_id.
            now_ns: The node's clock, nanoseconds.
            now: Monotonic time, seconds.

        Returns:
            A warning, or ''.
        """
        self.received += 1
        self._times.append(now)
        delay, stamp_ns, warning = delay_on_arrival(
            stamp_ns, now_ns, self.config.max_age, self.config.stamp
        )
        arrival = Arrival(message, stamp_ns, frame_id, now - delay)
        self.newest = arrival
        if self.problem:
            arrival.message = None
            self.rejected += 1
            return self.problem
        self.dropped += self._buffer.put(arrival)
        return warning

    # For the scheduler

    def demand(self, now: float) -> Demand | None:
        """Return what the scheduler must know; None if no message waits or an encode is under way.

        Args:
            now: Monotonic time, seconds.
        """
        waiting = self._buffer.newest
        if waiting is None or self.busy or now - waiting.taken > self.config.max_age:
            return None
        limit = self.config.rate_limit
        next_allowed = self._last_served + 1.0 / limit if limit > 0.0 else -math.inf
        return Demand(
            due=max(next_allowed, self._retry_at) - now,
            waited=now - self._last_served,
            cost=self.cost,
            weight=self.weight,
            sample_age=now - waiting.taken,
            embedding_age=now - self.embedding.taken if self.embedding else math.inf,
            max_age=self.config.max_age,
        )

    def take(self, now: float) -> list[Arrival]:
        """Take what waits out of the buffer, oldest first, for a worker.

        Raises:
            LookupError: Nothing waits.
        """
        arrivals = self._buffer.take()
        self.busy = True
        self._last_served = now
        return arrivals

    # In a worker, without the lock: `busy` keeps other workers away

    def decode(self, arrivals: Sequence[Arrival]) -> tuple[list[Chunk], list[tuple[Arrival, str]]]:
        """Decode what was not decoded yet.

        Args:
            arrivals: What `take` returned.

        Returns:
            The chunks, and the messages that cannot be decoded with a sentence each.
        """
        if self.kind is None:
            raise RejectedSampleError(self.problem)
        chunks: list[Chunk] = []
        bad: list[tuple[Arrival, str]] = []
        for arrival in arrivals:
            if arrival.chunk is None:
                try:
                    arrival.chunk = self.kind.decode(arrival.message, self.options)
                except RejectedSampleError as error:
                    bad.append((arrival, str(error)))
                    continue
                except Exception as error:  # noqa: BLE001 - whatever a message does, the node lives
                    bad.append((
                        arrival,
                        f"the message could not be decoded ({type(error).__name__}: {error}); "
                        "check its publisher",
                    ))  # fmt: skip
                    continue
                finally:
                    arrival.message = None  # a window keeps what was decoded only
            chunks.append(Chunk(arrival.chunk, arrival.stamp_ns))
        return chunks, bad

    def combine(self, chunks: Sequence[Chunk]) -> Any:
        """Make a sample of chunks.

        Args:
            chunks: At least one, oldest first.

        Raises:
            RejectedSampleError: No sample can be made of them; the text is one sentence.
            NotReadyError: Nor of good ones yet; likewise.
        """
        if self._combine is None:
            raise RejectedSampleError(self.problem)
        return self._combine(chunks)

    # What a worker did, with the lock

    def done(self, embedding: StoredEmbedding, now: float, reason: str = "") -> None:
        """Store a new embedding.

        Args:
            embedding: The embedding.
            now: Monotonic time, seconds.
            reason: Why some messages of its window are not in it; empty if all are.
        """
        self.embedding = embedding
        self.encoded += 1
        self.latency = now - embedding.taken
        self.reason = reason
        self._bad_in_a_row = False
        self._failures = 0
        self._retry_at = -math.inf

    def charge(self, seconds: float) -> None:
        """Note what an encode has cost, processor seconds."""
        self.cost += (seconds - self.cost) * (SMOOTHING if self.cost else 1.0)

    def weigh(self, share: float) -> None:
        """Note the sensor's share of a fusion times the number of its members."""
        self.weight += (share - self.weight) * SMOOTHING

    def reject(self, reason: str) -> None:
        """Count a message that could not become a sample; the reason is one sentence."""
        self.rejected += 1
        self.reason = reason
        self._bad_in_a_row = True

    def discard(self, arrival: Arrival) -> None:
        """Throw a message out of the window."""
        self._buffer.discard(arrival)

    def wait_for_more(self, reason: str) -> None:
        """Note that good messages do not make a sample yet."""
        self.reason = reason

    def fail(self, reason: str, now: float) -> float:
        """Count a failure of the encoder; it is tried again after a pause that grows.

        Returns:
            The pause in seconds.
        """
        pause = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self.rejected += 1
        self.reason = reason
        self._retry_at = now + pause
        self._failures += 1
        return pause

    # Evidence and presence

    def fresh(self, now: float) -> bool:
        """Tell whether there is an embedding younger than max_age."""
        kept = self.embedding
        return kept is not None and now - kept.taken <= self.config.max_age

    def forget_old(self, now: float) -> None:
        """Throw out an embedding older than max_age, and with it the sample it came from."""
        if self.embedding is not None and not self.fresh(now):
            self.embedding = None

    def update_parameters(self, given: SensorConfig) -> None:
        """Take over the parameters that may change at run time."""
        for spec in fields(SensorConfig):
            value = getattr(given, spec.name)
            if spec.name == "max_age" and not value and self.config.modality in MODALITIES:
                value = MODALITIES[self.config.modality].max_age
            if spec.metadata["at_run_time"]:  # each in one step: the workers read them meanwhile
                setattr(self.config, spec.name, value)

    def state(self, now: float) -> SensorState:
        """Return a snapshot."""
        age = now - self.newest.taken if self.newest else math.inf
        useless = self._bad_in_a_row and not self.fresh(now)
        state = presence(
            self.publishers,
            age,
            self.config.max_age,
            bool(self.problem) or self._failures > 0 or useless,
        )
        if self.problem:
            state = Presence.FAULT  # no publisher can mend it
        recent = [t for t in self._times if now - t <= 2.0]
        span = now - recent[0] if len(recent) > 1 else 0.0
        return SensorState(
            name=self.name,
            modality=self.config.modality,
            topic=self.config.topic,
            state=state,
            rate=(len(recent) - 1) / span if span > 0 else 0.0,
            age=age if self.newest else 0.0,
            latency=self.latency,
            received=self.received,
            encoded=self.encoded,
            dropped=self.dropped,
            rejected=self.rejected,
            reason=self.reason,
            stamp_ns=self.newest.stamp_ns if self.newest else 0,
            frame_id=self.newest.frame_id if self.newest else "",
        )
