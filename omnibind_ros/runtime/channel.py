"""A channel: everything the engine keeps of one sensor."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from omnibind_ros.encoders.base import Encoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import Doubt, Issue, NoEvidenceError, NoOptions, SensorType
from omnibind_ros.sensors.region import Box

from .buffer import Arrival, Buffer
from .config import SensorConfig
from .decoding import Decoder
from .doubts import Doubts
from .embeddings import StoredEmbedding
from .frozen import FrozenDetector
from .health import Health
from .lateness import Lateness
from .presence import UNKNOWN_PUBLISHERS, Presence, presence
from .scheduler import Demand
from .sensor_region import NO_PICTURE, SensorRegion
from .sensor_state import SensorState
from .stamps import SensorClock, TakenAt

SMOOTHING = 0.2
"""Weight of a new measurement in the running means of costs and fusion weights."""

RATE_WINDOW = 2.0
"""Seconds over which the rate of messages is counted."""

_SERIAL = itertools.count(1)


class Channel:
    """One sensor's parameters, buffer, counters, embedding and health.

    The engine's lock guards it, but for `decoder` and `encoder`: the worker that has set `busy`
    uses them without the lock.

    Attributes:
        name: Name of the sensor.
        source: Of this channel alone, whatever its name is.
        config: Its parameters.
        options: The parameters that only sensors of its type have.
        decoder: Makes samples of its messages; None if it cannot be used.
        encoder: Encodes its samples; None if it cannot be used.
        health: What is wrong with it.
        doubts: Why its readings may be wrong.
        buffer: Its messages that no encode has taken, or those of its window.
        region: Which part of its pictures is encoded.
        clock: Decides from when the ages of its samples count.
        publishers: Number of publishers on its topic, or `UNKNOWN_PUBLISHERS`.
        newest: The newest message; None before the first.
        embedding: The newest embedding; None before the first, and when it is stale.
        finished: Monotonic time when the newest sample that is done with was taken, of those that
            tell of what is there now.
        busy: Whether a worker encodes it.
        removed: Whether the engine has removed it.
        received: Messages that arrived.
        encoded: Samples that were encoded.
        dropped: Messages that were replaced by newer ones before they were encoded.
        latency: Seconds from taking the newest encoded sample to its embedding.
        cost: Processor seconds of an encode, running mean; 0 before the first.
        weight: Its share in the fusions times the number of sensors in them, running mean.
    """

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
            kind: How its messages become samples; None if it cannot be used (see `problem`).
            encoder: Encodes its samples; None likewise.
            problem: Why this sensor cannot be used at all; empty if it can.
            options: The parameters that only sensors of its type have.

        Raises:
            ValueError: The options cannot be used; the text is one sentence.
        """
        self.name = name
        self.source = f"{next(_SERIAL)}:{name}"
        self.config = config
        self.options = options if options is not None else NoOptions()
        self.decoder = Decoder(kind, self.options) if kind is not None else None
        self.encoder = encoder
        self.health = Health(problem)
        self.doubts = Doubts()
        self.region = SensorRegion()
        self.publishers = UNKNOWN_PUBLISHERS
        self.newest: Arrival | None = None
        self.embedding: StoredEmbedding | None = None
        self.finished = -math.inf
        self.busy = False
        self.removed = False
        self.received = self.encoded = self.dropped = 0
        self.latency = 0.0
        self.cost = 0.0
        self.weight = 1.0
        self.buffer = Buffer(self.decoder.window if self.decoder is not None else 0.0)
        self.clock = SensorClock()
        self._frozen = FrozenDetector()
        self._lateness = Lateness(self.decoder is not None and self.decoder.single)
        self._last_taken = -math.inf
        self._forgotten = -math.inf
        self._times: deque[float] = deque(maxlen=64)

    # Called by the thread that receives

    def put(
        self,
        message: Any,
        stamp_ns: int | None,
        frame_id: str,
        now_ns: int,
        now: float,
        kept_for: float = 0.0,
        simulated: bool = False,
    ) -> str:
        """Put a message into the buffer; without a window it replaces the one that waits.

        Args:
            message: The ROS message.
            stamp_ns: header.stamp, nanoseconds; None for a message without a header.
            frame_id: header.frame_id.
            now_ns: The node's clock, nanoseconds.
            now: Monotonic time, seconds.
            kept_for: Seconds that its publisher had kept it for later subscribers.
            simulated: Whether the node's clock is simulated time.

        Returns:
            Why the message is not used, or ''.
        """
        self.received += 1
        self._times.append(now)
        if kept_for:
            taken = TakenAt(kept_for, max(now_ns - int(kept_for * 1e9), 0))
        else:
            max_age, policy = self.config.max_age, self.config.stamp
            if stamp_ns:
                stamp_ns = max(stamp_ns + round(self.config.time_offset * 1e9), 1)
            taken = self.clock.arrival(stamp_ns, now_ns, max_age, policy, simulated)
        self.doubts.set("stamp", taken.doubts)
        arrival = Arrival(message, taken.stamp_ns, frame_id, now - taken.delay)
        self.newest = arrival
        if self.health.problem:
            arrival.message = None
            self.health.rejected += 1
            return self.health.problem
        if self.decoder is not None:
            payload = self.decoder.payload(message) if self.config.frozen_after > 0.0 else None
            frozen = self._frozen.check(arrival, payload, self.config.frozen_after)
            self.doubts.set("payload", frozen)
            if frozen and self.embedding is not None and self.embedding.taken > arrival.taken:
                self.embedding = replace(self.embedding, taken=arrival.taken)
        if arrival.taken < self._forgotten:
            self.dropped += 1  # it tells of what was there before another thing came
        else:
            self.dropped += self.buffer.put(arrival)
        return ""

    def clock_stepped(self, step: str) -> None:
        """Decide anew whether the sensor's stamps are plausible.

        Args:
            step: What a clock has done, a clause.
        """
        self.clock.forget(step)

    # Called for the scheduler

    def demand(self, now: float) -> Demand | None:
        """Return what the scheduler must know; None if no message waits or an encode is under way.

        Args:
            now: Monotonic time, seconds.
        """
        waiting = self.buffer.newest
        if waiting is None or self.busy or now - waiting.taken > self.config.max_age:
            return None
        limit = self.config.rate_limit
        next_allowed = self._last_taken + 1.0 / limit if limit > 0.0 else -math.inf
        return Demand(
            due=max(next_allowed, self.health.retry_at) - now,
            waited=now - self._last_taken,
            cost=self.cost,
            weight=self.weight,
            sample_age=now - waiting.taken,
            embedding_age=now - self.embedding.taken if self.embedding else math.inf,
            max_age=self.config.max_age,
        )

    def take(self, now: float) -> list[Arrival]:
        """Take the messages of a sample out of the buffer, oldest first, for a worker.

        Raises:
            LookupError: No message waits.
        """
        arrivals = self.buffer.take()
        self.busy = True
        self._last_taken = now
        return arrivals

    # Called by a worker, with the lock

    def store(
        self,
        embedding: StoredEmbedding,
        now: float,
        reason: str = "",
        doubts: Sequence[Doubt] = (),
    ) -> None:
        """Store a new embedding.

        Args:
            embedding: The embedding.
            now: Monotonic time, seconds.
            reason: Why some messages of its window are not in it; empty if all are.
            doubts: Why its sample may be wrong.
        """
        if embedding.oldest >= self._forgotten:
            self.embedding = embedding
            self.finished = embedding.taken
        self.doubts.set("sample", doubts)
        self.encoded += 1
        self.latency = now - embedding.taken
        late = self._lateness.check(self.name, self.latency, self.config.max_age)
        self.doubts.set("late", late)
        self.health.succeed(reason)

    def no_evidence(self, error: NoEvidenceError, taken: float) -> None:
        """Note that there is nothing in a message, taken at a monotonic time; this is no fault."""
        self.finished = taken
        self.health.not_ready(str(error))
        self.doubts.set("sample", ())
        if error.replaces:
            self.embedding = None

    def discard(self, arrival: Arrival) -> None:
        """Remove a message that cannot be decoded from the window."""
        self.buffer.discard(arrival)

    def add_cost(self, seconds: float) -> None:
        """Update the running mean of the processor seconds of an encode."""
        self.cost += (seconds - self.cost) * (SMOOTHING if self.cost else 1.0)

    def add_weight(self, weight: float) -> None:
        """Update the running mean of the share in a fusion times the number of its sensors."""
        self.weight += (weight - self.weight) * SMOOTHING

    # Called by any thread, with the lock

    def set_region(self, box: Box | None, stamp_ns: int, now_ns: int, now: float) -> str:
        """Set the part of its pictures that is encoded, until max_age has passed.

        Args:
            box: In pixels; None: all of the picture, or what the parameter `roi` says.
            stamp_ns: Stamp of the picture in which it was found, nanoseconds; 0: now.
            now_ns: The node's clock, nanoseconds.
            now: Monotonic time, seconds.

        Returns:
            Why it cannot be used, one sentence; '' if it can. Then it was counted.
        """
        if self.config.stamp == "arrival":
            stamp_ns = 0
        offset_ns = round(self.config.time_offset * 1e9)
        age = (now_ns - stamp_ns - offset_ns) * 1e-9 if stamp_ns else 0.0
        offset = any(doubt.issue is Issue.CLOCK_OFFSET for doubt in self.doubts.of("stamp"))
        if age < 0 or offset:  # as for the sensor's own stamps: then the arrival counts
            age = 0.0
        if not self.has_region:
            return self.region.refuse(NO_PICTURE)
        return self.region.set(box, now, age, self.config.max_age)

    @property
    def has_region(self) -> bool:
        """Whether its samples are pictures that are encoded here, so that a part can be cut out."""
        return self.decoder is not None and self.decoder.picture_like

    def fresh(self, now: float) -> bool:
        """Return whether there is an embedding younger than max_age."""
        embedding = self.embedding
        return embedding is not None and now - embedding.taken <= self.config.max_age

    def drop_stale(self, now: float) -> None:
        """Drop an embedding older than max_age, and with it the sample it was encoded from."""
        if self.embedding is not None and not self.fresh(now):
            self.embedding = None

    def forget(self, before: float) -> None:
        """Drop the embedding and the messages from before a monotonic time, seconds."""
        self._forgotten = before
        self.buffer.forget(before)
        dropped = self.embedding is not None and self.embedding.oldest < before
        if dropped:
            self.embedding = None
        if dropped or self.finished < before:
            self.finished = -math.inf

    def switch_off(self, now: float) -> None:
        """Drop what was shown until a monotonic time, seconds, and what waits."""
        self.forget(math.nextafter(now, math.inf))
        self.buffer.clear()

    def update_parameters(self, given: SensorConfig) -> None:
        """Take the parameters that may change at run time."""
        for spec in fields(SensorConfig):
            value = getattr(given, spec.name)
            if spec.name == "max_age" and not value and self.config.modality in MODALITIES:
                value = MODALITIES[self.config.modality].max_age
            if spec.metadata["at_run_time"]:  # one assignment each: the workers read them meanwhile
                setattr(self.config, spec.name, value)

    def state(self, now: float) -> SensorState:
        """Return a snapshot."""
        newest = self.newest
        age = now - newest.taken if newest else math.inf
        fault = self.health.faulty(self.fresh(now))
        state = presence(self.publishers, age, self.config.max_age, fault)
        if self.health.problem:
            state = Presence.FAULT  # whether or not there is a publisher
        return SensorState(
            name=self.name,
            modality=self.config.modality,
            topic=self.config.topic,
            state=state,
            rate=self._rate(now),
            age=age if newest else 0.0,
            latency=self.latency,
            received=self.received,
            encoded=self.encoded,
            dropped=self.dropped,
            rejected=self.health.rejected,
            left_out=self.decoder.left_out if self.decoder is not None else 0,
            refused_regions=self.region.refused,
            problem=self.health.reason,
            # Those about its messages count no more when it is gone.
            doubts=self.doubts.of("topic") if state is Presence.ABSENT else self.doubts.of(),
            stamp_ns=newest.stamp_ns if newest else 0,
            frame_id=newest.frame_id if newest else "",
            required=self.config.required,
            enabled=self.config.enabled,
            max_age=self.config.max_age,
            evidence_age=now - self.finished,
        )

    def _rate(self, now: float) -> float:
        first = bisect_left(self._times, now - RATE_WINDOW)
        count = len(self._times) - first
        span = now - self._times[first] if count > 1 else 0.0
        return (count - 1) / span if span > 0 else 0.0
