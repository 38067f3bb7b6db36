"""The services of the perception node for labels and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.clock import Clock

from omnibind_msgs.msg import LabelInfo
from omnibind_msgs.srv import (
    DeleteLabel,
    EmbedText,
    Enroll,
    ListLabels,
    RenameLabel,
    SetLabels,
)
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_changes import LabelChanges
from omnibind_ros.recognition.labels import Label
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

from . import messages
from .service_host import ServiceHost

SHOWN = 5
"""Remarks of a kind that the answer of ~/set_labels has."""


class LabelServices:
    """Does the work of the services for labels and of ~/embed_text."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        recogniser: Recogniser,
        enrolment: Enrolment,
        changes: LabelChanges,
    ) -> None:
        """Create it; `add_to` offers the services.

        Args:
            vocabulary: Makes label banks and embeds texts.
            recogniser: Gets the new label banks.
            enrolment: Collects embeddings.
            changes: Changes labels.
        """
        self._vocabulary = vocabulary
        self._recogniser = recogniser
        self._enrolment = enrolment
        self._changes = changes

    def add_to(self, host: ServiceHost, model: str, clock: Clock) -> None:
        """Add the services to a host.

        Args:
            host: Offers them.
            model: Name of the model, for messages.
            clock: Stamps the messages.
        """

        def enroll(request: Any, _response: Any) -> str:
            return self._enroll(request, host.sleep)

        def embed_text(request: Any, response: Any) -> str:
            values = self._vocabulary.embed(list(request.texts))
            response.embeddings = messages.text_embeddings(values, model, clock.now().to_msg())
            return f"{len(values)} texts were embedded"

        host.add(SetLabels, "set_labels", self._set_labels)
        host.add(Enroll, "enroll", enroll)
        host.add(EmbedText, "embed_text", embed_text)
        host.add(ListLabels, "list_labels", self._list_labels)
        host.add(DeleteLabel, "delete_label", self._delete_label)
        host.add(RenameLabel, "rename_label", self._rename_label)

    def _set_labels(self, request: Any, _response: Any) -> str:
        labels = [Label(name) for name in request.labels]
        labels += [Label(one.name, tuple(one.synonyms)) for one in request.labels_with_synonyms]
        done = self._vocabulary.set_labels(labels, list(request.templates))
        self._recogniser.bank = done.bank
        first = f"{len(done.bank.labels)} labels are in use"
        return "; ".join([first, *_some(done.notes), *_some(done.sentences())])

    def _enroll(self, request: Any, sleep: Callable[[float], object]) -> str:
        self._changes.check_new(request.label)  # before the time is spent
        least = self._recogniser.calibration.min_quality  # below it nothing is ever known
        learned = self._enrolment.collect(request.duration, sleep, least)
        return self._changes.enroll(request.label, learned)

    def _list_labels(self, request: Any, response: Any) -> str:
        found = self._changes.list()
        listed = [i for i in found if i.views or i.unused_views or not request.enrolled_only]
        response.labels = [LabelInfo(**vars(info)) for info in listed]
        in_use = sum(1 for info in found if info.texts or info.views)
        return f"{in_use} labels are in use, {len(listed)} are listed"

    def _delete_label(self, request: Any, _response: Any) -> str:
        return self._changes.delete(request.label)

    def _rename_label(self, request: Any, _response: Any) -> str:
        return self._changes.rename(request.label, request.new_label)


def _some(remarks: Sequence[str]) -> list[str]:
    """Return the first remarks, and how many there are beside them."""
    more = len(remarks) - SHOWN
    return [*remarks[:SHOWN], *([f"{more} more remarks of this kind"] if more > 0 else [])]
