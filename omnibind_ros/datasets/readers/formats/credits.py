"""The authors of the clips of a sound set, from the text file of the set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(
    r"(?P<clip>\d-\d+-[A-Z])\.(?:ogg|wav).*?"
    r"\bby \*?(?P<author>[^*(]+?)\*? \(\[?(?P<licence>[^\])]+)"
)
"""A line of the README of ESC-10 or the LICENSE of ESC-50: '... clip derived from ... by *name*
([CC-BY](...))'."""

LICENCES = {"CC0": "CC0 1.0", "CC-BY": "CC BY 3.0"}


@dataclass(frozen=True)
class Credit:
    """Author and licence of a clip.

    Attributes:
        author: Who recorded it.
        licence: Its licence.
    """

    author: str
    licence: str


def read_credits(root: Path) -> dict[str, Credit]:
    """Return the credits of a copy of ESC-10 or ESC-50, by clip.

    Args:
        root: The set's folder; without README.md and LICENSE there are no credits, and items have
            the author and licence of the set.
    """
    by_clip: dict[str, Credit] = {}
    for name in ("README.md", "LICENSE"):
        path = root / name
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for match in LINE.finditer(text):
            licence = match["licence"].strip()
            by_clip[match["clip"]] = Credit(match["author"].strip(), LICENCES.get(licence, licence))
    return by_clip
