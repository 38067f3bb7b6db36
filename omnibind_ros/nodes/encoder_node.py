"""The encoder node: sensors in, their embeddings out, for a perception node on another host."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from omnibind_msgs.msg import Embedding
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.config import SensingConfig
from omnibind_ros.runtime.engine import Engine

from . import messages
from .sensing_node import SensingNode, run


class EncoderNode(SensingNode[SensingConfig]):
    """Publishes each sensor's embeddings on ~/embeddings/NAME."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        self._embeddings: dict[str, Any] = {}
        super().__init__("encoder", SensingConfig(), **kwargs)

    def prepare(self, bundle: Bundle, engine: Engine) -> list[str]:  # noqa: ARG002
        """Listen to the engine."""
        engine.on_embedding = self._publish
        return []

    def on_sensors(self, names: Collection[str]) -> None:
        """Let there be one output a sensor."""
        for name in [name for name in self._embeddings if name not in names]:
            self.destroy_publisher(self._embeddings.pop(name))
        for name in names:
            if name not in self._embeddings:
                self._embeddings[name] = self.create_publisher(Embedding, f"~/embeddings/{name}", 1)

    def _publish(self, name: str) -> None:
        """Publish a sensor's embedding; called in one of the engine's threads."""
        engine, publisher = self.engine, self._embeddings.get(name)
        if engine is None or publisher is None:
            return
        channel = engine.channels().get(name)
        if channel is None or channel.embedding is None:
            return
        message = messages.sensor_embedding(
            name, channel.config.modality, channel.embedding, self.model
        )
        with engine.meter.of("publish"):
            publisher.publish(message)


def main(args: list[str] | None = None) -> None:
    """Run the node until it is told to stop."""
    run(EncoderNode, args)


if __name__ == "__main__":
    main()
