"""Measures a bundle on recordings of real sensors, file by file as `omnibind recognise` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.files.answers import Answer, score
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder import holds_samples, list_folder
from omnibind_ros.files.modality import modality_words, without_modality
from omnibind_ros.files.opening import Source
from omnibind_ros.files.perceiver import EncodedFile, FilePerceiver
from omnibind_ros.modalities import combination_name
from omnibind_ros.recognition.class_names import class_text, right_labels
from omnibind_ros.recognition.labels import Label, LabelError, LabelFile, read_labels
from omnibind_ros.recognition.vocabulary import Vocabulary

from .linear_probe import linear_probe

Progress = Callable[[str, int, int], None]


class _Moment(NamedTuple):
    """What the files of one moment are.

    Attributes:
        label: Their class.
        object: Their object; '' if it is not known.
        branch: The folder of the sensor; '' if there is none.
        by_modality: A file of each modality.
    """

    label: str
    object: str
    branch: str
    by_modality: dict[str, EncodedFile]


def real_sets(folder: Path) -> dict[str, Path]:
    """Return the sets in a folder by name, or the folder itself if it is one.

    It is one set if files lie in the folders directly below it, if these are called after
    modalities alone (rgb, thermal), or if it has a README and they have none. Otherwise it is a
    folder of sets.

    Args:
        folder: A set, CLASS/FILE or CLASS/OBJECT/FILE, or a folder of sets.

    Raises:
        ValueError: There is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; name the one that holds the recordings")
    below = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")
    if _is_one_set(folder, below):
        return {folder.resolve().name: folder}
    return {path.name: path for path in below}


def _is_one_set(folder: Path, below: Sequence[Path]) -> bool:
    """Return whether the folders below a folder are classes or sensors of one set."""
    if any(holds_samples(path) for path in below):
        return True
    if below and not any(without_modality(path.name) for path in below):
        return True  # such as rgb and thermal
    described = [path for path in (folder, *below) if any(path.glob("[Rr][Ee][Aa][Dd][Mm][Ee]*"))]
    return described == [folder] and sum(bool(modality_words(path.name)) for path in below) < 2


def measure_real(
    folder: Path, bundle: Bundle, progress: Progress = lambda *_: None
) -> dict[str, dict[str, Any]]:
    """Measure a bundle on each set of a folder.

    Each modality is measured alone, and each pair fused where files of the same moment have both.

    Args:
        folder: As `real_sets` takes it.
        bundle: The bundle.
        progress: Called with the set's name, the files done, and all files.

    Returns:
        By set, with the modalities behind a colon where a set has several, such as
        'street:image+thermal': modality; n; top1 and balanced among all labels of the bundle;
        top1_candidates and balanced_candidates among the names of the set's classes; known and
        wrong_known; labelled, the samples whose class has a label; probe, the accuracy of
        `linear_probe`, None where it cannot be measured; and classes, quality, probe_details,
        by_class, left_out, and by_sensor where the set has several sensors of the modality. Shares
        are in percent. A set of which nothing can be used has n 0 and left_out alone.

    Raises:
        ValueError: There is no such folder, or the bundle's labels cannot be used.
    """
    perceiver = FilePerceiver(bundle)
    labels = read_labels(bundle.root / bundle.manifest.labels.path)
    figures: dict[str, dict[str, Any]] = {}
    for name, path in real_sets(folder).items():
        moments, left_out = _encode(path, perceiver, lambda *done, name=name: progress(name, *done))
        groups = list(_groups(moments))
        for modalities, of in groups:
            several = len(groups) > 1
            modality = combination_name(modalities)
            own = [reason for what, reason in left_out if what in modalities or not what]
            figures[f"{name}:{modality}" if several else name] = {
                "modality": modality,
                **_measure(of, modalities, perceiver, labels),
                "left_out": dict(Counter(own).most_common()),
            }
        if not groups:
            reasons = Counter(reason for _, reason in left_out)
            figures[name] = {"modality": "", "n": 0, "left_out": dict(reasons.most_common())}
    return figures


def _encode(
    path: Path, perceiver: FilePerceiver, progress: Callable[[int, int], None]
) -> tuple[list[_Moment], list[tuple[str, str]]]:
    """Encode a set's files; returns its moments, and modality and reason of what is left out."""
    listing = list_folder(path)
    left_out = [("", error.reason) for error in listing.left_out]
    moments: dict[tuple[str, str], _Moment] = {}
    for number, file in enumerate(listing.files):
        progress(number, len(listing.files))
        if not file.label:
            left_out.append((file.modality, "it lies in no folder of a class; move it into one"))
            continue
        try:
            encoded = perceiver.encode(Source(file.path, file.modality))
        except FileError as error:
            left_out.append((file.modality, error.reason))
            continue
        moment = moments.setdefault(
            (file.label, file.moment), _Moment(file.label, file.object, file.branch, {})
        )
        moment.by_modality.setdefault(file.modality, encoded)
    progress(len(listing.files), len(listing.files))
    return list(moments.values()), left_out


