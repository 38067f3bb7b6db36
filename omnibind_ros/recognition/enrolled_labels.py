"""The enrolled labels of a node: in memory, and in a folder from which the next start has them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from omnibind_ros.plain_text import same_text

from .embedding_space import EmbeddingSpace
from .enrolled_bank import EnrolledView
from .enrolled_file import EnrolledError, EnrolledLabel, Part, View
from .enrolled_folder import EnrolledFolder
from .enrolment import SensorViews

SHOWN = 5
"""Names that a sentence on several labels gives."""

MEMORY_ONLY = "is lost when the node ends, as the parameter enrolled is empty"


class EnrolledCount(NamedTuple):
    """How many views an enrolled label has: those in use, and those of other encoders."""

    name: str
    used: int
    unused: int


class EnrolledLabels:
    """What was learned by ~/enroll. Thread-safe.

    The folder counts: what another process changes in it is noticed at the next call. Views that
    cannot be written stay in memory, and are written with the next one.
    """

    def __init__(self) -> None:
        """Create it without a folder; `open` is called at each configure."""
        self._lock = threading.Lock()
        self._folder: EnrolledFolder | None = None
        self._space: EmbeddingSpace | None = None
        self._unsaved: dict[str, EnrolledLabel] = {}

    def open(self, path: Path | None, space: EmbeddingSpace, read_only: bool = False) -> list[str]:
        """Use a folder and a bundle from now on; what is in memory alone is kept.

        Args:
            path: The folder; None for memory only.
            space: Which views can be used: those that this bundle and fusion would make.
            read_only: Whether the folder is only read, so that it need not be writable.

        Returns:
            A sentence for each problem: a folder that cannot be written, damaged files, and labels
            that were learned with other encoders.
        """
        with self._lock:
            self._space = space
            self._folder = None if path is None else EnrolledFolder(path)
            if self._folder is None:
                return self._of_other_encoders(self._all().values())
            problems = [] if read_only else [self._folder.check(), self._save()]
            labels, damaged = self._folder.labels()
            problems += [*damaged, *self._of_other_encoders(labels.values())]
            return list(dict.fromkeys(filter(None, problems)))

    def views(self) -> list[EnrolledView]:
        """Return the views without parts that the bundle can use, with the labels' names."""
        with self._lock:
            return [
                EnrolledView(label.name, view.values)
                for label in self._all().values()
                for view in label.views
                if not view.parts and self._usable(view)
            ]

    def parts(self) -> list[tuple[str, list[Part]]]:
        """Return the parts that the bundle can use, by the labels' names."""
        with self._lock:
            found = [
                (label.name, [p for view in label.views for p in view.parts if self._fits(p)])
                for label in self._all().values()
            ]
            return [(name, parts) for name, parts in found if parts]

    def counts(self) -> list[EnrolledCount]:
        """Return how many views each enrolled label has, by name."""
        with self._lock:
            counts = []
            for label in self._all().values():
                used = sum(map(self._usable, label.views))
                counts.append(EnrolledCount(label.name, used, len(label.views) - used))
            return sorted(counts)

    def add(
        self,
        name: str,
        view: EnrolledView,
        modalities: Iterable[str],
        sensors: Sequence[SensorViews] = (),
    ) -> str:
        """Add a view to a label, in memory at least.

        Args:
            name: The label, cleaned.
            view: What was learned, by the bundle of `open`.
            modalities: What was fused.
            sensors: What each sensor has shown.

        Returns:
            Where it is kept, as a clause after 'the label'.
        """
        with self._lock:
            if self._space is None:
                raise EnrolledError("the node is not configured; configure it")
            names = tuple(sorted(set(modalities)))
            encoders = self._space.parts
            parts = tuple(
                Part(s.modality, encoders.get(s.modality, ""), s.values, s.features)
                for s in sensors
            )
            new = View(view.values, names, self._space.key(names), self._space.model, parts)
            key = same_text(name)
            old = self._unsaved.get(key, EnrolledLabel(name, ()))
            self._unsaved[key] = old.joined((new,))
            if self._folder is None:
                return MEMORY_ONLY
            problem = self._save()
            if problem:
                return f"is lost when the node ends: {problem}"
            return f"is kept in {self._folder.path}"

    def delete(self, name: str) -> int:
        """Remove a label with all of its views, also those of other encoders.

        Args:
            name: The label.

        Returns:
            The number of its views; 0 if it was not enrolled.

        Raises:
            EnrolledError: Its file cannot be removed; nothing was changed.
        """
        with self._lock:
            key = same_text(name)
            label = self._all().get(key)
            if self._folder is not None and label is not None:
                self._folder.delete(name)
            self._unsaved.pop(key, None)
            return 0 if label is None else len(label.views)

    def rename(self, name: str, new_name: str) -> int:
        """Rename a label, with all of its views.

        Args:
            name: The label.
            new_name: The new name, cleaned, which no other label has.

        Returns:
            The number of its views; 0 if it was not enrolled.

        Raises:
            EnrolledError: The file cannot be written; nothing was changed.
        """
        with self._lock:
            key, new_key = same_text(name), same_text(new_name)
            labels = self._all()
            if key not in labels:
                return 0
            if self._folder is not None:
                self._folder.rename(name, new_name)
            if key in self._unsaved:
                self._unsaved[new_key] = EnrolledLabel(new_name, self._unsaved.pop(key).views)
            return len(labels[key].views)

    def _all(self) -> dict[str, EnrolledLabel]:
        labels = {} if self._folder is None else self._folder.labels()[0]
        for key, label in self._unsaved.items():
            labels[key] = labels.get(key, EnrolledLabel(label.name, ())).joined(label.views)
        return labels

    def _save(self) -> str:
        """Write what is in memory alone; return why it cannot be written, in a sentence."""
        if self._folder is None:
            return ""
        problems = []
        for key, label in list(self._unsaved.items()):
            try:
                self._folder.add(label.name, label.views)
                del self._unsaved[key]
            except EnrolledError as error:
                problems.append(str(error))
        return problems[0] if problems else ""

    def _usable(self, view: View) -> bool:
        """Return whether at least a part of a view can be compared with what the sensors show."""
        if view.parts:
            return any(map(self._fits, view.parts))
        space = self._space
        return (
            space is not None
            and len(view.values) == space.size
            and view.space == space.key(view.modalities)
            and view.space != ""
        )

    def _fits(self, part: Part) -> bool:
        space = self._space
        return (
            space is not None
            and part.encoder != ""
            and part.encoder == space.parts.get(part.modality)
            and part.values.shape[1] == space.size
        )

    def _whole(self, view: View) -> bool:
        return all(map(self._fits, view.parts)) if view.parts else self._usable(view)

    def _of_other_encoders(self, labels: Iterable[EnrolledLabel]) -> list[str]:
        unused = [label for label in labels if not all(map(self._whole, label.views))]
        if not unused or self._space is None:
            return []
        views = [view for label in unused for view in label.views if not self._whole(view)]
        models = {view.model for view in views}
        parts = {p.modality for view in views for p in view.parts if not self._fits(p)}
        by = f" by {', '.join(sorted(parts))}" if parts else ""
        return [
            f"what was enrolled as {_names(unused)}{by} with other encoders or another fusion "
            f"(bundle {', '.join(sorted(models)[:SHOWN])}) is kept but not used, as embeddings of "
            f"{self._space.model} cannot be compared with it; enroll it again"
        ]


def _names(labels: Sequence[EnrolledLabel]) -> str:
    names = ", ".join(f"'{label.name[:40]}'" for label in labels[:SHOWN])
    more = len(labels) - SHOWN
    return f"{names} and {more} more" if more > 0 else names
