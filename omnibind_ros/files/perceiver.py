"""Perceives files as the perception node perceives its sensors: decode, encode, fuse, recognise."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.fusion import make_fusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.build import ChannelFactory
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.job import Job
from omnibind_ros.runtime.perception import Perception, PerceptionResult
from omnibind_ros.runtime.processing import JobProcessor
from omnibind_ros.runtime.workers import WorkerSettings
from omnibind_ros.sensors import Doubt

from .errors import FileError
from .opening import Source, open_source
from .sensors import FileOptions, FileSensors, file_sensor_types


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

    def on_notice(self, sensor: str, notice: str) -> None:
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

    def forget(self, before: float) -> None:
        """Do nothing: files have no history."""

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Do nothing, likewise."""


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
        types = file_sensor_types(self.options.region)
        self._sensors = FileSensors(
            self.options, types, ChannelFactory(bundle, types, warn=False).make
        )
        self._cpu_time = CpuTime()
        self._processor = JobProcessor(
            threading.Condition(), _NoListener(), WorkerSettings(), self._cpu_time, self._time
        )

    def encode(self, source: Source) -> EncodedFile:
        """Encode a file.

        Raises:
            FileError: It cannot be used, or nothing is seen in it.
        """
        recording = open_source(source)
        channel = self._sensors.channel(source, recording)
        doubts = dict.fromkeys(recording.doubts)
        stored: list[StoredEmbedding] = []
        for _ in self._sensors.looks(channel, recording):
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
                replace(file.embedding, taken=self._sensors.now),
            )
            for number, file in enumerate(files)
        ]
        perception.update(_Members(members, self._cpu_time))
        return results[0]

    def _time(self) -> float:
        return self._sensors.now

    def _process(self, channel: Channel) -> bool:
        if channel.demand(self._sensors.now) is None:
            return False
        done = self._processor.process(Job(channel, channel.take(self._sensors.now)))
        channel.busy = False
        return done


def pooled(stored: Sequence[StoredEmbedding]) -> StoredEmbedding:
    """Return the mean of embeddings, weighted by quality; so too of what else they have."""
    if len(stored) == 1:
        return replace(stored[0], sample=None)
    qualities = np.array([embedding.quality for embedding in stored], np.float64)
    weights = qualities if qualities.sum() > 0 else np.ones_like(qualities)
    weights = weights / weights.sum()
    total = weights @ np.stack([embedding.values for embedding in stored])
    values = (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)
    others = {
        name: _mean(weights, [getattr(embedding, name) for embedding in stored])
        for name in ("features", "distance")
        if hasattr(stored[0], name)
    }
    quality = float(weights @ qualities)
    return replace(stored[-1], values=values, quality=quality, sample=None, **others)


def _mean(weights: npt.NDArray[np.float64], values: Sequence[Any]) -> Any:
    if any(value is None for value in values):
        return None
    mean = weights @ np.stack([np.asarray(value, np.float64) for value in values])
    return float(mean) if np.ndim(mean) == 0 else mean.astype(np.float32)
