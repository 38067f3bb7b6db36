"""The services of the perception node around labels and texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omnibind_msgs.srv import EmbedText, Enroll, SetLabels
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

from . import messages
from .services import Services

if TYPE_CHECKING:
    from .sensing_node import SensingNode


class LabelServices(Services):
    """~/set_labels, ~/enroll and ~/embed_text, beside ~/set_sensor."""

    def __init__(
        self, node: SensingNode[Any], vocabulary: Vocabulary, recogniser: Recogniser, model: str
    ) -> None:
        """Create the services.

        Args:
            node: The node.
            vocabulary: Makes label banks and embeds texts.
            recogniser: Gets the new label banks.
            model: Name of the model, for messages.
        """
        self._vocabulary = vocabulary
        self._recogniser = recogniser
        self._model = model
        self.enrolment = Enrolment()
        super().__init__(node)

    def offered(self) -> list[tuple[type, str, Callable[[Any, Any], Any]]]:
        """Return each service's class, name and function."""
        return [
            *super().offered(),
            (SetLabels, "set_labels", self._set_labels),
            (Enroll, "enroll", self._enroll),
            (EmbedText, "embed_text", self._embed_text),
        ]

    def _set_labels(self, request: Any, response: Any) -> Any:
        def work() -> str:
            bank = self._vocabulary.set_labels(list(request.labels))
            self._recogniser.bank = bank
            return f"{len(bank.labels)} labels are in use"

        return self.answer(response, work)

    def _enroll(self, request: Any, response: Any) -> Any:
        def work() -> str:
            values, count = self.enrolment.collect(request.duration, self._closing.wait)
            bank = self._vocabulary.enroll(request.label, values)
            self._recogniser.bank = bank
            return f"'{request.label}' was learned from {count} results"

        return self.answer(response, work)

    def _embed_text(self, request: Any, response: Any) -> Any:
        def work() -> str:
            values = self._vocabulary.embed(list(request.texts))
            response.embeddings = messages.text_embeddings(
                values, self._model, self._node.get_clock().now().to_msg()
            )
            return f"{len(values)} texts were embedded"

        return self.answer(response, work)