def _groups(moments: Sequence[_Moment]) -> Iterator[tuple[tuple[str, ...], list[_Moment]]]:
    """Yield each modality and each pair, with the moments that have it."""
    there = sorted({modality for moment in moments for modality in moment.by_modality})
    for count in (1, 2):
        for modalities in combinations(there, count):
            of = [moment for moment in moments if set(modalities) <= set(moment.by_modality)]
            if of:
                yield modalities, of


def _measure(
    moments: Sequence[_Moment],
    modalities: Sequence[str],
    perceiver: FilePerceiver,
    labels: LabelFile,
) -> dict[str, Any]:
    classes = sorted({moment.label for moment in moments})
    vocabulary, _ = Vocabulary.load(perceiver.bundle, [], 1)
    members = [tuple(moment.by_modality[name] for name in modalities) for moment in moments]

    def answers() -> list[Answer]:
        return [
            Answer(files, perceiver.recognise(files, vocabulary.bank), moment.label)
            for files, moment in zip(members, moments, strict=True)
        ]

    everything = answers()
    right = {
        name: right_labels(name, labels.labels, labels.taxonomy, sound="audio" in modalities)
        for name in classes
    }
    figures = score(everything, right)
    candidates: dict[str, Any] = {"top1": None, "balanced": None}
    texts = {name: class_text(name) for name in classes}
    try:
        vocabulary.set_labels([Label(text) for text in texts.values()])
        candidates = score(answers(), {name: (text,) for name, text in texts.items()})
    except LabelError:  # such as a folder's name of signs alone
        candidates["n"] = 0
    probe = linear_probe(
        np.stack([np.concatenate([_features(file) for file in files]) for files in members]),
        [moment.label for moment in moments],
        [moment.object for moment in moments],
    )
    branches = sorted({moment.branch for moment in moments})
    of_sensor = {
        branch: _sensor(
            [answer for answer, m in zip(everything, moments, strict=True) if m.branch == branch]
        )
        for branch in branches
    }
    return {
        "n": figures["n"],
        "top1": figures["top1"],
        "balanced": figures["balanced"],
        "top1_candidates": candidates["top1"],
        "balanced_candidates": candidates["balanced"],
        "known": figures["known"],
        "wrong_known": figures["wrong_known"],
        "labelled": figures["labelled"],
        "probe": probe["accuracy"] if probe is not None else None,
        "classes": len(classes),
        "quality": _quality(everything),
        "probe_details": probe,
        "by_class": figures["by_class"],
        **({"by_sensor": of_sensor} if len(branches) > 1 else {}),
    }


def _features(file: EncodedFile) -> Any:
    """Return what the encoder projects into the shared space, or the embedding itself."""
    features = getattr(file.embedding, "features", None)
    return file.embedding.values if features is None or not len(features) else features


def _sensor(answers: Sequence[Answer]) -> dict[str, Any]:
    known = sum(answer.result.recognition.known for answer in answers)
    return {
        "n": len(answers),
        "known": round(100 * known / len(answers), 2),
        "quality": _quality(answers),
    }


def _quality(answers: Sequence[Answer]) -> float:
    return round(float(np.mean([answer.result.recognition.quality for answer in answers])), 3)


def real_lines(real: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the table of `measure_real`'s figures."""
    if not real:
        return
    yield (
        f"{'recordings':52} {'n':>4} {'top-1':>6} {'candidates':>11} {'known':>6} "
        f"{'wrong known':>12} {'probe':>6}"
    )
    for name, of in real.items():
        if not of["n"]:
            yield f"{name[:52]:52}    0  nothing can be used: {'; '.join(of['left_out'])[:200]}"
            continue
        shown = name if of["modality"] in name else f"{name} ({of['modality']})"
        yield (
            f"{shown[:52]:52} {of['n']:4} {of['top1']:5.1f}% {_percent(of['top1_candidates']):>7} "
            f"/{of['classes']:<3} {of['known']:5.1f}% {of['wrong_known']:11.1f}% "
            f"{_percent(of['probe']):>6}"
        )
    left_out = sum(
        sum(of["left_out"].values()) for of in real.values() if "+" not in of["modality"]
    )
    if left_out:
        yield f"{left_out} files were left out; the figures of --json say why"


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}%"
