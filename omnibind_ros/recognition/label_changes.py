"""Changes of the labels at run time: enrolled, deleted, renamed; texts and enrolled views alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from omnibind_ros.plain_text import same_text

from .enrolled_bank import EnrolledView
from .enrolled_file import Part
from .enrolled_labels import EnrolledLabels
from .enrolled_match import EnrolledMatch
from .enrolment import Learned, spoiled_sentence
from .labels import MAX_LABELS, LabelError, clean_label
from .matching import Matching
from .recogniser import Recogniser
from .vocabulary import Vocabulary


@dataclass
class LabelInfo:
    """A label and what it is made of.

    Attributes:
        name: The label.
        texts: Prototypes of its name and synonyms.
        views: Enrolled prototypes in use.
        unused_views: Enrolled ones of other encoders, kept but not used.
    """

    name: str
    texts: int = 0
    views: int = 0
    unused_views: int = 0


class LabelChanges:
    """Changes vocabulary and enrolled labels together, and gives the recogniser the new bank."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        enrolled: EnrolledLabels,
        recogniser: Recogniser,
        matching: Matching | None = None,
    ) -> None:
        """Create it.

        Args:
            vocabulary: The texts of the labels.
            enrolled: What was enrolled.
            recogniser: Gets the new banks.
            matching: Makes the match of what was enrolled; None: one without statistics.
        """
        self._vocabulary = vocabulary
        self._enrolled = enrolled
        self._recogniser = recogniser
        self._matching = matching or Matching()
        self._match: tuple[list[tuple[str, list[Part]]], EnrolledMatch | None] = ([], None)

    def _new_match(self) -> EnrolledMatch | None:
        """Return the match of what is enrolled now; the old one if nothing has changed."""
        labels = self._enrolled.parts()
        if _parts(labels) != _parts(self._match[0]):
            self._match = labels, self._matching.match(labels)
        return self._match[1]

    def update(self) -> None:
        """Use what was enrolled, also by another process in the same folder.

        Raises:
            LabelError: There would be too many labels; nothing was changed.
        """
        self._recogniser.bank = self._vocabulary.set_enrolled(
            self._enrolled.views(), self._new_match()
        )

    def check_new(self, label: str) -> str:
        """Return a label's name as the bank spells it, or cleaned if it is new.

        Raises:
            LabelError: It cannot be a label, or the bank is full.
        """
        bank = self._vocabulary.bank
        name = bank.spelling(label)
        if name not in bank.labels and len(bank.labels) >= MAX_LABELS:
            raise LabelError(
                f"the label bank is full with {MAX_LABELS} labels; set fewer labels or delete some"
            )
        return name

    def enroll(self, label: str, learned: Learned) -> str:
        """Add what was learned to a label, a new one or one in the bank; return one sentence.

        Raises:
            LabelError: The text cannot be a label, or the bank is full.
        """
        name = self.check_new(label)
        view = EnrolledView(name, learned.values)
        kept = self._enrolled.add(name, view, learned.modalities, learned.sensors)
        self.update()
        said = f"label '{name}' was enrolled from {learned.results} results and {kept}"
        return "; but ".join(filter(None, [said, spoiled_sentence(learned.left_out)]))

    def list(self) -> list[LabelInfo]:
        """Return all labels, and the enrolled ones that are not used, in order of their names."""
        self.update()
        texts = self._vocabulary.texts
        counts = Counter(texts.labels[place] for place in texts.owner)
        found = {same_text(name): LabelInfo(name, counts[name]) for name in texts.labels}
        for name, used, unused in self._enrolled.counts():
            info = found.setdefault(same_text(name), LabelInfo(name))
            info.views, info.unused_views = used, unused
        return sorted(found.values(), key=lambda info: info.name.casefold())

    def delete(self, label: str) -> str:
        """Delete a label with its texts and its enrolled views; return one sentence.

        Raises:
            LabelError: There is no such label, or it is the only one.
            EnrolledError: Its file cannot be removed; nothing was changed.
        """
        info = self._find(label)
        bank = self._vocabulary.bank
        if bank.labels == (info.name,):
            raise LabelError(
                f"'{info.name}' is the only label; set or enroll another one before it is deleted"
            )
        views = self._enrolled.delete(info.name)
        self._recogniser.bank = self._vocabulary.without(
            info.name, self._enrolled.views(), self._new_match()
        )
        parts = [f"label '{info.name}' was deleted"]
        parts += [f"with {views} enrolled views"] if views else []
        parts += ["until the labels are set or the node is configured anew"] if info.texts else []
        return " ".join(parts)

    def rename(self, label: str, new_label: str) -> str:
        """Rename a label, with its texts and its enrolled views; return one sentence.

        Raises:
            LabelError: There is no such label, the new name cannot be one, or another label has it.
            EnrolledError: Its file cannot be written; nothing was changed.
        """
        info = self._find(label)
        new_name = clean_label(new_label)
        others = {same_text(other.name): other.name for other in self.list() if other != info}
        if same_text(new_name) in others:
            raise LabelError(
                f"label '{others[same_text(new_name)]}' is there already; delete it first or take "
                "another name"
            )
        views = self._enrolled.rename(info.name, new_name)
        self._recogniser.bank = self._vocabulary.renamed(
            info.name, new_name, self._enrolled.views(), self._new_match()
        )
        parts = [f"label '{info.name}' was renamed to '{new_name}'"]
        parts += [f"with {views} enrolled views"] if views else []
        if info.texts:
            parts.append("(its texts until the labels are set or the node is configured anew)")
        return " ".join(parts)

    def _find(self, label: str) -> LabelInfo:
        key = same_text(clean_label(label))
        for info in self.list():
            if same_text(info.name) == key:
                return info
        raise LabelError(f"there is no label '{label[:60]}'; ~/list_labels names them")


def _parts(labels: Sequence[tuple[str, Sequence[Part]]]) -> list[tuple[str, list[int]]]:
    """Return what tells whether labels are the same: their names, and which arrays they hold."""
    return [(name, [id(part) for part in parts]) for name, parts in labels]
