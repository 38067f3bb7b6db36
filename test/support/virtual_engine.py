"""An engine in virtual time: its workers take as long as they are told, and nothing waits."""

from types import SimpleNamespace

import numpy as np

from omnibind_ros.encoders.base import Encoding
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.virtual_time import NS, VirtualTime, VirtualWorkers
from omnibind_ros.runtime.workers import WorkerSettings
from omnibind_ros.sensors import SensorRegistry

START_NS = 1_700_000_000 * NS
VALUES = np.eye(4, dtype=np.float32)[0]


class Same:
    """Encodes every sample as one unit vector, and keeps the last one."""

    modality, model = "any", "same@1"

    def __init__(self):
        self.last = None

    def encode(self, sample):
        self.last = sample
        return Encoding(VALUES, 1.0)


class VirtualEngine:
    """An engine, its time, and what its listener was told.

    Attributes:
        step_ns: By how much the node's clock has been corrected, nanoseconds.
    """

    def __init__(self, cost=0.001):
        self.problems, self.doubts = [], []
        self.time = VirtualTime(START_NS)
        self.step_ns = 0
        self.engine = Engine(
            self,
            lambda: self.time.now_ns + self.step_ns,
            monotonic=self.time.monotonic,
            make_runner=lambda source, _changed, cpu: self._workers(source, cpu, cost),
        )
        self.engine.start()

    def _workers(self, source, cpu, cost):
        self.workers = VirtualWorkers(source, WorkerSettings(), cpu, self.time, lambda _: cost)
        return self.workers

    def on_embedding(self, engine, sensor):
        pass

    def on_problem(self, sensor, problem):
        self.problems.append((sensor, problem))

    def on_doubt(self, sensor, doubt):
        self.doubts.append((sensor, doubt))

    def on_notice(self, sensor, notice):
        pass

    def add(self, name, modality, message, kind=None, **config):
        """Add a sensor with an encoder of its own, and return its channel."""
        kind = kind or SensorRegistry.installed().find(modality, message)
        given = SensorConfig(modality=modality, type=message, **config)
        channel = Channel(name, given, kind, Same(), options=kind.options())
        self.engine.add(channel)
        return channel

    def wait(self, seconds):
        self.time.run_until(self.time.now_ns + round(seconds * NS))

    def offer(self, name, stamp_ns=None, **message):
        self.engine.offer(name, SimpleNamespace(**message), stamp_ns)
        self.workers.wake()

    def state(self, name):
        return next(state for state in self.engine.states() if state.name == name)

    def fused(self):
        return {each.sensor: each.embedding for each in self.engine.fresh_embeddings()}
