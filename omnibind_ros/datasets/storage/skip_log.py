"""The log of samples that were left out of a dataset, by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any


class SkipLog:
    """Counts the samples that were left out, by reason, with a few examples of each.

    Args:
        examples: Number of examples of each reason.

    Attributes:
        notes: Sentences about the samples as a whole, for the user; not kept by `to_dict`.
    """

    def __init__(self, examples: int = 5) -> None:
        """Start empty."""
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self._limit = examples
        self.notes: list[str] = []

    def __len__(self) -> int:
        """Return the number of samples that were left out."""
        return self.counts.total()

    def __iter__(self) -> Iterator[tuple[str, int, list[str]]]:
        """Yield each reason, its count and its examples, the most frequent first."""
        for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0])):
            yield reason, count, self.examples[reason]

    def add(self, what: str, reason: str, count: int = 1) -> None:
        """Count a file or object that was left out.

        Args:
            what: The file or object.
            reason: Why, without `what`, so that equal reasons are counted together.
            count: Number of samples that are left out with it.
        """
        self.counts[reason] += count
        examples = self.examples.setdefault(reason, [])
        if len(examples) < self._limit and what not in examples:
            examples.append(what)

    def merge(self, other: SkipLog) -> None:
        """Add the counts and examples of another log."""
        for reason, count, examples in other:
            self.add(examples[0], reason, count)
            for what in examples[1:]:
                self.add(what, reason, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the log as JSON can hold it: {reason: {count, examples}}."""
        return {reason: {"count": count, "examples": examples} for reason, count, examples in self}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SkipLog:
        """Return the log that `to_dict` was called on."""
        log = cls()
        for reason, entry in data.items():
            log.counts[reason] = entry["count"]
            log.examples[reason] = list(entry["examples"])
        return log
