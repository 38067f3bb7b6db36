"""An engine with small encoders of the tests' own, in real threads."""

import threading
import time
from types import SimpleNamespace

import numpy as np

from omnibind_ros.encoders.base import Encoding
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.fusion import MeanFusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.perception import Perception
from omnibind_ros.runtime.workers import WorkerSettings
from omnibind_ros.sensors import RejectedSampleError, SensorType


class AxisEncoder:
    """Encodes the number n as the unit vector along axis n."""

    modality, model = "image", "axis"

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.seen = []
        self.fail = False
        self.window = 0.0

    def encode(self, sample):
        self.entered.set()
        assert self.gate.wait(10)
        self.seen.append(sample)
        if self.fail:
            raise RuntimeError("no memory")
        return Encoding(np.eye(4, dtype=np.float32)[sample], 1.0, window=self.window)


def decode(message, _options):
    if message.number < 0:
        raise RejectedSampleError("the number is negative")
    return message.number


KIND = SensorType("image", "test_msgs/msg/Number", decode)


class SmallEngine:
    """An engine of four labels whose encoder waits at a gate, and what it has given."""

    def __init__(self, kind=KIND, workers=1, encode_timeout=float("inf"), **configs):
        self.encoder = AxisEncoder()
        self.results, self.problems, self.doubts, self.notices = [], [], [], []
        self.new = threading.Condition()
        bank = LabelBank(("a", "b", "c", "d"), np.eye(4, dtype=np.float32), np.arange(4))
        self.kind = kind
        recogniser = Recogniser(bank, Calibration(0.03, 0.0, {"image": 0.8}))
        self.perception = Perception(MeanFusion(), recogniser, self._on_result)
        settings = WorkerSettings(count=workers, timeout=encode_timeout)
        self.engine = Engine(self, time.time_ns, settings)
        for name, config in configs.items():
            self.add(name, config)
        self.engine.start()

    def on_embedding(self, engine, sensor):
        self.perception.update(engine)

    def on_problem(self, sensor, problem):
        self.problems.append((sensor, problem))

    def on_doubt(self, sensor, doubt):
        self.doubts.append((sensor, doubt))

    def on_notice(self, sensor, notice):
        self.notices.append((sensor, notice))

    def _on_result(self, result):
        with self.new:
            self.results.append(result)
            self.new.notify_all()

    def add(self, name, config):
        self.engine.add(Channel(name, config, self.kind, self.encoder))

    def offer(self, name, number, stamp_ns=None):
        self.engine.offer(name, SimpleNamespace(number=number), stamp_ns, "frame")

    def wait(self, condition):
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "nothing happened within 10 s"
            time.sleep(0.002)

    def threads(self):
        return list(self.engine._workers._threads)

    def state(self, name):
        return next(s for s in self.engine.states() if s.name == name)


def config(**changes):
    return SensorConfig(**{"modality": "image", "max_age": 5.0, **changes})
