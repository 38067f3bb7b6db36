"""Perceives files as the perception node perceives its sensors: decode, encode, fuse, recognise."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.fusion import make_fusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.build import ChannelFactory
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig, SensorSetup
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.job import Job
from omnibind_ros.runtime.perception import Perception, PerceptionResult
from omnibind_ros.runtime.processing import JobProcessor
from omnibind_ros.runtime.workers import WorkerSettings
from omnibind_ros.sensors import Doubt, SensorRegistry
from omnibind_ros.sensors.region import PICTURE_LIKE, Region, with_region

from .errors import FileError
from .opening import Source, open_source
from .recording import Recording
from .references import nearest_reference

MAX_LOOKS = 32
"""Samples of a long recording at most, evenly spaced."""

START_NS = 10**9
"""When recordings begin, on the clock of this module; its value does not matter."""


@dataclass(frozen=True)
class FileOptions:
    """What the user says about files.

    Attributes:
        reference: Picture of a tactile pad at rest; 'nearest' for that nearest to each file.
        axes: Of clouds, a choice of the sensor parameter axes; empty: its default.
        unit: Of thermal pictures, a choice of the sensor parameter unit; empty: its default.
        region: The part of pictures that is encoded; None: all.
        threads: Threads inside each encoder.
    """

    reference: str = "nearest"
    axes: str = ""
    unit: str = ""
    region: Region | None = None
    threads: int = 1


@dataclass(frozen=True)
class EncodedFile:
    """A file's embedding.

    Attributes:
        source: The file.
        embedding: Its embedding; of a recording longer than a sample the mean of its samples'
            embeddings, weighted by quality.
        doubts: Why it may be wrong.
        samples: How many samples it is of.
    """

    source: Source
    embedding: StoredEmbedding
    doubts: tuple[Doubt, ...]
    samples: int = 1


class _NoListener:
    """Takes what a node would log; the reasons are read from the channel instead."""

    def on_problem(self, sensor: str, problem: str) -> None:
        """Do nothing."""

    def on_doubt(self, sensor: str, doubt: Doubt) -> None:
        """Do nothing."""


@dataclass
class _Members:
    """Fresh embeddings, as `Perception` takes them from an engine."""

    members: list[FreshEmbedding]
    cpu_time: CpuTime

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return all of them."""
        return self.members

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Do nothing: there is no scheduler."""


class FilePerceiver:
    """Encodes, fuses and recognises files by the parts that the perception node has."""

    def __init__(self, bundle: Bundle, options: FileOptions | None = None) -> None:
        """Create it.

        Args:
            bundle: Has the encoders, the fusion and the calibration.
            options: What the user says about the files.
        """
        self.bundle = bundle
        self.options = options or FileOptions()
        self.fusion, self.warning = make_fusion("adaptive", bundle)
        types = SensorRegistry.installed()
        region = self.options.region
        if region is not None:
            types.register(
                [
                    with_region(kind, region)
                    for kind in types
                    if kind.modality in PICTURE_LIKE and not kind.encoded
                ]
            )
        self._types = types
        self._factory = ChannelFactory(bundle, types, self.options.threads)
        self._cpu_time = CpuTime()
        self._now = START_NS * 1e-9
        self._processor = JobProcessor(
            threading.Condition(), _NoListener(), WorkerSettings(), self._cpu_time, self._time
        )

    def encode(self, source: Source) -> EncodedFile:
        """Encode a file.

        Raises:
            FileError: It cannot be used, or nothing is seen in it.
        """
        recording = open_source(source)
        channel = self._channel(source, recording)
        doubts = dict.fromkeys(recording.doubts)
        stored: list[StoredEmbedding] = []
        for _ in self._looks(channel, recording):
            if self._process(channel) and channel.embedding is not None:
                stored.append(channel.embedding)
                doubts |= dict.fromkeys(channel.doubts.of())
        if not stored:
            raise FileError(source.path, channel.health.reason or "it holds no sample")
        return EncodedFile(source, pooled(stored), tuple(doubts), len(stored))

    def recognise(
        self, files: Sequence[EncodedFile], bank: LabelBank, top_k: int = 5
    ) -> PerceptionResult:
        """Fuse files as sensors that see the same thing, and recognise it.

        Args:
            files: At least one.
            bank: The labels.
            top_k: Labels in the result.
        """
        results: list[PerceptionResult] = []
        recogniser = Recogniser(bank, self.bundle.manifest.calibration, top_k)
        perception = Perception(self.fusion, recogniser, results.append, self._time)
        members = [
            FreshEmbedding(
                f"{number}:{file.source.path.name}",
                file.source.modality,
                replace(file.embedding, taken=self._now),
            )
            for number, file in enumerate(files)
        ]
        perception.update(_Members(members, self._cpu_time))
        return results[0]

    def _time(self) -> float:
        return self._now

    def _channel(self, source: Source, recording: Recording) -> Channel:
        kind = self._types.find(recording.modality, recording.type)
        options = kind.options()
        if hasattr(options, "axes") and self.options.axes:
            options.axes = self.options.axes
        if hasattr(options, "unit") and self.options.unit:
            options.unit = self.options.unit
        if hasattr(options, "reference"):
            options.reference = str(self._reference(source.path))
        config = SensorConfig(modality=recording.modality, type=recording.type, frozen_after=0.0)
        channel = self._factory.make(recording.modality, SensorSetup(config, options))
        if channel.health.problem:
            raise FileError(source.path, channel.health.problem)
        return channel

    def _reference(self, path: Path) -> Path:
        if self.options.reference != "nearest":
            return Path(self.options.reference)
        found = nearest_reference(path)
        if found is None:
            raise FileError(
                path,
                "a touch picture needs that of the pad at rest; give it by --reference, or put it "
                "as reference.png into the folder of the file or one above",
            )
        return found

    def _looks(self, channel: Channel, recording: Recording) -> Iterator[None]:
        """Put the messages into the channel, and yield whenever a sample is to be made of them."""
        window = round(channel.decoder.window * 1e9) if channel.decoder is not None else 0
        times = look_times(window, recording.duration_ns)
        waiting = False
        for message, start, end in recording.messages:
            self._now = (START_NS + start) * 1e-9
            channel.put(message, None, "", START_NS + start, self._now)
            waiting = True
            if times and end >= times[0]:
                while times and end >= times[0]:
                    times.pop(0)
                waiting = False
                yield
        if waiting:  # shorter than announced
            yield

    def _process(self, channel: Channel) -> bool:
        if channel.demand(self._now) is None:
            return False
        done = self._processor.process(Job(channel, channel.take(self._now)))
        channel.busy = False
        return done


def look_times(window: int, duration: int) -> list[int]:
    """Return when samples are made of a recording: each half a window, but `MAX_LOOKS` at most.

    Args:
        window: Length of a sample, nanoseconds; 0 for a single message.
        duration: Of the recording, nanoseconds.
    """
    if duration <= window or not window:
        return [duration]
    count = min(int((duration - window) // (window / 2)) + 1, MAX_LOOKS)
    return [round(time) for time in np.linspace(window, duration, max(count, 2))]


def pooled(stored: Sequence[StoredEmbedding]) -> StoredEmbedding:
    """Return the mean of embeddings, weighted by quality; its quality is their weighted mean."""
    if len(stored) == 1:
        return replace(stored[0], sample=None)
    qualities = np.array([embedding.quality for embedding in stored], np.float64)
    weights = qualities if qualities.sum() > 0 else np.ones_like(qualities)
    total = weights @ np.stack([embedding.values for embedding in stored])
    values = (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)
    quality = float(weights @ qualities / weights.sum())
    return replace(stored[-1], values=values, quality=quality, sample=None)
