"""What was left out of a dataset, counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any


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
