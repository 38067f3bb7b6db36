"""What `omnibind recognise` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from omnibind_ros.modalities import MODALITIES

from .answers import Answer
from .errors import FileError


def answer_lines(answer: Answer) -> Iterator[str]:
    """Yield the lines for one answer."""
    recognition = answer.result.recognition
    names = " + ".join(
        f"{file.source.text or file.source.path.name} ({file.source.modality} {weight:.0%})"
        for file, weight in zip(answer.files, answer.result.weights, strict=True)
    )
    labels = ", ".join(
        f"{label} {share:.0%}"
        for label, share in zip(recognition.labels, recognition.probabilities, strict=True)
    )
    state = "known" if recognition.known else "unknown"
    yield f"{names}: {state}: {labels}"
    for file in answer.files:
        for doubt in file.doubts:
            yield f"  doubtful, {file.source.path.name}: {doubt.text}"


def score_lines(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the table of classes, and the figures of all."""
    width = max(len(name) for name in ("class", *figures["by_class"]))
    yield f"{'class':{width}} {'n':>5} {'right':>6} {'known':>6}  most often said"
    for name, of in figures["by_class"].items():
        said = ", ".join(f"{label} {count}" for label, count in list(of["said"].items())[:3])
        right = f"{of['top1']:5.0f}%" if of["labels"] else "  none"
        yield f"{name:{width}} {of['n']:5} {right} {of['known']:5.0f}%  {said}"
    sets = [each for each in figures["results"] if "class" in each]
    read = {file["modality"] for each in sets for file in each["files"]}
    names = ", ".join(name for name in MODALITIES if name in read)
    yield (
        f"{figures['n']} samples ({names}) of {len(figures['by_class'])} classes: right "
        f"{figures['top1']:.1f}%, balanced {figures['balanced']:.1f}%, known "
        f"{figures['known']:.1f}%, wrong and yet known {figures['wrong_known']:.1f}%"
    )
    without = figures["n"] - figures["labelled"]
    if without:
        yield (
            f"{without} samples have a class without a label ('none' above), for which 'unknown' "
            "is the right answer"
        )


def left_out_lines(errors: Sequence[FileError]) -> Iterator[str]:
    """Yield a sentence for each reason why files are left out, with their number if several."""
    by_reason: dict[str, list[FileError]] = {}
    for error in errors:
        by_reason.setdefault(error.reason, []).append(error)
    for same in by_reason.values():
        more = f" (and {len(same) - 1} more files)" if len(same) > 1 else ""
        yield f"{same[0]}{more}"
