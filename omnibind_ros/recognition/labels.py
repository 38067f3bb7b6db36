"""Label texts: files of labels, and the checks of every list of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.format_number import NewerFormatError, check_format
from omnibind_ros.plain_text import SentenceError, clean_text, same_text
from omnibind_ros.safe_yaml import load_yaml

from .taxonomy import NO_GROUPS, Group, Taxonomy, TaxonomyError

FORMAT = 1
"""Of a file of labels; without a number it is the first."""

MAX_LABELS = 20_000
MAX_CHARACTERS = 200
MAX_SENTENCES = 100_000
"""Texts times templates: embedding more than that would take minutes."""

TEMPLATES = ("a photo of a {}",)
"""Prompts of labels in training; {} stands for the label. A bundle's labels.yaml has its own."""


class LabelError(SentenceError):
    """Labels that cannot be used; the text is one sentence."""


@dataclass(frozen=True)
class Label:
    """A label; its name and each of its synonyms gets a prototype of its own."""

    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The name and the synonyms."""
        return (self.name, *self.synonyms)

    @property
    def count(self) -> int:
        """Number of prototypes: one for each text."""
        return len(self.texts)


@dataclass(frozen=True)
class LabelFile:
    """The content of a file of labels.

    Attributes:
        templates: Sentences with {} in the place of a label's text.
        labels: The labels.
        taxonomy: Which of them contain others, and the groups that they are in.
    """

    templates: tuple[str, ...]
    labels: tuple[Label, ...]
    taxonomy: Taxonomy = NO_GROUPS


def clean_label(text: str, kind: str = "label") -> str:
    """Return a label text with single spaces between its words, as `clean_text` makes it.

    Args:
        text: The text.
        kind: What it is, for messages.

    Raises:
        LabelError: Nothing can be seen of it, or it is too long.
    """
    told, text = text, clean_text(text)
    if not text:
        hidden = f" ({told[:20]!a} shows nothing)" if told else ""
        raise LabelError(f"a {kind} text is empty{hidden}; give it a name")
    if len(text) > MAX_CHARACTERS:
        raise LabelError(
            f"{kind} '{text[:30]}...' has {len(text)} characters, more than {MAX_CHARACTERS}; "
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


def merge_labels(labels: Sequence[Label]) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """Make one label of those whose names differ by case, spaces or control characters.

    Args:
        labels: The labels.

    Returns:
        The labels, cleaned, each once, in the spelling and place of its first and with the synonyms
        of all; and a part of a sentence for each name that was left out, and for each synonym that
        another label has too.

    Raises:
        LabelError: A text is empty or too long.
    """
    first: dict[str, str] = {}
    synonyms: dict[str, dict[str, str]] = {}
    notes = []
    for label in labels:
        cleaned = clean_label(label.name)
        key = same_text(cleaned)
        if key in first:
            shown = label.name if label.name.isprintable() else ascii(label.name)[1:-1]
            notes.append(f"'{shown[:40]}' is the same label as '{first[key][:40]}'")
        first.setdefault(key, cleaned)
        own = synonyms.setdefault(key, {})
        for synonym in map(clean_label, label.synonyms):
            if same_text(synonym) != key:
                own.setdefault(same_text(synonym), synonym)
    owner = dict(first)
    for key, own in synonyms.items():
        for text, synonym in own.items():
            if owner.setdefault(text, first[key]) != first[key]:
                notes.append(
                    f"'{synonym[:40]}' is a text of '{owner[text][:40]}' and of "
                    f"'{first[key][:40]}', which it makes equally similar"
                )
    merged = tuple(Label(name, tuple(synonyms[key].values())) for key, name in first.items())
    return merged, tuple(notes)


def check_templates(templates: Sequence[str], texts: int = 1) -> tuple[str, ...]:
    """Return templates with cleaned texts.

    Args:
        templates: Sentences with {} in the place of a text; at least one.
        texts: Number of texts that are embedded in each.

    Raises:
        LabelError: There is none, one is too long or has no {}, or there are too many.
    """
    if not templates:
        raise LabelError("the list of templates is empty; give a sentence as 'a photo of a {}'")
    for template in templates:
        if "{}" not in template:
            raise LabelError(
                f"template '{template[:40]}' lacks {{}} in the place of the label; write it as "
                "'a photo of a {}'"
            )
    if texts * len(templates) > MAX_SENTENCES:
        raise LabelError(
            f"{texts} texts in {len(templates)} templates are more than {MAX_SENTENCES} sentences; "
            "give fewer templates or labels"
        )
    return tuple(clean_label(template, "template") for template in templates)


def read_labels(path: Path, templates: Sequence[str] = ()) -> LabelFile:
    """Read a file of labels, such as a bundle's labels.yaml.

    Args:
        path: The file.
        templates: Those of a file without `templates`; empty: the file must have them.

    Raises:
        LabelError: It cannot be read, or its content is not valid.
    """
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
        check_format(data.get("format", 1), FORMAT)
        if "templates" in data or not templates:
            templates = _list(data["templates"])
        labels = [
            Label(entry["name"], _list(entry.get("synonyms") or []))
            for entry in _list(data["labels"])
        ]
        groups = [
            Group(entry["name"], _list(entry["contains"]))
            for entry in _list(data.get("groups") or [])
        ]
        texts = [*templates, *(text for label in labels for text in label.texts)]
        texts += [text for group in groups for text in (group.name, *group.contains)]
        for text in texts:
            _check_text(text)
    except OSError as error:
        raise LabelError(
            f"{path} cannot be read ({error.strerror}); check its path and permissions"
        ) from error
    except NewerFormatError as error:
        raise LabelError(f"{path} cannot be used: {error}, or give another file") from error
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelError(
            f"{path} is not a valid list of labels ({error}); it needs `templates` and `labels`, "
            "each label with a name, and may have `groups`, each with `name` and `contains`"
        ) from error
    try:
        checked = check_labels(labels)
        templates = check_templates(templates, sum(label.count for label in checked))
        return LabelFile(templates, checked, _taxonomy(groups, checked))
    except (LabelError, TaxonomyError) as error:
        raise LabelError(f"{path}: {error}") from error


def _taxonomy(groups: Sequence[Group], labels: Sequence[Label]) -> Taxonomy:
    cleaned = [
        Group(clean_label(group.name, "group"), tuple(map(clean_label, group.contains)))
        for group in groups
    ]
    return Taxonomy.checked(cleaned, [label.name for label in labels])


def _list(value: Any) -> tuple[Any, ...]:
    # A text is a sequence too: without this check its letters would become entries.
    if not isinstance(value, list):
        raise TypeError(f"{value!r} must be a list")
    return tuple(value)


def _check_text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text; quote numbers, yes and no")
