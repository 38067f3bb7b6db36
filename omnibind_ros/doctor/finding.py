"""One thing that is wrong."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong, and what mends it.

    Attributes:
        kind: What it is, one word for scripts.
        sensor: Name of the sensor; empty for the node itself.
        text: One sentence.
        command: A command that mends it, or that shows more where only a person can mend it.
    """

    kind: str
    sensor: str
    text: str
    command: str

    def as_json(self) -> dict[str, str]:
        """Return its entry in a JSON file."""
        return self._asdict()
