"""The engine: messages in, fresh embeddings out; nothing waits, nothing queues."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.encoders.base import Encoder, Encoding
from omnibind_ros.sensors import NotReadyError, RejectedSampleError

from .channel import Channel, SensorState, StoredEmbedding
from .meter import Meter
from .scheduler import pick
from .workers import Job, Workers

_log = logging.getLogger(__name__)

Report = Callable[[str, str], None]
"""Takes a sensor's name and a sentence; called for each bad message, so it throttles."""


class Member(NamedTuple):
    """A sensor with a fresh embedding."""

    name: str
    modality: str
    embedding: StoredEmbedding


class Engine:
    """Runs the way of the data up to the embeddings: buffer, scheduler, decode, encode.

    Thread-safe. `offer` returns at once; decoding and encoding happen in worker threads. Sensors
    may be added, removed and renamed at any time.
    """

    def __init__(
        self,
        report: Report,
        clock_ns: Callable[[], int],
        workers: int = 1,
        threads: int = 1,
        budget: float = math.inf,
        encode_timeout: float = math.inf,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create an engine without sensors; `start` starts it.

        Args:
            report: Takes a sensor's name and a sentence when something is wrong with it.
            clock_ns: The clock that stamps are compared with, nanoseconds.
            workers: Number of worker threads.
            threads: Threads inside each encoder.
            budget: Processor seconds per second that the workers may spend.
            encode_timeout: Seconds after which an encode is given up.
            monotonic: A clock that never jumps, seconds.
        """
        self.on_embedding: Callable[[str], None] = lambda _name: None
        """Called in a worker with a sensor's name when it has a new embedding."""
        self.meter = Meter()
        self._report = report
        self._clock_ns = clock_ns
        self._threads = threads
        self._encode_timeout = encode_timeout
        self._monotonic = monotonic
        self._channels: dict[str, Channel] = {}
        self._changed = threading.Condition()
        self._workers = Workers(
            self._changed,
            self._choose,
            self._process,
            self._give_up,
            self.meter,
            workers,
            budget,
            encode_timeout,
            monotonic,
        )

    def start(self) -> None:
        """Start the workers."""
        self._workers.start()

    def stop(self) -> None:
        """Stop the workers; returns when the last encode has ended, or hangs too long."""
        self._workers.stop()

    # Sensors

    def add(self, channel: Channel) -> None:
        """Add a sensor, or put it in the place of the one that has its name."""
        with self._changed:
            old = self._channels.get(channel.name)
            if old is not None:
                old.removed = True
            self._channels[channel.name] = channel

    def remove(self, name: str) -> None:
        """Remove a sensor with its embedding; an encode of it under way comes to nothing.

        Raises:
            KeyError: There is none of that name.
        """
        with self._changed:
            self._channels.pop(name).removed = True

    def rename(self, name: str, new_name: str) -> None:
        """Rename a sensor; it keeps its place, its counters and its embedding.

        Raises:
            KeyError: There is none of that name, or one of the new name already.
        """
        with self._changed:
            if new_name in self._channels:
                raise KeyError(new_name)
            self._channels[name].name = new_name
            self._channels = {channel.name: channel for channel in self._channels.values()}

    def order(self, names: Iterable[str]) -> None:
        """Put the sensors into this order; those not named come last."""
        with self._changed:
            wanted = [name for name in names if name in self._channels]
            self._channels = {
                name: self._channels[name] for name in dict.fromkeys([*wanted, *self._channels])
            }

    def channels(self) -> dict[str, Channel]:
        """Return every sensor's channel by name, in order."""
        with self._changed:
            return dict(self._channels)

    def set_publishers(self, name: str, count: int) -> None:
        """Say how many publishers are matched with a sensor's subscription."""
        with self._changed:
            if name in self._channels:
                self._channels[name].publishers = count

    def states(self) -> list[SensorState]:
        """Return a snapshot of every sensor."""
        now = self._monotonic()
        with self._changed:
            for channel in self._channels.values():
                channel.forget_old(now)
            return [channel.state(now) for channel in self._channels.values()]

    # Messages in

    def offer(self, name: str, message: Any, stamp_ns: int = 0, frame_id: str = "") -> None:
        """Hand over a message; an older one that still waits is overwritten.

        Args:
            name: Name of the sensor; a message for one that is not there comes to nothing.
            message: The ROS message; it must not be changed afterwards.
            stamp_ns: header.stamp, nanoseconds; 0 for none.
            frame_id: header.frame_id.
        """
        before = time.thread_time()
        with self._changed:
            channel = self._channels.get(name)
            if channel is None or not self._workers.running:
                return
            warning = channel.put(message, stamp_ns, frame_id, self._clock_ns(), self._monotonic())
            self._changed.notify()
        if warning:
            self._report(name, warning)
        self.meter.add("receive", time.thread_time() - before)

    # Embeddings out

    def members(self) -> list[Member]:
        """Return the sensors whose embedding is fresh, in order."""
        now = self._monotonic()
        with self._changed:
            return [
                Member(channel.name, channel.config.modality, channel.embedding)
                for channel in self._channels.values()
                if channel.embedding is not None and channel.fresh(now)
            ]

    def weigh(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Tell the scheduler what a fusion made of its members.

        Args:
            names: N sensors.
            weights: N shares, sum 1.
        """
        with self._changed:
            for name, weight in zip(names, weights, strict=True):
                if name in self._channels:
                    self._channels[name].weigh(weight * len(names))

    # In the workers

    def _choose(self, now: float) -> tuple[Job | None, float]:
        demands = ((channel, channel.demand(now)) for channel in self._channels.values())
        channel, wait = pick((c, demand) for c, demand in demands if demand is not None)
        return (None, wait) if channel is None else (Job(channel, channel.take(now)), 0.0)

    def _process(self, job: Job) -> None:
        channel = job.channel
        if channel.encoder is None:
            return  # put() has rejected its messages already
        with self.meter.of("decode"):
            sample = self._decode(job)
        if sample is None:
            return
        try:
            encoding = self._encode(job, channel.encoder, sample)
            if not (np.isfinite(encoding.values).all() and math.isfinite(encoding.quality)):
                raise ArithmeticError("its embedding or quality is not finite")  # noqa: TRY301
        except RejectedSampleError as error:
            self._reject(job, str(error))
            return
        except Exception as error:  # noqa: BLE001 - one encoder's failure stops no other
            _log.debug("encoding failed", exc_info=True)
            self._fail(job, f"the {channel.config.modality} encoder failed ({error})")
            return
        newest = job.arrivals[-1]
        with self._changed:
            if job.abandoned or channel.removed:
                return
            channel.done(
                StoredEmbedding(
                    encoding.values,
                    encoding.quality,
                    sample,
                    newest.stamp_ns,
                    newest.frame_id,
                    newest.taken,
                ),
                self._monotonic(),
                job.rejected,
            )
            name = channel.name
        try:
            self.on_embedding(name)
        except Exception as error:  # noqa: BLE001 - a worker outlives its callbacks' faults
            _log.exception("a result could not be fused, recognised or published")
            self._report(name, f"a result was lost ({type(error).__name__}: {error})")

    def _encode(self, job: Job, encoder: Encoder, sample: Any) -> Encoding:
        before = time.thread_time()
        job.encoding = self._monotonic()
        try:
            return encoder.encode(sample)
        finally:
            job.encoding = math.inf
            spent = time.thread_time() - before
            # The encoder's other threads are taken to be as busy as this one.
            job.elsewhere = spent * (self._threads - 1)
            self.meter.add("encode", spent)

    def _decode(self, job: Job) -> Any:
        """Return the sample, or None where there is none, said and counted."""
        channel = job.channel
        chunks, bad = channel.decode(job.arrivals)
        for arrival, reason in bad:
            self._reject(job, reason)
            with self._changed:
                channel.discard(arrival)
        if not chunks:
            return None
        try:
            return channel.combine(chunks)
        except NotReadyError as error:
            with self._changed:
                channel.wait_for_more(str(error))
        except RejectedSampleError as error:
            self._reject(job, str(error))
        except Exception as error:  # noqa: BLE001 - whatever messages do, the node lives on
            _log.debug("combining failed", exc_info=True)
            self._reject(
                job,
                f"no sample could be made of the messages ({type(error).__name__}: {error}); "
                "check their publisher",
            )
        return None

    def _reject(self, job: Job, reason: str) -> None:
        job.rejected = reason
        with self._changed:
            job.channel.reject(reason)
        self._report(job.channel.name, reason)

    def _fail(self, job: Job, what: str) -> None:
        with self._changed:
            if job.abandoned:
                return  # it was counted when it was given up
            pause = job.channel.fail(what, self._monotonic())
        self._report(job.channel.name, f"{what}; it is tried again in {pause:g} s")

    def _give_up(self, job: Job) -> None:
        """Turn a sensor to FAULT whose encoder hangs; the lock is held."""
        channel = job.channel
        what = (
            f"the {channel.config.modality} encoder gave nothing within {self._encode_timeout:g} s"
        )
        channel.fail(what, self._monotonic())
        self._report(channel.name, f"{what}; it is tried again once it has come back")
