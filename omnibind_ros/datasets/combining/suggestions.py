"""Suggestions for a mapping file: labels of different sets whose texts are similar.

Similarity of text embeddings makes suggestions only. They are written with `confirmed: false`; a
person reads, corrects and confirms the file before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.text import TextEncoder

from .labels import LabelMatcher, normalise

THRESHOLD = 0.5
"""Smallest cosine similarity of two labels for a suggestion."""


@dataclass(frozen=True)
class Suggestion:
    """Two labels that may mean the same.

    Attributes:
        source: The set of the first label.
        label: The first label.
        ours: The label of the vocabulary that may mean the same.
        similarity: Cosine of the two embeddings.
    """

    source: str
    label: str
    ours: str
    similarity: float


def suggest(
    matcher: LabelMatcher, encoder: TextEncoder, threshold: float = THRESHOLD
) -> list[Suggestion]:
    """Suggest similar labels for labels that only one set has.

    Args:
        matcher: A matcher that was given all labels.
        encoder: Embeds the labels.
        threshold: Smallest cosine similarity.

    Returns:
        For each label at most one suggestion, the most similar label of other sets; the most
        similar pairs first. A pair is listed once, not in both directions.
    """
    ours = sorted({*matcher.joined, *matcher.known.values()})
    single = [
        (source, label) for source, labels in matcher.without_match().items() for label in labels
    ]
    if not ours or not single:
        return []
    embedded = encoder.encode_batch(ours)
    theirs = encoder.encode_batch([normalise(label) for _, label in single])
    similarity = np.asarray(theirs @ embedded.T)
    suggestions: list[Suggestion] = []
    for row, (source, label) in zip(similarity, single, strict=True):
        # Neither itself nor another label that only the same set has.
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
    """Write suggestions as a mapping file that is not confirmed yet.

    Args:
        path: The file.
        suggestions: The suggestions.

    Raises:
        OSError: It cannot be written.
    """
    by_source: dict[str, list[Suggestion]] = {}
    for each in suggestions:
        by_source.setdefault(each.source, []).append(each)
    lines = [
        "# Labels with similar names, the most similar first. Similar names may differ in meaning:",
        "# remove or correct what is wrong, set confirmed to true, and give the file to --mapping.",
        "confirmed: false",
        "mapping:" if by_source else "mapping: {}",
    ]
    for source, members in sorted(by_source.items()):
        lines.append(f"  {_quoted(source)}:")
        lines += [
            f"    {_quoted(each.label)}: {_quoted(each.ours)}  # {each.similarity:.2f}"
            for each in members
        ]
    write_atomic(path, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
