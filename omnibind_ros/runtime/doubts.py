"""The doubts about one sensor's readings, by where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from omnibind_ros.sensors import Doubt, Issue

CONTRADICTION = (
    Doubt(
        Issue.CONTRADICTING,
        "it has contradicted the other sensors for some time, so it is left out until it agrees "
        "with them again; look at what it shows",
    ),
)


class Doubts:
    """Collects a sensor's doubts. The engine's lock guards it."""

    def __init__(self) -> None:
        """Create it without a doubt."""
        self._by_source: dict[str, tuple[Doubt, ...]] = {}
        self._new: list[Doubt] = []

    def set(self, source: str, doubts: Sequence[Doubt], by_text: bool = False) -> None:
        """Replace the doubts of a source, such as the stamps or the decoder.

        Args:
            source: Where they come from: 'stamp', 'payload', 'sample', 'late', 'topic', 'loss'
                or 'others'.
            doubts: Those of its newest message; empty if there are none.
            by_text: Whether a doubt with another text is a new one. Otherwise only one of another
                issue is, as texts have numbers that change with each message.
        """
        before = self._by_source.get(source, ())
        if not before and not doubts:
            return
        issues = {doubt.issue for doubt in before}
        self._new += [
            doubt
            for doubt in doubts
            if (doubt not in before if by_text else doubt.issue not in issues)
        ]
        self._by_source[source] = tuple(doubts)

    def take_new(self) -> list[Doubt]:
        """Return the doubts that have arisen since the last call, to be logged once."""
        new, self._new = self._new, []
        return new

    def of(self, *sources: str) -> tuple[Doubt, ...]:
        """Return the present doubts of some sources; of all if none is named."""
        return tuple(
            doubt
            for source, doubts in self._by_source.items()
            if not sources or source in sources
            for doubt in doubts
        )
