"""Label texts: the file labels.yaml, and the checks of every list of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.plain_text import clean_text, same_text

MAX_LABELS = 20_000
MAX_CHARACTERS = 200

TEMPLATES = ("a photo of a {}",)
"""Prompts of labels in training; {} stands for the label. A bundle's labels.yaml has its own."""


class LabelError(ValueError):
    """Labels that cannot be used; the text is one sentence."""


@dataclass(frozen=True)
class Label:
    """A label; its name and each of its synonyms gets a prototype of its own."""

    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of prototypes: one for the name and one for each synonym."""
        return 1 + len(self.synonyms)


@dataclass(frozen=True)
class LabelFile:
    """The content of labels.yaml."""

    templates: tuple[str, ...]
    labels: tuple[Label, ...]


def clean_label(text: str) -> str:
    """Return a label text with single spaces between its words, as `clean_text` makes it.

    Raises:
        LabelError: Nothing can be seen of it, or it is too long.
    """
    told, text = text, clean_text(text)
    if not text:
        hidden = f" ({told[:20]!a} shows nothing)" if told else ""
        raise LabelError(f"a label text is empty{hidden}; give it a name")
    if len(text) > MAX_CHARACTERS:
        raise LabelError(
            f"label '{text[:30]}...' has {len(text)} characters, more than {MAX_CHARACTERS}; "
            "shorten it"
        )
    return text


def check_labels(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels with cleaned texts.

    Raises:
        LabelError: The list is empty or too long, or a text is empty, too long or repeated; texts
            that differ by case, spaces or control characters are the same.
    """
    if not labels:
        raise LabelError("the list of labels is empty; give at least one label")
    if len(labels) > MAX_LABELS:
        raise LabelError(
            f"{len(labels)} labels are more than {MAX_LABELS}; leave out labels that the robot "
            "does not need"
        )
    cleaned = tuple(
        Label(clean_label(label.name), tuple(map(clean_label, label.synonyms))) for label in labels
    )
    names: dict[str, str] = {}
    for label in cleaned:
        key = same_text(label.name)
        if key in names:
            other = f" (as '{names[key]}')" if names[key] != label.name else ""
            raise LabelError(
                f"label '{label.name}' is in the list twice{other}; remove one of them"
            )
        names[key] = label.name
    return cleaned


def merge_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make one label of names that differ by case, spaces or control characters.

    Args:
        names: Label texts.

    Returns:
        The label texts, cleaned, each once, in the spelling and place of its first; and a part of a
        sentence for each name that was left out.

    Raises:
        LabelError: A text is empty or too long.
    """
    first: dict[str, str] = {}
    left_out = []
    for name in names:
        cleaned = clean_label(name)
        key = same_text(cleaned)
        if key in first:
            shown = name if name.isprintable() else ascii(name)[1:-1]
            left_out.append(f"'{shown[:40]}' is the same label as '{first[key][:40]}'")
        else:
            first[key] = cleaned
    return tuple(first.values()), tuple(left_out)


def read_labels(path: Path) -> LabelFile:
    """Read labels.yaml.

    Args:
        path: The file.

    Raises:
        LabelError: It cannot be read, or its content is not valid.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        templates = _list(data["templates"])
        labels = [
            Label(entry["name"], _list(entry.get("synonyms") or []))
            for entry in _list(data["labels"])
        ]
        texts = [*templates, *(text for label in labels for text in (label.name, *label.synonyms))]
        for text in texts:
            _check_text(text)
    except OSError as error:
        raise LabelError(
            f"{path} cannot be read ({error.strerror}); restore it from the bundle's source"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise LabelError(
            f"{path} is not a valid list of labels ({error}); it needs `templates` and `labels`, "
            "each label with a name"
        ) from error
    if not templates or not all("{}" in template for template in templates):
        raise LabelError(f"{path} needs templates with {{}} in the place of the label")
    return LabelFile(templates, check_labels(labels))


def _list(value: Any) -> tuple[Any, ...]:
    # A text is a sequence too: without this check its letters would become entries.
    if not isinstance(value, list):
        raise TypeError(f"{value!r} must be a list")
    return tuple(value)


def _check_text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text; quote numbers, yes and no")
