"""The services of the perception node for labels and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from omnibind_ros.plain_text import clean_text
from omnibind_ros.recognition.enrolment import Enrolment
from omnibind_ros.recognition.label_changes import LabelChanges
from omnibind_ros.recognition.label_changes import LabelInfo as LabelCounts
from omnibind_ros.recognition.labels import Label, clean_label
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

from . import messages
from .service_host import ServiceHost
from .teaching import TeachingPublisher

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
        spoiled: Callable[[], Mapping[str, str]],
        teaching: TeachingPublisher,
    ) -> None:
        """Create it; `add_to` offers the services.

        Args:
            vocabulary: Makes label banks and embeds texts.
            recogniser: Gets the new label banks.
            enrolment: Collects embeddings.
            changes: Changes labels.
            spoiled: See `Enrolment.collect`.
            teaching: Is told what was changed.
        """
        self._vocabulary = vocabulary
        self._recogniser = recogniser
        self._enrolment = enrolment
        self._changes = changes
        self._spoiled = spoiled
        self._teaching = teaching

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
        self._changes.update()  # another process may have changed what was enrolled
        bank = self._vocabulary.bank
        self._teaching.labels_set(bank.labels)
        first = f"{len(bank.labels)} labels are in use"
        return "; ".join([first, *_some(done.notes), *_some(done.sentences())])

    def _enroll(self, request: Any, sleep: Callable[[float], object]) -> str:
        label = self._changes.check_new(request.label)  # before the time is spent
        object_name = clean_text(request.object)
        least = self._recogniser.calibration.min_quality  # below it nothing is ever known
        start = self._teaching.now()
        learned = self._enrolment.collect(request.duration, sleep, least, self._spoiled)
        end = self._teaching.now()
        said = self._changes.enroll(request.label, learned)
        self._teaching.enrolled(label, object_name, learned.names, start, end)
        return said

    def _list_labels(self, request: Any, response: Any) -> str:
        found = self._changes.list()
        listed = [i for i in found if i.views or i.unused_views or not request.enrolled_only]
        response.labels = [LabelInfo(**vars(info)) for info in listed]
        return listed_sentence(found, enrolled_only=request.enrolled_only)

    def _delete_label(self, request: Any, _response: Any) -> str:
        said = self._changes.delete(request.label)
        self._teaching.deleted(clean_label(request.label))
        return said

    def _rename_label(self, request: Any, _response: Any) -> str:
        said = self._changes.rename(request.label, request.new_label)
        self._teaching.renamed(clean_label(request.label), clean_label(request.new_label))
        return said


def listed_sentence(found: Sequence[LabelCounts], enrolled_only: bool) -> str:
    """Return how many labels are listed and in use, one sentence.

    Args:
        found: All labels.
        enrolled_only: Whether only the enrolled ones are listed.
    """
    unused = sum(1 for info in found if not (info.texts or info.views))
    sentences = [f"{_labels(len(found) - unused)} in use"]
    if unused:
        sentences.append(f"{_labels(unused)} kept but not used, as other encoders learned them")
    if enrolled_only:
        enrolled = sum(1 for info in found if info.views or info.unused_views)
        sentences.append(f"of all these, {_labels(enrolled)} listed, those that were enrolled")
    return "; ".join(sentences)


def _labels(count: int) -> str:
    return f"{count} label is" if count == 1 else f"{count} labels are"


def _some(remarks: Sequence[str]) -> list[str]:
    """Return the first remarks, and how many there are beside them."""
    more = len(remarks) - SHOWN
    return [*remarks[:SHOWN], *([f"{more} more remarks of this kind"] if more > 0 else [])]
