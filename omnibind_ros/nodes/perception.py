"""The perception node: sensors in, fused embedding and labels out, as a lifecycle node."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Empty
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import FusedEmbedding, Recognition
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_file import EnrolledError
from omnibind_ros.recognition.enrolled_folder import enrolled_path
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_changes import LabelChanges
from omnibind_ros.recognition.labels import LabelError
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.recognition.overlay import draw_overlay
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.history import HistorySettings
from omnibind_ros.runtime.overlay_rows import sensor_rows
from omnibind_ros.runtime.perception import Perception, PerceptionResult
from omnibind_ros.runtime.ready import ReadySettings
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.runtime.result_rate import PacedResults

from . import messages
from .label_services import LabelServices
from .ready import ReadyPublisher, recognition_qos
from .sensing import SensingNode
from .service_host import ServiceHost
from .teaching import TeachingPublisher

try:
    from vision_msgs.msg import Classification
except ImportError:  # the wheels lack it, a full ROS 2 has it
    Classification = None


class PerceptionNode(SensingNode[PerceptionConfig]):
    """Fuses the embeddings of all sensors, recognises what they show, and publishes the results."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters."""
        self._perception: Perception | None = None
        self._label_services: LabelServices | None = None
        self._results: PacedResults | None = None
        self._history = HistorySettings()
        self._reset_subscription: Any = None
        self._enrolment = Enrolment()
        self._enrolled = EnrolledLabels()
        self._subscribed: frozenset[str] = frozenset()
        super().__init__("perception", PerceptionConfig(), **kwargs)
        self._teaching = TeachingPublisher(self)
        self._ready = ReadyPublisher(self, self.errors, lambda: self.engine)

    def prepare(self, bundle: Bundle) -> list[str]:
        """Load labels and fusion, and create the outputs."""
        config = self.parameters.config
        known = Knowledge.load(bundle, config)
        vocabulary, problems = known.vocabulary, list(known.problems)
        for doubt in vocabulary.doubts:  # right words may be among them: no matter for diagnostics
            self.reporter.warning(doubt)
        self._perception = known.perception(bundle, self._history, self._publish)
        recogniser = self._perception.recogniser
        matching = Matching.load(bundle)
        if matching.problem:
            problems.append(matching.problem)
        changes = LabelChanges(vocabulary, self._enrolled, recogniser, matching)
        space = EmbeddingSpace.of(bundle, "mean" if known.no_fusion else config.fusion)
        problems += self._use_enrolled(changes, space)
        self._label_services = LabelServices(
            vocabulary, recogniser, self._enrolment, changes, self._spoiled_sensors, self._teaching
        )
        self.on_parameters()
        self.create_output("embedding", FusedEmbedding)
        self.create_output("recognition", Recognition, recognition_qos(config.deadline))
        self.create_output("markers", MarkerArray)
        self.create_output("overlay", Image, 2)
        if Classification is not None:
            self.create_output("classification", Classification)
        return [*problems, *([known.no_fusion] if known.no_fusion else [])]

    def _use_enrolled(self, changes: LabelChanges, space: EmbeddingSpace) -> list[str]:
        """Use the enrolled labels in the folder; return a sentence for each problem."""
        problems = []
        path = None
        try:
            path = enrolled_path(self.parameters.config.enrolled, self.get_fully_qualified_name())
        except EnrolledError as error:
            problems.append(str(error))
        problems += self._enrolled.open(path, space)
        try:
            changes.update()
        except LabelError as error:
            problems.append(f"what was enrolled is not used: {error}")
        return problems

    def _spoiled_sensors(self) -> dict[str, str]:
        """Return the sensors of which nothing can be learned now, each with a sentence."""
        return self.engine.spoiled_sensors() if self.engine is not None else {}

    def add_services(self, host: ServiceHost) -> None:
        """Add the services for labels and texts."""
        if self._label_services is not None:
            self._label_services.add_to(host, self.model, self.get_clock())

    def on_parameters(self) -> None:
        """Take the parameters of results and of the recogniser."""
        self._history.memory = self.parameters.config.memory
        self._history.contradiction_after = self.parameters.config.contradiction_after
        self._ready.settings = ReadySettings(
            self.parameters.config.deadline,
            self.parameters.config.ready_needs_known,
            self.parameters.config.ready_needs_in_distribution,
        )
        if self._results is not None:
            self._results.set_rate(self.parameters.config.result_rate)
        if self._perception is not None:
            recogniser, config = self._perception.recogniser, self.parameters.config
            recogniser.top_k = config.top_k
            recogniser.min_similarity = config.min_similarity

    def on_state(self, why_not_active: str) -> None:
        """Publish whether the robot may act on results."""
        self._ready.set_state(why_not_active)

    def close(self) -> None:
        """Publish that the node stops, and stop it."""
        self._ready.close()
        super().close()

    def present_problems(self) -> list[str]:
        """Return that two sensors contradict each other, if they do."""
        found = self._perception.disagreement if self._perception is not None else ""
        return [found] if found else []

    def on_tick(self) -> None:
        """Find the outputs that have subscribers; asking at each result would cost too much."""
        self._subscribed = frozenset(
            name for name, publisher in self.outputs.items() if publisher.get_subscription_count()
        )

    def on_start(self, engine: Engine) -> None:
        """Make results from now on."""
        if self._perception is not None:
            make = partial(self._perception.update, engine)
            rate = self.parameters.config.result_rate
            self._results = PacedResults(make, rate, self._on_lost_result, engine.charge)
            self._results.start()
            topic = self.parameters.config.reset_topic
            if topic:
                reset = partial(self._perception.reset, engine)
                self._reset_subscription = self.create_subscription(
                    Empty, topic, lambda _: reset(), 10
                )

    def on_stop(self) -> None:
        """Make no more results."""
        if self._results is not None:
            self._results.stop()
            self._results = None
        if self._reset_subscription is not None:
            self.destroy_subscription(self._reset_subscription)
            self._reset_subscription = None

    def on_release(self) -> None:
        """Let go of the label bank, the fusion and the text encoder."""
        self._perception = None
        self._label_services = None

    def _on_lost_result(self, error: Exception) -> None:
        self.on_problem("node", f"a result was lost ({type(error).__name__}: {error})")

    def on_embedding(self, engine: Engine, sensor: str) -> None:  # noqa: ARG002
        """Fuse, recognise and publish, at once or with other embeddings."""
        results = self._results
        if results is not None:
            results.embedding_arrived()

    def _publish(self, result: PerceptionResult) -> None:
        """Publish a result; called in one of the engine's threads."""
        self._enrolment.add(
            result.values, result.recognition.quality, result.modalities, result.members
        )
        made = [
            ("embedding", messages.embedding(result, self.model)),
            ("recognition", messages.recognition(result)),
        ]
        if "markers" in self._subscribed:
            made.append(("markers", messages.markers(result)))
        if "classification" in self._subscribed:
            made.append(("classification", messages.classification(result, Classification)))
        if "overlay" in self._subscribed:
            made += self._overlay(result)
        engine, outputs = self.engine, self.outputs
        if engine is not None:
            with engine.cpu_time.measure("publish"):
                for name, message in made:
                    outputs[name].publish(message)
            self._ready.result(result.recognition.known)

    def _overlay(self, result: PerceptionResult) -> list[tuple[str, Any]]:
        shown = zip(result.samples, result.modalities, result.regions, strict=True)
        for sample, modality, region in shown:
            # An embedding from another host comes without its image.
            if modality == "image" and isinstance(sample, np.ndarray):
                engine = self.engine
                rows = sensor_rows(engine.states() if engine is not None else (), result)
                drawn = draw_overlay(sample, result.recognition, rows, region)
                return [("overlay", messages.overlay(drawn, result))]
        return []
