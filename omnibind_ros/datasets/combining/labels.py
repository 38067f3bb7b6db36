"""Which labels of different sets mean the same: by name, by synonym, by a file, by similarity.

Similarity of text embeddings only ever makes suggestions. They are written to a file with
`confirmed: false`, which a person reads, mends and confirms before it is used as a mapping::

    confirmed: true
    mapping:
      esc10: {dog bark: animal}     # by set
      "*": {couch: sofa, xbox: null}  # of any set; null leaves the label out
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml

from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.storage.files import write_whole
from omnibind_ros.encoders.text import TextEncoder

ANY = "*"
"""Stands in a mapping for every set."""

Mapped = dict[str, dict[str, str | None]]
"""By set, by label, what it is called; None: it is left out."""

THRESHOLD = 0.5
"""Cosine similarity from which on two labels are suggested to mean the same."""


def normalise(label: str) -> str:
    """Return a label in small letters, its words parted by one space each."""
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()


def _singular(words: str) -> str:
    """Return English words without the plural ending of the last one, where it is a usual one."""
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    if words.endswith(("ches", "shes", "sses", "xes")):
        return words[:-2]
    return words[:-1] if words.endswith("s") and not words.endswith(("ss", "us", "is")) else words


def read_mapping(path: Path) -> Mapped:
    """Read a mapping file.

    Args:
        path: YAML, as the module says.

    Raises:
        DatasetError: It cannot be read, is no mapping, or holds suggestions nobody confirmed.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        mapping = {
            str(name): {
                normalise(str(theirs)): None if ours is None else " ".join(str(ours).split())
                for theirs, ours in labels.items()
            }
            for name, labels in data["mapping"].items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{path} cannot be read as YAML ({error}); mend it") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is no mapping of labels; it needs `mapping: {{SET: {{their label: your "
            "label}}}}`"
        ) from error
    if data.get("confirmed", True) is not True:
        raise DatasetError(
            f"{path} holds suggestions that nobody has confirmed; read them, strike out what is "
            "wrong and set `confirmed: true`"
        )
    return mapping


@dataclass
class Matcher:
    """Gives labels of many sets the names of one vocabulary.

    Attributes:
        mapping: What a person has said; it comes before everything else.
        closed: Whether there are no labels but those known from the start. Otherwise the first set
            with a label that nothing matches names it.
        known: By name or synonym in its normal form, the label.
        joined: By label, by set, which of its labels were joined.
        unmatched: By set, labels that a closed vocabulary has no name for.
    """

    mapping: Mapped = field(default_factory=dict)
    closed: bool = False
    known: dict[str, str] = field(default_factory=dict)
    joined: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    unmatched: dict[str, set[str]] = field(default_factory=dict)

    def add(self, label: str, synonyms: Iterable[str] = ()) -> str:
        """Add a label and its synonyms; what is known already keeps its meaning.

        Returns:
            The label that this one goes by from now on.
        """
        name = self.known.setdefault(normalise(label), label)
        for other in (label, *synonyms):
            self.known.setdefault(normalise(other), name)
            self.known.setdefault(_singular(normalise(other)), name)
        return name

    def match(self, source: str, label: str, synonyms: Sequence[str] = ()) -> str | None:
        """Return what a label is called in the vocabulary.

        Args:
            source: Name of the set.
            label: The set's label.
            synonyms: Other names that the set has for it.

        Returns:
            None: a person left it out, or a closed vocabulary has no name for it.
        """
        normal = normalise(label)
        for name in (source, ANY):
            if normal in self.mapping.get(name, {}):
                ours = self.mapping[name][normal]
                return None if ours is None else self._join(self.add(ours), source, label)
        names = [normal, _singular(normal), *map(normalise, synonyms)]
        found = next((self.known[name] for name in names if name in self.known), None)
        if found is None and self.closed:
            self.unmatched.setdefault(source, set()).add(label)
            return None
        if found is None:
            found = label
        return self._join(self.add(found, (label, *synonyms)), source, label)

    def _join(self, ours: str, source: str, label: str) -> str:
        self.joined.setdefault(ours, {}).setdefault(source, set()).add(label)
        return ours

    def lonely(self) -> dict[str, set[str]]:
        """Return, by set, labels that no other set has: what suggestions are wanted for."""
        alone = {source: set(labels) for source, labels in self.unmatched.items()}
        for sources in self.joined.values():
            if len(sources) == 1 and not self.closed:
                for source, labels in sources.items():
                    alone.setdefault(source, set()).update(labels)
        return alone


@dataclass(frozen=True)
class Suggestion:
    """Two labels that may mean the same.

    Attributes:
        source: Set of the first.
        label: The first.
        ours: What it may be called.
        similarity: Cosine of the two embeddings.
    """

    source: str
    label: str
    ours: str
    similarity: float


def suggest(
    matcher: Matcher, encoder: TextEncoder, threshold: float = THRESHOLD
) -> list[Suggestion]:
    """Suggest what labels without a partner may be called.

    Args:
        matcher: It has seen all labels.
        encoder: Embeds labels as they are.
        threshold: Least cosine similarity.

    Returns:
        For each label at most one, the most similar label of other sets; the best first. Of two
        labels that would be each other's, one is listed.
    """
    ours = sorted({*matcher.joined, *matcher.known.values()})
    lonely = [(source, label) for source, found in matcher.lonely().items() for label in found]
    if not ours or not lonely:
        return []
    embedded = encoder.encode_batch(ours)
    theirs = encoder.encode_batch([normalise(label) for _, label in lonely])
    similarity = np.asarray(theirs @ embedded.T)
    suggestions: list[Suggestion] = []
    for row, (source, label) in zip(similarity, lonely, strict=True):
        # Not to itself, nor to what only the same set has.
        own = np.array([set(matcher.joined.get(name, {})) == {source} for name in ours])
        others = np.where(own, -1.0, row)
        best = int(others.argmax())
        if others[best] >= threshold:
            suggestions.append(Suggestion(source, label, ours[best], float(others[best])))
    ranked = sorted(suggestions, key=lambda s: (-s.similarity, s.source, s.label))
    chosen: list[Suggestion] = []
    for each in ranked:
        mirrored = any(normalise(s.label) == normalise(each.ours) for s in chosen)
        if not (mirrored and any(s.ours == each.label for s in chosen)):
            chosen.append(each)
    return chosen


def write_suggestions(path: Path, suggestions: Sequence[Suggestion]) -> None:
    """Write suggestions as a mapping file that is still to be confirmed.

    Args:
        path: The file.
        suggestions: What to write.

    Raises:
        OSError: It cannot be written.
    """
    by_source: dict[str, list[Suggestion]] = {}
    for each in suggestions:
        by_source.setdefault(each.source, []).append(each)
    lines = [
        "# Labels whose names are similar, the most similar first: similar is not the same.",
        "# Strike out or mend what is wrong, set confirmed to true, give the file to --mapping.",
        "confirmed: false",
        "mapping:" if by_source else "mapping: {}",
    ]
    for source, found in sorted(by_source.items()):
        lines.append(f"  {_quoted(source)}:")
        lines += [
            f"    {_quoted(each.label)}: {_quoted(each.ours)}  # {each.similarity:.2f}"
            for each in found
        ]
    write_whole(path, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
