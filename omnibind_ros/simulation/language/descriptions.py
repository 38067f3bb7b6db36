"""What is known of each class, and of kinds of its objects: descriptions.yaml."""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml


class FactsError(ValueError):
    """What is known of the classes cannot be used; the message says what, where, what to do."""


@dataclass(frozen=True)
class Facts:
    """What is said of a class, one entry of descriptions.yaml.

    Attributes:
        kind: A more general word.
        parts: What it has.
        place: Where it is.
        use: What it is for; completes 'it is used to ...'. Empty for a living being.
        also: Other names that fit every object of the class.
        sounds: What it does audibly: names in `running.SOUNDS`.
        only: What holds instead for objects whose own name matches a pattern, the first that does.
    """

    kind: str
    parts: tuple[str, ...]
    place: tuple[str, ...]
    use: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    only: tuple[tuple[str, Facts], ...] = ()

    def of(self, name: str) -> Facts:
        """Return what is said of an object of that name."""
        found = (facts for pattern, facts in self.only if re.search(pattern, name.lower()))
        return next(found, self)


def load_facts(path: Path | None = None) -> dict[str, Facts]:
    """Read what is known of each class.

    Args:
        path: A file in the format of descriptions.yaml; None for that one.

    Returns:
        Facts by label.

    Raises:
        FactsError: The file cannot be read, or an entry is not whole.
    """
    place = path or importlib.resources.files(__package__) / "descriptions.yaml"
    try:
        read = yaml.safe_load(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise FactsError(f"{place} cannot be read ({reason}): repair or replace it.") from error
    if not isinstance(read, dict):
        raise FactsError(f"{place} holds no classes: write 'label:' and below it its facts.")
    return {str(label): _facts(str(label), entry, str(place)) for label, entry in read.items()}


def _facts(label: str, entry: Any, place: str) -> Facts:
    names = [field.name for field in fields(Facts)]
    texts = dict(entry) if isinstance(entry, dict) else {}
    kind, only = texts.pop("kind", None), texts.pop("only", {})
    whole = (
        isinstance(kind, str)
        and isinstance(only, dict)
        and all(isinstance(changes, dict) for changes in only.values())
        and all(_is_pattern(str(pattern)) for pattern in only)
        and set(texts) <= set(names)
        and all(isinstance(value, list) for value in texts.values())
        and all(isinstance(text, str) for value in texts.values() for text in value)
        and all(len(texts.get(name, ())) > 1 for name in ("parts", "place"))
    )
    if not whole:
        raise FactsError(
            f"'{label}' in {place} is not whole: give it kind (a text), parts and place (lists of "
            f"two texts or more), and what else there is of {', '.join(names)}; only is a mapping "
            "of patterns to such entries, the others are lists of texts."
        )
    variants = tuple(
        (str(pattern), _facts(f"{label}, {pattern}", {"kind": kind, **texts, **changes}, place))
        for pattern, changes in only.items()
    )
    return Facts(kind, **{name: tuple(value) for name, value in texts.items()}, only=variants)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
