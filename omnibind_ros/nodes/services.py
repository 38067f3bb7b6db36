"""The services of the perception node."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode

from omnibind_msgs.srv import EmbedText, Enroll, SetLabels
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

from . import messages


class Services:
    """~/set_labels, ~/enroll and ~/embed_text."""

    def __init__(
        self, node: LifecycleNode, vocabulary: Vocabulary, recogniser: Recogniser, model: str
    ) -> None:
        """Create the services.

        Args:
            node: The node.
            vocabulary: Makes label banks and embeds texts.
            recogniser: Gets the new label banks.
            model: Name of the model, for messages.
        """
        self._node = node
        self._vocabulary = vocabulary
        self._recogniser = recogniser
        self._model = model
        self.enrolment = Enrolment()
        # A thread apart from the sensors': 10 000 labels take seconds, and perception goes on.
        # rclpy gives a node to one executor, so the services have a hidden node of their own.
        # (A MultiThreadedExecutor for all lost up to 40 % of the frames on two cores.)
        self._host = rclpy.create_node(
            "_perception_services",
            namespace=node.get_namespace(),
            context=node.context,
            use_global_arguments=False,  # or the launch file's name would be this node's too
            start_parameter_services=False,
            enable_rosout=False,
        )
        for kind, name, call in (
            (SetLabels, "set_labels", self._set_labels),
            (Enroll, "enroll", self._enroll),
            (EmbedText, "embed_text", self._embed_text),
        ):
            self._host.create_service(kind, f"{node.get_fully_qualified_name()}/{name}", call)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._host)
        self._thread = threading.Thread(target=self._spin, name="services", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        """Remove the services, once the call under way has ended."""
        self._executor.shutdown()
        self._thread.join()
        self._host.destroy_node()

    def _answer(self, response: Any, work: Callable[[], str]) -> Any:
        try:
            response.message = work()
            response.success = True
        except ValueError as error:  # every error of ours is one, and a sentence
            response.success = False
            response.message = str(error)
            self._node.get_logger().warning(response.message)
        return response

    def _set_labels(self, request: Any, response: Any) -> Any:
        def work() -> str:
            bank = self._vocabulary.set_labels(list(request.labels))
            self._recogniser.bank = bank
            return f"{len(bank.labels)} labels are in use"

        return self._answer(response, work)

    def _enroll(self, request: Any, response: Any) -> Any:
        def work() -> str:
            values, count = self.enrolment.watch(request.duration, time.sleep)
            bank = self._vocabulary.enroll(request.label, values)
            self._recogniser.bank = bank
            return f"'{request.label}' was learned from {count} results"

        return self._answer(response, work)

    def _embed_text(self, request: Any, response: Any) -> Any:
        def work() -> str:
            values = self._vocabulary.embed(list(request.texts))
            response.embeddings = messages.text_embeddings(
                values, self._model, self._node.get_clock().now().to_msg()
            )
            return f"{len(values)} texts were embedded"

        return self._answer(response, work)
