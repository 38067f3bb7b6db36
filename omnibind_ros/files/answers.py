"""What is recognised in a file or in several of one moment, and how often that is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnibind_ros.runtime.perception import PerceptionResult

from .perceiver import EncodedFile

UNKNOWN = "unknown"
"""What is said where the best label is not known."""


@dataclass(frozen=True)
class Answer:
    """What the files of one moment show.

    Attributes:
        files: The files.
        result: What was fused and recognised.
        label: The class of their folder; '' if there is none.
    """

    files: tuple[EncodedFile, ...]
    result: PerceptionResult
    label: str = ""

    @property
    def best(self) -> str:
        """The most probable label."""
        return self.result.recognition.labels[0]

    @property
    def said(self) -> str:
        """The most probable label, or 'unknown'."""
        return self.best if self.result.recognition.known else UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        recognition = self.result.recognition
        return {
            "files": [
                {
                    "path": file.source.text or str(file.source.path),
                    "modality": file.source.modality,
                    "weight": round(float(weight), 4),
                    "quality": round(file.embedding.quality, 4),
                    "samples": file.samples,
                    "doubts": [doubt.text for doubt in file.doubts],
                }
                for file, weight in zip(self.files, self.result.weights, strict=True)
            ],
            **({"class": self.label} if self.label else {}),
            "labels": list(recognition.labels),
            "probabilities": [round(float(value), 4) for value in recognition.probabilities],
            "unknown": round(recognition.unknown, 4),
            "similarity": round(float(recognition.similarity), 4),
            "quality": round(float(recognition.quality), 4),
            "known": bool(recognition.known),
        }


def score(answers: Iterable[Answer], right: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Count how often answers are right; all shares are in percent.

    Args:
        answers: Of moments whose class is known.
        right: By class, the labels that are right; empty where no label is.

    Returns:
        n; top1: the most probable label is right, known or not; balanced: the mean of the classes'
        top1; known; wrong_known: known and not right; labelled: how many moments have a class for
        which there is a label; by_class: by class n, top1, known, labels (those that are right),
        and said, how often each label or 'unknown' was said, the most frequent first.
    """
    by_class: dict[str, list[Answer]] = {}
    for answer in answers:
        by_class.setdefault(answer.label, []).append(answer)
    classes: dict[str, dict[str, Any]] = {
        name: {
            "n": len(of),
            "top1": _percent(sum(answer.best in right[name] for answer in of), len(of)),
            "known": _percent(sum(answer.result.recognition.known for answer in of), len(of)),
            "labels": list(right[name]),
            "said": dict(Counter(answer.said for answer in of).most_common()),
        }
        for name, of in sorted(by_class.items())
    }
    top1: list[float] = [of["top1"] for of in classes.values()]
    everything = [answer for of in by_class.values() for answer in of]
    known = [answer for answer in everything if answer.result.recognition.known]
    hits = sum(answer.best in right[answer.label] for answer in everything)
    return {
        "n": len(everything),
        "top1": _percent(hits, len(everything)),
        "balanced": round(sum(top1) / max(len(top1), 1), 2),
        "known": _percent(len(known), len(everything)),
        "wrong_known": _percent(
            sum(answer.best not in right[answer.label] for answer in known), len(everything)
        ),
        "labelled": sum(bool(right[answer.label]) for answer in everything),
        "by_class": classes,
    }


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 2) if total else 0.0
