"""A channel: everything the engine keeps of one sensor. The engine's lock guards it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.base import Encoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors.base import Decode as Decoder

from .config import SensorConfig
from .presence import UNKNOWN_PUBLISHERS, Presence, presence
from .stamps import delay_on_arrival

BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until a failed encoder is tried again, by the number of failures in a row."""


@dataclass(frozen=True)
class Arrival:
    """A message in the latest-wins buffer."""

    message: Any
    stamp_ns: int
    frame_id: str
    taken: float
    """Monotonic time when the sample was taken, seconds."""


@dataclass(frozen=True)
class StoredEmbedding:
    """A sensor's newest embedding."""

    values: npt.NDArray[np.float32]
    quality: float
    sample: Any
    arrival: Arrival


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
        decoder: Decoder | None,
        encoder: Encoder | None,
        problem: str = "",
    ) -> None:
        """Create a channel.

        Args:
            name: Name of the sensor.
            config: Its parameters, defaults filled in.
            decoder: Message to sample; None if `problem` says why there is none.
            encoder: Sample to embedding; None likewise.
            problem: Why this sensor can't be used at all; empty if it can.
        """
        self.name = name
        self.config = config
        self.decoder = decoder
        self.encoder = encoder
        self.problem = problem
        self.publishers = UNKNOWN_PUBLISHERS
        self.waiting: Arrival | None = None
        self.newest: Arrival | None = None
        self.embedding: StoredEmbedding | None = None
        self.busy = False
        self.last_served = -math.inf
        self.received = self.encoded = self.dropped = self.rejected = 0
        self.reason = problem
        self.latency = 0.0
        self._bad_in_a_row = False
        self._failures = 0
        self._retry_at = -math.inf
        self._times: deque[float] = deque(maxlen=64)

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
            self.rejected += 1
            return self.problem
        if self.waiting is not None:
            self.dropped += 1
        self.waiting = arrival
        return warning

    def due(self, now: float) -> float:
        """Return the seconds until the waiting sample may be encoded; infinite if none waits."""
        if self.waiting is None or self.busy:
            return math.inf
        limit = self.config.rate_limit
        next_allowed = self.last_served + 1.0 / limit if limit > 0.0 else -math.inf
        return max(next_allowed, self._retry_at) - now

    def take(self, now: float) -> Arrival:
        """Take the waiting message out of the buffer, for a worker.

        Raises:
            LookupError: None waits.
        """
        if self.waiting is None:
            raise LookupError(f"no message waits at sensor '{self.name}'")
        arrival, self.waiting = self.waiting, None
        self.busy = True
        self.last_served = now
        return arrival

    def done(self, embedding: StoredEmbedding, now: float) -> None:
        """Store a new embedding."""
        self.embedding = embedding
        self.encoded += 1
        self.latency = now - embedding.arrival.taken
        self.reason = ""
        self._bad_in_a_row = False
        self._failures = 0
        self._retry_at = -math.inf

    def reject(self, reason: str) -> None:
        """Count a message that could not become a sample."""
        self.rejected += 1
        self.reason = reason
        self._bad_in_a_row = True

    def fail(self, reason: str, now: float) -> None:
        """Count a failure of the encoder; it is tried again after a pause that grows."""
        self.rejected += 1
        self.reason = reason
        self._retry_at = now + BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1

    def fresh(self, now: float) -> bool:
        """Tell whether there is an embedding younger than max_age."""
        kept = self.embedding
        return kept is not None and now - kept.arrival.taken <= self.config.max_age

    def forget_old(self, now: float) -> None:
        """Throw out an embedding older than max_age, and with it the sample it came from."""
        if self.embedding is not None and not self.fresh(now):
            self.embedding = None

    def update_live(self, given: SensorConfig) -> None:
        """Take over the parameters that may change at run time."""
        for spec in fields(SensorConfig):
            if spec.metadata["live"]:
                setattr(self.config, spec.name, getattr(given, spec.name))
        if not self.config.max_age and self.config.modality in MODALITIES:
            self.config.max_age = MODALITIES[self.config.modality].max_age

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
