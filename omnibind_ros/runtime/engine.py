"""The engine: messages in, fused embeddings and labels out; nothing waits, nothing queues."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.fusion import Fusion
from omnibind_ros.recognition.recogniser import Recogniser, Recognition
from omnibind_ros.sensors import RejectedSampleError

from .channel import Arrival, Channel, SensorState, StoredEmbedding
from .scheduler import pick

_log = logging.getLogger(__name__)

Report = Callable[[str, str], None]
"""Takes a sensor's name and a sentence; called for each bad message, so it throttles."""


@dataclass(frozen=True)
class Result:
    """One fused perception.

    Attributes:
        stamp_ns: The newest sensor stamp used, nanoseconds.
        frame_id: Frame of the newest sample.
        sensors: N names.
        modalities: N names.
        weights: float32 [N], sum 1.
        ages: float32 [N], seconds since each sample was taken.
        values: float32 [D], unit vector in the shared space.
        recognition: What it is.
        samples: The N decoded samples, for drawing.
    """

    stamp_ns: int
    frame_id: str
    sensors: tuple[str, ...]
    modalities: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    ages: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    recognition: Recognition
    samples: tuple[Any, ...]


class Engine:
    """Runs the way of the data: buffer, scheduler, decode, encode, fuse, recognise, publish.

    Thread-safe. `offer` returns at once; decoding and encoding happen in worker threads, and
    `on_result` is called in one of them, one result at a time.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        fusion: Fusion,
        recogniser: Recogniser,
        on_result: Callable[[Result], None],
        report: Report,
        clock_ns: Callable[[], int],
        workers: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create an engine; `start` starts it.

        Args:
            channels: The sensors, each with a name of its own.
            fusion: Fuses the fresh embeddings.
            recogniser: Names what was fused.
            on_result: Takes each result.
            report: Takes a sensor's name and a sentence when something is wrong with it.
            clock_ns: The clock that stamps are compared with, nanoseconds.
            workers: Number of worker threads.
            monotonic: A clock that never jumps, seconds.
        """
        self._channels = {channel.name: channel for channel in channels}
        self._fusion = fusion
        self.recogniser = recogniser
        self._on_result = on_result
        self._report = report
        self._clock_ns = clock_ns
        self._workers = workers
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._result_lock = threading.Lock()
        self._running = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the workers."""
        self._running = True
        self._threads = [
            threading.Thread(target=self._work, name=f"encode-{i}", daemon=True)
            for i in range(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the workers; returns when the last encode has ended."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def offer(self, name: str, message: Any, stamp_ns: int = 0, frame_id: str = "") -> None:
        """Hand over a message; an older one that still waits is overwritten.

        Args:
            name: Name of the sensor.
            message: The ROS message; it must not be changed afterwards.
            stamp_ns: header.stamp, nanoseconds; 0 for none.
            frame_id: header.frame_id.
        """
        with self._changed:
            if not self._running:
                return
            warning = self._channels[name].put(
                message, stamp_ns, frame_id, self._clock_ns(), self._monotonic()
            )
            self._changed.notify()
        if warning:
            self._report(name, warning)

    def set_publishers(self, name: str, count: int) -> None:
        """Say how many publishers are matched with a sensor's subscription."""
        with self._changed:
            self._channels[name].publishers = count

    def states(self) -> list[SensorState]:
        """Return a snapshot of every sensor."""
        now = self._monotonic()
        with self._changed:
            for channel in self._channels.values():
                channel.forget_old(now)
            return [channel.state(now) for channel in self._channels.values()]

    def _work(self) -> None:
        while True:
            with self._changed:
                channel: Channel | None = None
                while self._running and channel is None:
                    now = self._monotonic()
                    found, wait = pick(self._channels.values(), now)
                    if isinstance(found, Channel):
                        channel = found
                        arrival = channel.take(now)
                    else:
                        self._changed.wait(min(wait, 1.0))
                if channel is None:
                    return
            try:
                self._process(channel, arrival)
            except Exception as error:  # noqa: BLE001 - a worker outlives its callbacks' faults
                _log.exception("a result could not be fused, recognised or published")
                self._report(channel.name, f"a result was lost ({type(error).__name__}: {error})")
            finally:
                with self._changed:
                    channel.busy = False
                    if channel.waiting is not None:
                        self._changed.notify()

    def _process(self, channel: Channel, arrival: Arrival) -> None:
        if channel.decoder is None or channel.encoder is None:
            return  # put() has rejected it already
        try:
            sample = channel.decoder(arrival.message, None)
        except RejectedSampleError as error:
            self._bad(channel, str(error))
            return
        except Exception as error:  # noqa: BLE001 - whatever a message does, the node lives on
            _log.debug("decoding failed", exc_info=True)
            reason = f"the message could not be decoded ({type(error).__name__}: {error})"
            self._bad(channel, reason)
            return
        try:
            encoding = channel.encoder.encode(sample)
            if not np.isfinite(encoding.values).all():
                raise ArithmeticError("the embedding is not finite")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - one encoder's failure stops no other
            _log.debug("encoding failed", exc_info=True)
            reason = f"the {channel.config.modality} encoder failed ({error}); it is tried again"
            with self._changed:
                channel.fail(reason, self._monotonic())
            self._report(channel.name, reason)
            return
        with self._changed:
            channel.done(
                StoredEmbedding(encoding.values, encoding.quality, sample, arrival),
                self._monotonic(),
            )
        self._emit()

    def _bad(self, channel: Channel, reason: str) -> None:
        with self._changed:
            channel.reject(reason)
        self._report(channel.name, reason)

    def _emit(self) -> None:
        with self._result_lock:
            now = self._monotonic()
            with self._changed:
                members = [
                    (channel, channel.embedding)
                    for channel in self._channels.values()
                    if channel.embedding is not None and channel.fresh(now)
                ]
            if not members:
                return  # older than max_age by the time it was encoded
            modalities = tuple(channel.config.modality for channel, _ in members)
            ages = np.array([now - kept.arrival.taken for _, kept in members], np.float32)
            qualities = np.array([kept.quality for _, kept in members], np.float32)
            fused = self._fusion.fuse(
                np.stack([kept.values for _, kept in members]), modalities, ages, qualities
            )
            newest = max((kept.arrival for _, kept in members), key=lambda a: a.stamp_ns)
            self._on_result(
                Result(
                    stamp_ns=newest.stamp_ns,
                    frame_id=newest.frame_id,
                    sensors=tuple(channel.name for channel, _ in members),
                    modalities=modalities,
                    weights=fused.weights,
                    ages=ages,
                    values=fused.values,
                    recognition=self.recogniser.recognise(
                        fused.values, modalities, fused.weights, qualities
                    ),
                    samples=tuple(kept.sample for _, kept in members),
                )
            )
