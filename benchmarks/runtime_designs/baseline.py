"""What the designs that ours is compared with have in common: all but when to encode and fuse."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Header

from omnibind_msgs.msg import FusedEmbedding, Recognition
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.fusion import make_fusion
from omnibind_ros.nodes import messages
from omnibind_ros.nodes.diagnostics import node_status, sensor_status
from omnibind_ros.nodes.subscriptions import load_type
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary
from omnibind_ros.runtime.build import ChannelFactory
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig, SensorSetup
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.perception import Perception, PerceptionResult
from omnibind_ros.runtime.stamps import to_nanoseconds
from omnibind_ros.sensors import SensorRegistry
from omnibind_ros.sensors.touch import TouchOptions


class Embeddings:
    """The embeddings to fuse, in the place of an engine."""

    def __init__(self, cpu_time: CpuTime) -> None:
        """Create an empty set."""
        self.cpu_time = cpu_time
        self.embeddings: list[FreshEmbedding] = []

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return the embeddings to fuse."""
        return self.embeddings

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Ignore the weights: there is no scheduler."""

    def forget(self, before: float) -> None:
        """Do nothing: the designs have no history."""

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Do nothing, likewise."""


class Baseline(Node):
    """Subscribes to seven sensors and publishes results; a design says what lies between.

    Sensors, encoders, fusion, recogniser and messages are those of the perception node, so are its
    name and topics.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        """Load the bundle and subscribe.

        Args:
            options: What `parse` returned.
        """
        super().__init__("perception")
        bundle = Bundle.load(options.bundle)
        self.lock = threading.Lock()
        self.cpu_time = CpuTime()
        factory = ChannelFactory(bundle, SensorRegistry.installed())
        self.channels = {
            name: factory.make(name, _setup(name, options.reference)) for name in options.sensors
        }
        fusion, _ = make_fusion("adaptive", bundle)
        vocabulary, _ = Vocabulary.load(bundle, (), threads=1)
        recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
        self._model = bundle.manifest.model
        self._embeddings = Embeddings(self.cpu_time)
        self._perception = Perception(fusion, recogniser, self._publish)
        self._embedding = self.create_publisher(FusedEmbedding, "~/embedding", 10)
        self._recognition = self.create_publisher(Recognition, "~/recognition", 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._diagnose)
        for channel in self.channels.values():
            self._subscribe(channel, options.depth or channel.config.depth)

    def on_message(self, channel: Channel) -> None:
        """Take notice of a message that a channel was given; for a design."""

    def encode(self, channel: Channel) -> FreshEmbedding | None:
        """Make an embedding of what waits at a sensor.

        Returns:
            The embedding; None if nothing waits, or no sample can be made of it.
        """
        with self.lock:
            if channel.demand(time.monotonic()) is None:
                return None
            arrivals = channel.take(time.monotonic())
            channel.busy = False
        if channel.decoder is None or channel.encoder is None:
            return None
        with self.cpu_time.measure("decode"):
            reading = channel.decoder.read(arrivals)
        if problem := "; ".join(reading.rejected) or reading.problem:
            self.get_logger().warning(f"{channel.name}: {problem}", throttle_duration_sec=1.0)
        if reading.problem:
            return None
        sample = reading.sample
        with self.cpu_time.measure("encode"):
            encoding = channel.encoder.encode(sample)
        newest = reading.used[-1]
        embedding = StoredEmbedding(
            encoding.values,
            encoding.quality,
            sample,
            newest.stamp_ns,
            newest.frame_id,
            newest.taken,
        )
        with self.lock:
            channel.store(embedding, time.monotonic())
        return FreshEmbedding(channel.name, channel.config.modality, embedding)

    def fuse(self, embeddings: list[FreshEmbedding]) -> None:
        """Fuse, recognise and publish."""
        self._embeddings.embeddings = embeddings
        self._perception.update(self._embeddings)

    def _subscribe(self, channel: Channel, depth: int) -> None:
        if channel.health.problem:
            raise ValueError(channel.health.problem)

        def receive(message: Any) -> None:
            with self.cpu_time.measure("receive"), self.lock:
                header = getattr(message, "header", None)
                channel.put(
                    message,
                    to_nanoseconds(header.stamp) if header is not None else None,
                    header.frame_id if header is not None else "",
                    time.time_ns(),
                    time.monotonic(),
                )
            self.on_message(channel)

        qos = QoSProfile(
            reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=depth
        )
        config = channel.config
        self.create_subscription(load_type(config.type), config.topic, receive, qos)

    def _publish(self, result: PerceptionResult) -> None:
        made = messages.embedding(result, self._model), messages.recognition(result)
        with self.cpu_time.measure("publish"):
            self._embedding.publish(made[0])
            self._recognition.publish(made[1])

    def _diagnose(self) -> None:
        now = time.monotonic()
        with self.lock:
            states = [channel.state(now) for channel in self.channels.values()]
        status = [node_status("perception", "", (), self.cpu_time.seconds())]
        status += [sensor_status("perception", state) for state in states]
        header = Header(stamp=self.get_clock().now().to_msg())
        self._diagnostics.publish(DiagnosticArray(header=header, status=status))


def _setup(name: str, reference: Path) -> SensorSetup:
    if name == "touch":
        return SensorSetup(SensorConfig(modality=name), TouchOptions(reference=str(reference)))
    return SensorSetup(SensorConfig(modality=name))


def parse(description: str | None) -> argparse.Namespace:
    """Read a design's command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True, help="the pad without contact")
    parser.add_argument("--sensors", type=lambda names: names.split(","), required=True)
    parser.add_argument("--depth", type=int, default=0, help="of subscriptions; 0: as ours")
    return parser.parse_args()


def spin(node: Node) -> None:
    """Run a node until the process is interrupted."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
