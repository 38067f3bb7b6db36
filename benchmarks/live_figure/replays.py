"""Replays traces: what the perception node would say of them, in seconds, each time alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.history import HistorySettings
from omnibind_ros.runtime.perception import PerceptionResult
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.sensors import SensorRegistry

from .encounters import Said, Shown
from .traces import Embedded, Trace, live_setup


@dataclass
class Part:
    """One object of a run.

    Attributes:
        trace: The object.
        lie: By sensor, the trace whose embeddings it gives.
    """

    trace: Trace
    lie: dict[str, Trace] = field(default_factory=dict)


class _Source:
    """Has the newest embedding of each sensor, as the engine does."""

    def __init__(self, sensors: Sequence[str]) -> None:
        self.cpu_time = CpuTime()
        self.now = 0.0
        self._stored: dict[str, StoredEmbedding | None] = dict.fromkeys(sensors)
        self._forgotten = -np.inf

    def put(self, sensor: str, arrival: float, embedded: Embedded) -> None:
        """Store an embedding."""
        begins = arrival + embedded.begins
        if begins < self._forgotten:
            return
        self._stored[sensor] = StoredEmbedding(
            embedded.values,
            embedded.quality,
            None,
            round((arrival + embedded.taken) * 1e9),
            "",
            arrival + embedded.taken,
            begins=begins,
        )

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return the embeddings that are not too old."""
        return [
            FreshEmbedding(name, name, stored, _max_age(name))
            for name, stored in self._stored.items()
            if stored is not None and self.now - stored.taken <= _max_age(name)
        ]

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Take no notice of the weights."""

    def forget(self, before: float) -> None:
        """Drop what was taken before."""
        self._forgotten = before
        for name, stored in self._stored.items():
            if stored is not None and stored.oldest < before:
                self._stored[name] = None

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Take no notice of it: the recognition says it."""


@cache
def _max_age(name: str) -> float:
    return live_setup(name, SensorRegistry.installed()).config.max_age


@dataclass(frozen=True)
class Heard:
    """What was said in a run.

    Attributes:
        shown: The objects with their times.
        said: All results.
    """

    shown: list[Shown]
    said: list[Said]


def replay(
    bundle: Bundle,
    knowledge: Knowledge,
    parts: Sequence[Part],
    seconds: float,
    settings: HistorySettings,
    rate: float = 30.0,
    start: float = 100.0,
) -> Heard:
    """Let objects follow each other, and return what is said.

    Args:
        bundle: Has the calibration.
        knowledge: Its labels and fusion.
        parts: The objects.
        seconds: For which each is there.
        settings: What results remember.
        rate: Results a second.
        start: Time of the first arrival, seconds.
    """
    sensors = list(parts[0].trace.sensors)
    source = _Source(sensors)
    said: list[Said] = []

    def keep(result: PerceptionResult) -> None:
        found = result.recognition
        said.append(Said(source.now, found.labels[0], found.known, found.contradicting))

    perception = knowledge.perception(bundle, settings, keep, lambda: source.now)
    arrivals = [
        (start + place * seconds + embedded.at, start + place * seconds, sensor, embedded)
        for place, part in enumerate(parts)
        for sensor in sensors
        for embedded in part.lie.get(sensor, part.trace).sensors[sensor]
    ]
    arrivals.sort(key=lambda each: each[0])
    last = -np.inf
    for number, (at, arrival, sensor, embedded) in enumerate(arrivals):
        source.now = at
        source.put(sensor, arrival, embedded)
        following = arrivals[number + 1][0] if number + 1 < len(arrivals) else np.inf
        due = max(at, last + 1.0 / rate)
        if due < following:
            source.now = last = due
            perception.update(source)
    shown = []
    for place, part in enumerate(parts):
        begin = start + place * seconds
        liar = next(iter(part.lie), "")
        shown.append(Shown(part.trace.object_id, begin, begin + seconds, part.trace.right, liar))
    return Heard(shown, said)
