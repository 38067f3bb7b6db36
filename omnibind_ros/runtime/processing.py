"""What a worker does with a job: decode, encode, store the embedding, note what went wrong."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.base import Encoder, Encoding
from omnibind_ros.sensors import Doubt, Issue, RejectedSampleError
from omnibind_ros.sensors.region import Region, crop

from .cpu_time import CpuTime
from .decoding import Decoder, Reading
from .embeddings import StoredEmbedding
from .job import DECODER, ENCODER, Job
from .workers import WorkerSettings

_log = logging.getLogger(__name__)


FAR = 0.5
"""Distance from the encoder's training from which a reading is doubtful."""


class ProblemListener(Protocol):
    """Is told what is wrong with a sensor, and why its readings may be wrong."""

    def on_problem(self, sensor: str, problem: str) -> None:
        """Take one sentence on a sensor.

        It is called for each bad message, in any thread and perhaps with the engine's lock, so it
        must return soon.
        """
        ...

    def on_doubt(self, sensor: str, doubt: Doubt) -> None:
        """Take a doubt about a sensor's readings, once when it arises; called as `on_problem`.

        Args:
            sensor: Name of the sensor; "node" for one about the node's clock.
            doubt: Why its readings may be wrong.
        """
        ...

    def on_notice(self, sensor: str, notice: str) -> None:
        """Take one sentence on what the user was asked to wait for; called as `on_problem`."""
        ...


