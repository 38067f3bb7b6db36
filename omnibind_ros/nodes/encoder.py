"""The encoder node: sensors in, their embeddings out, for a perception node on another host."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from omnibind_msgs.msg import Embedding
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.config import SensingConfig
from omnibind_ros.runtime.engine import Engine

from . import messages
from .sensing import SensingNode


class EncoderNode(SensingNode[SensingConfig]):
    """Publishes each sensor's embeddings on ~/embeddings/NAME."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        self._embeddings: dict[str, Any] = {}
        super().__init__("encoder", SensingConfig(), **kwargs)

    def prepare(self, bundle: Bundle) -> list[str]:  # noqa: ARG002
        """Do nothing: there is one output for each sensor, see `on_sensors`."""
        return []

    def on_sensors(self, names: Collection[str]) -> None:
        """Have one output for each sensor."""
        for name in [name for name in self._embeddings if name not in names]:
            self.destroy_publisher(self._embeddings.pop(name))
        for name in names:
            if name not in self._embeddings:
                self._embeddings[name] = self.create_publisher(Embedding, f"~/embeddings/{name}", 1)

    def on_embedding(self, engine: Engine, sensor: str) -> None:
        """Publish a sensor's embedding."""
        publisher = self._embeddings.get(sensor)
        channel = engine.channels().get(sensor)
        if publisher is None or channel is None or channel.embedding is None:
            return
        message = messages.sensor_embedding(
            sensor, channel.config.modality, channel.embedding, self.model
        )
        with engine.cpu_time.measure("publish"):
            publisher.publish(message)
