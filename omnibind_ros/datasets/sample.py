"""A sample on its way into a dataset, and what is told of those that are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["recorded", "simulated"]
Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class DatasetError(ValueError):
    """A dataset that cannot be built or read; the text is one sentence."""


class SkipError(DatasetError):
    """One sample that cannot be had; it is counted and the others go on.

    Attributes:
        what: The file or object.
        reason: Why, without `what`, so that equal reasons are counted together.
    """

    def __init__(self, what: str, reason: str) -> None:
        """Say what is left out, and why."""
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason

    def __reduce__(self) -> tuple[type[SkipError], tuple[str, str]]:
        """Let it cross from one process to another."""
        return type(self), (self.what, self.reason)


@dataclass(frozen=True)
class Item:
    """A sample on its way into a dataset: what it shows, and how to get at each modality.

    Attributes:
        key: Unique in its dataset; letters, digits, '-' and '_' only (a tar member's name begins
            with it, and a dot would end it).
        label: The class.
        object_id: The thing itself; no object is in two splits.
        split: Where the object belongs; None: the dataset decides by a hash of the object's id.
        modalities: By name, how to load the data. `codecs.py` says what each returns.
        origin: By modality, whether the data was recorded or simulated.
        source: The set it comes from, e.g. 'ESC-10'.
        licence: Licence of the data.
        author: Who made the object or the recording.
        meta: What else is known; JSON can hold it.
    """

    key: str
    label: str
    object_id: str
    split: Split | None
    modalities: Mapping[str, Callable[[], Any]]
    origin: Mapping[str, Origin]
    source: str
    licence: str
    author: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


class SkipLog:
    """Counts what was left out, by reason, and keeps a few examples of each.

    Args:
        examples: How many to keep of each reason.
    """

    def __init__(self, examples: int = 5) -> None:
        """Start with nothing left out."""
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self._limit = examples

    def __len__(self) -> int:
        """Return how many were left out."""
        return self.counts.total()

    def __iter__(self) -> Iterator[tuple[str, int, list[str]]]:
        """Yield each reason, its count and its examples, the most frequent first."""
        for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0])):
            yield reason, count, self.examples[reason]

    def add(self, what: str, reason: str, count: int = 1) -> None:
        """Count something that was left out.

        Args:
            what: The file or object.
            reason: Why, without `what`, so that equal reasons are counted together.
            count: How many samples are lost with it.
        """
        self.counts[reason] += count
        kept = self.examples.setdefault(reason, [])
        if len(kept) < self._limit and what not in kept:
            kept.append(what)

    def merge(self, other: SkipLog) -> None:
        """Add what another log has counted."""
        for reason, count, examples in other:
            self.add(examples[0], reason, count)
            for what in examples[1:]:
                self.add(what, reason, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it: {reason: {count, examples}}."""
        return {reason: {"count": count, "examples": examples} for reason, count, examples in self}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SkipLog:
        """Make a log from what `to_dict` returned."""
        log = cls()
        for reason, entry in data.items():
            log.counts[reason] = entry["count"]
            log.examples[reason] = list(entry["examples"])
        return log