class JobProcessor:
    """Decodes and encodes the messages of a job, and stores the embedding in its channel."""

    def __init__(
        self,
        changed: threading.Condition,
        listener: ProblemListener,
        settings: WorkerSettings,
        cpu_time: CpuTime,
        monotonic: Callable[[], float],
    ) -> None:
        """Create a processor.

        Args:
            changed: The engine's lock.
            listener: Is told what is wrong.
            settings: Those of the workers.
            cpu_time: Gets the processor time.
            monotonic: A clock that never jumps, seconds.
        """
        self._changed = changed
        self._listener = listener
        self._settings = settings
        self._cpu_time = cpu_time
        self._monotonic = monotonic

    def process(self, job: Job) -> bool:
        """Do a job, without the lock.

        Returns:
            Whether the channel has a new embedding.
        """
        decoder, encoder = job.channel.decoder, job.channel.encoder
        if decoder is None or encoder is None:
            return False  # Channel.put has rejected its messages already
        with self._cpu_time.measure("decode"):
            reading = self._decode(job, decoder)
        if reading is None:
            return False
        sample = reading.sample
        region = self._region(job, reading)
        try:
            shown = sample if region is None else crop(sample, region)
            encoding = self._encode(job, encoder, shown)
            _check_finite(encoding)
        except RejectedSampleError as error:
            self._reject(job, str(error))
            return False
        except Exception as error:  # noqa: BLE001 - one encoder's failure must not stop another
            _log.debug("encoding failed", exc_info=True)
            self._fail(job, f"the {job.channel.config.modality} encoder failed ({error})")
            return False
        return self._store(job, encoding, reading, region)

    def give_up(self, job: Job) -> None:
        """Turn a sensor to FAULT whose encoder hangs, with the lock."""
        channel, timeout = job.channel, self._settings.timeout
        problem = f"the {channel.config.modality} {job.part} gave nothing within {timeout:g} s"
        channel.health.fail(problem, self._monotonic())
        self._listener.on_problem(channel.name, f"{problem}; it is tried again once it has ended")

    def _decode(self, job: Job, decoder: Decoder) -> Reading | None:
        """Return what has a sample; None if there is none, which is noted or counted."""
        channel = job.channel
        job.part, job.started = DECODER, self._monotonic()
        try:
            reading = decoder.read(job.arrivals)
        finally:
            job.started = math.inf
        if job.abandoned:
            return None  # it was counted when it was given up
        for reason in reading.rejected:
            self._reject(job, reason)
        with self._changed:
            for arrival in reading.unused:
                channel.discard(arrival)
            if reading.no_evidence is not None:
                channel.no_evidence(reading.no_evidence, job.arrivals[-1].taken)
            elif reading.not_ready:
                channel.health.not_ready(reading.not_ready)
        if reading.notice:
            self._listener.on_notice(channel.name, reading.notice)
        return None if reading.problem else reading

    def _region(self, job: Job, reading: Reading) -> Region | None:
        """Return the part of a sample that is to be encoded; None for all of it."""
        channel = job.channel
        if not channel.has_region:
            return None
        with self._changed:
            region, problem = channel.region.find(
                reading.sample, channel.config.roi, self._monotonic(), reading.used[-1].full_size
            )
        if problem:
            self._listener.on_problem(channel.name, problem)
        return region

    def _encode(self, job: Job, encoder: Encoder, sample: Any) -> Encoding:
        before = time.thread_time()
        job.part, job.started = ENCODER, self._monotonic()
        try:
            return encoder.encode(sample)
        finally:
            job.started = math.inf
            spent = time.thread_time() - before
            # An estimate: the encoder's other threads are as busy as this one.
            job.other_threads = spent * (self._settings.threads - 1)
            self._cpu_time.add("encode", spent)

    def _store(
        self,
        job: Job,
        encoding: Encoding,
        reading: Reading,
        region: Region | None,
    ) -> bool:
        # What could not be decoded is not in the sample, and must not make it younger.
        channel, used, doubts = job.channel, reading.used, reading.doubts
        newest = used[-1]
        embedding = StoredEmbedding(
            values=encoding.values,
            quality=encoding.quality,
            sample=reading.sample,
            stamp_ns=newest.stamp_ns,
            frame_id=newest.frame_id,
            taken=newest.taken,
            distance=encoding.distance,
            features=encoding.features,
            region=region,
            begins=min(used[0].taken, newest.taken - encoding.window),
        )
        if encoding.distance >= FAR:
            doubts = (*doubts, _far(channel.config.modality, encoding.distance))
        with self._changed:
            if job.abandoned or channel.removed:
                return False
            channel.store(embedding, self._monotonic(), job.rejected, doubts)
            new = channel.doubts.take_new()
        for doubt in new:
            self._listener.on_doubt(channel.name, doubt)
        return True

    def _reject(self, job: Job, reason: str) -> None:
        job.rejected = reason
        with self._changed:
            job.channel.health.reject(reason)
        self._listener.on_problem(job.channel.name, reason)

    def _fail(self, job: Job, problem: str) -> None:
        with self._changed:
            if job.abandoned:
                return  # it was counted when it was given up
            pause = job.channel.health.fail(problem, self._monotonic())
        self._listener.on_problem(job.channel.name, f"{problem}; it is tried again in {pause:g} s")


def _check_finite(encoding: Encoding) -> None:
    """Raise ArithmeticError where an encoder has given NaN or infinity."""
    features = 0.0 if encoding.features is None else encoding.features.sum()
    # A sum is not finite if one of its values is not; in four looks this took 30 us a message.
    if math.isfinite(encoding.values.sum() + features + encoding.quality + encoding.distance):
        return
    given: dict[str, npt.ArrayLike] = {
        "embedding": encoding.values,
        "quality": encoding.quality,
        "distance": encoding.distance,
        "features": () if encoding.features is None else encoding.features,
    }
    wrong = [name for name, values in given.items() if not np.isfinite(values).all()]
    if wrong:
        raise ArithmeticError(f"not finite: its {' and its '.join(wrong)}")


def _far(modality: str, distance: float) -> Doubt:
    return Doubt(
        Issue.OUT_OF_DISTRIBUTION,
        f"its samples are unlike those that the {modality} encoder was trained on (distance "
        f"{distance:.2f} of 1), so they count little; look at what the sensor shows, and train the "
        "encoder with recordings of it",
    )
