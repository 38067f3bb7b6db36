"""The perception node: sensors in, fused embedding and labels out, as a lifecycle node."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import FusedEmbedding, Recognition
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.fusion import make_fusion
from omnibind_ros.recognition.overlay import draw_overlay
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.perceiver import Perceiver, Result

from . import messages
from .label_services import LabelServices
from .sensing_node import SensingNode, run

try:
    from vision_msgs.msg import Classification
except ImportError:  # not in the wheels; a full ROS 2 has it
    Classification = None


class PerceptionNode(SensingNode[PerceptionConfig]):
    """Publishes what the engine's embeddings become when they are fused and named."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        self._vocabulary: Vocabulary | None = None
        self._recogniser: Recogniser | None = None
        self._listened: frozenset[str] = frozenset()
        super().__init__("perception", PerceptionConfig(), **kwargs)

    def prepare(self, bundle: Bundle, engine: Engine) -> list[str]:
        """Load labels and fusion, and create the outputs."""
        config = self.parameters.config
        vocabulary, problems = Vocabulary.load(bundle, config.labels, config.threads)
        fusion, warning = make_fusion(config.fusion, bundle)
        recogniser = Recogniser(vocabulary.bank, bundle.manifest.calibration)
        Perceiver(engine, fusion, recogniser, self._publish)
        self._vocabulary, self._recogniser = vocabulary, recogniser
        self.on_parameters()
        self.create_output("embedding", FusedEmbedding)
        self.create_output("recognition", Recognition)
        self.create_output("markers", MarkerArray)
        self.create_output("overlay", Image, 2)
        if Classification is not None:
            self.create_output("classification", Classification)
        return [*problems, *([warning] if warning else [])]

    def make_services(self) -> LabelServices:
        """Return the services of the sensors and of the labels."""
        if self._vocabulary is None or self._recogniser is None:
            raise RuntimeError("the services are made after the vocabulary")
        return LabelServices(self, self._vocabulary, self._recogniser, self.model)

    def on_parameters(self) -> None:
        """Take over the recogniser's parameters."""
        if self._recogniser is not None:
            self._recogniser.top_k = self.parameters.config.top_k
            self._recogniser.min_similarity = self.parameters.config.min_similarity

    def on_tick(self) -> None:
        """Ask which outputs anybody listens to; asking for each result costs more than a result."""
        self._listened = frozenset(
            name for name, publisher in self.outputs.items() if publisher.get_subscription_count()
        )

    def _publish(self, result: Result) -> None:
        """Publish a result; called in one of the engine's threads."""
        services, engine, outputs = self._service_set, self.engine, self.outputs
        if isinstance(services, LabelServices):
            services.enrolment.add(result.values)
        made = [
            ("embedding", messages.embedding(result, self.model)),
            ("recognition", messages.recognition(result)),
        ]
        if "markers" in self._listened:
            made.append(("markers", messages.markers(result)))
        if "classification" in self._listened:
            made.append(("classification", messages.classification(result, Classification)))
        if "overlay" in self._listened:
            made += self._overlay(result)
        if engine is not None:
            with engine.meter.of("publish"):
                for name, message in made:
                    outputs[name].publish(message)

    def _overlay(self, result: Result) -> list[tuple[str, Any]]:
        for sample, modality in zip(result.samples, result.modalities, strict=True):
            # An embedding from another host comes without its picture.
            if modality == "image" and isinstance(sample, np.ndarray):
                drawn = draw_overlay(sample, result.recognition, result.sensors, result.weights)
                return [("overlay", messages.overlay(drawn, result))]
        return []


def main(args: list[str] | None = None) -> None:
    """Run the node until it is told to stop."""
    run(PerceptionNode, args)


if __name__ == "__main__":
    main()
