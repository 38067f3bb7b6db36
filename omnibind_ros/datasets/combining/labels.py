"""Which labels of different sets mean the same: by name, by synonym, or by a mapping file.

A mapping file is YAML::

    confirmed: true
    mapping:
      esc10: {dog bark: animal}     # by set
      "*": {couch: sofa, xbox: null}  # of any set; null leaves the label out
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.safe_yaml import load_yaml

ANY = "*"
"""Name of every set in a mapping."""

LabelMapping = dict[str, dict[str, str | None]]
"""By set, by label of the set, the label in the vocabulary; None: it is left out."""


def normalise(label: str) -> str:
    """Return a label in lower case, its words separated by single spaces."""
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()


def _singular(words: str) -> str:
    """Return English words without the plural ending of the last one, where it is regular."""
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    if words.endswith(("ches", "shes", "sses", "xes")):
        return words[:-2]
    return words[:-1] if words.endswith("s") and not words.endswith(("ss", "us", "is")) else words


def read_mapping(path: Path) -> LabelMapping:
    """Read a mapping file.

    Args:
        path: The file, in the format that the module describes.

    Raises:
        DatasetError: It cannot be read, is no mapping, or holds suggestions that are not confirmed.
    """
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
        mapping = {
            str(name): {
                normalise(str(theirs)): None if ours is None else " ".join(str(ours).split())
                for theirs, ours in labels.items()
            }
            for name, labels in data["mapping"].items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{path} cannot be read as YAML ({error}); correct it") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is no mapping of labels; it needs `mapping: {{SET: {{their label: your "
            "label}}}}`"
        ) from error
    if data.get("confirmed", True) is not True:
        raise DatasetError(
            f"{path} holds suggestions that nobody has confirmed; read them, remove what is wrong "
            "and set `confirmed: true`"
        )
    return mapping


@dataclass
class LabelMatcher:
    """Maps the labels of many sets to one vocabulary.

    Attributes:
        mapping: The mapping of the user, which has priority.
        closed: Whether the vocabulary is fixed from the start. Otherwise a label that matches
            nothing is added to it.
        known: By name or synonym in its normal form, the label of the vocabulary.
        joined: By label of the vocabulary, by set, the labels of the set that are mapped to it.
        unmatched: By set, labels that a closed vocabulary does not have.
    """

    mapping: LabelMapping = field(default_factory=dict)
    closed: bool = False
    known: dict[str, str] = field(default_factory=dict)
    joined: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    unmatched: dict[str, set[str]] = field(default_factory=dict)

    def add(self, label: str, synonyms: Iterable[str] = ()) -> str:
        """Add a label and its synonyms; names that are known already keep their label.

        Returns:
            The label of the vocabulary that this one is mapped to.
        """
        name = self.known.setdefault(normalise(label), label)
        for other in (label, *synonyms):
            self.known.setdefault(normalise(other), name)
            self.known.setdefault(_singular(normalise(other)), name)
        return name

    def match(self, source: str, label: str, synonyms: Sequence[str] = ()) -> str | None:
        """Return the label of the vocabulary for a label of a set.

        Args:
            source: Name of the set.
            label: The label of the set.
            synonyms: Other names of it in the set.

        Returns:
            None: the mapping leaves it out, or a closed vocabulary does not have it.
        """
        normal = normalise(label)
        for name in (source, ANY):
            if normal in self.mapping.get(name, {}):
                ours = self.mapping[name][normal]
                return None if ours is None else self._join(self.add(ours), source, label)
        names = [normal, _singular(normal), *map(normalise, synonyms)]
        ours = next((self.known[name] for name in names if name in self.known), None)
        if ours is None and self.closed:
            self.unmatched.setdefault(source, set()).add(label)
            return None
        return self._join(self.add(ours or label, (label, *synonyms)), source, label)

    def _join(self, ours: str, source: str, label: str) -> str:
        self.joined.setdefault(ours, {}).setdefault(source, set()).add(label)
        return ours

    def without_match(self) -> dict[str, set[str]]:
        """Return, by set, the labels that no other set has."""
        alone = {source: set(labels) for source, labels in self.unmatched.items()}
        for sources in self.joined.values():
            if len(sources) == 1 and not self.closed:
                for source, labels in sources.items():
                    alone.setdefault(source, set()).update(labels)
        return alone
