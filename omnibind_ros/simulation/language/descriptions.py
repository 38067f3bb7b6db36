"""What is known of each class, and of kinds of its objects: descriptions.yaml."""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.safe_yaml import load_yaml


class DescriptionError(ValueError):
    """Descriptions that cannot be used; the text is one sentence: what, where, what to do."""


@dataclass(frozen=True)
class Description:
    """What sentences can say of a class, one entry of descriptions.yaml.

    Attributes:
        kind: A more general word.
        parts: What it has.
        place: Where it is.
        use: What it is for; completes 'it is used to ...'. Empty for a living being.
        also: Other names that fit every object of the class.
        sounds: The sounds that it makes by itself: names in `sound.operating.SOUNDS`.
        only: Patterns of an object's own name, each with the description of the objects whose name
            matches; the first that matches counts.
    """

    kind: str
    parts: tuple[str, ...]
    place: tuple[str, ...]
    use: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    only: tuple[tuple[str, Description], ...] = ()

    def of(self, name: str) -> Description:
        """Return the description of an object of that name."""
        matching = (special for pattern, special in self.only if re.search(pattern, name.lower()))
        return next(matching, self)


def load_descriptions(path: Path | None = None) -> dict[str, Description]:
    """Read what is known of each class.

    Args:
        path: A file in the format of descriptions.yaml; None for that one.

    Returns:
        Descriptions by label.

    Raises:
        DescriptionError: The file cannot be read, or an entry is incomplete.
    """
    file = path or importlib.resources.files(__package__) / "descriptions.yaml"
    try:
        content = load_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise DescriptionError(
            f"{file} cannot be read ({reason}): repair or replace it."
        ) from error
    if not isinstance(content, dict):
        raise DescriptionError(
            f"{file} holds no classes: write 'label:' and below it what is known of the class."
        )
    return {
        str(label): _description(str(label), entry, str(file)) for label, entry in content.items()
    }


def _description(label: str, entry: Any, file: str) -> Description:
    names = [field.name for field in fields(Description)]
    texts = dict(entry) if isinstance(entry, dict) else {}
    kind, only = texts.pop("kind", None), texts.pop("only", {})
    complete = (
        isinstance(kind, str)
        and isinstance(only, dict)
        and all(isinstance(changes, dict) for changes in only.values())
        and all(_is_pattern(str(pattern)) for pattern in only)
        and set(texts) <= set(names)
        and all(isinstance(value, list) for value in texts.values())
        and all(isinstance(text, str) for value in texts.values() for text in value)
        and all(len(texts.get(name, ())) > 1 for name in ("parts", "place"))
    )
    if not complete:
        raise DescriptionError(
            f"'{label}' in {file} is incomplete: give it kind (a text), parts and place (lists of "
            f"two texts or more), and what else there is of {', '.join(names)}; only is a mapping "
            "of patterns to such entries, the others are lists of texts."
        )
    common = {"kind": kind, **texts}
    special = tuple(
        (str(pattern), _description(f"{label}, {pattern}", common | changes, file))
        for pattern, changes in only.items()
    )
    return Description(kind, **{name: tuple(value) for name, value in texts.items()}, only=special)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
