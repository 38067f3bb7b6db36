"""Measures encoders on recordings of real sensors that training has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.sample import Sample
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.tensors.sample_labels import SampleLabels, class_sample_labels
from omnibind_ros.learning.tensors.specs import prepare_function
from omnibind_ros.learning.tensors.windows import input_length, window, window_count
from omnibind_ros.modalities import STUDENTS
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES, Label

from .metrics import top_k

MIN_WEIGHT = 1e-3
"""Weight of a window of quality 0: it counts only in a clip that has no better window."""


class SampleEncoder(NamedTuple):
    """An encoder of one modality, of a bundle or of a training run.

    Attributes:
        encode: A sample -> its unit vector, float32 [D], and its quality, 0..1.
        window: Audio samples that the encoder takes at a time; 0 for other modalities.
    """

    encode: Callable[[Any], tuple[Floats, float]]
    window: int = 0


def bundle_encoders(bundle: Bundle, modalities: Iterable[str]) -> dict[str, SampleEncoder]:
    """Return a bundle's encoders of some modalities; raises BundleError."""
    encoders = {}
    for name in modalities:
        encoder = bundle.encoder(name)

        def encode(sample: Any, encoder: Any = encoder) -> tuple[Floats, float]:
            encoding = encoder.encode(sample)
            return encoding.values, encoding.quality

        spec = bundle.manifest.encoders[name].inputs[0]
        encoders[name] = SampleEncoder(encode, input_length(spec) if name == "audio" else 0)
    return encoders


def trained_students(run: Path, modalities: Iterable[str]) -> dict[str, SampleEncoder]:
    """Return the students of a training run; raises TrainingError."""
    encoders = {}
    for name in modalities:
        model, spec, _ = load_student(run / "students" / f"{name}.pt")
        prepare = prepare_function(name)

        @torch.no_grad()
        def encode(
            sample: Any, model: Any = model, spec: Any = spec, prepare: Any = prepare
        ) -> tuple[Floats, float]:
            prepared = prepare(sample, spec)
            values = model(torch.from_numpy(np.asarray(prepared.values, np.float32)))
            return values[0].numpy(), prepared.quality

        encoders[name] = SampleEncoder(encode, input_length(spec) if name == "audio" else 0)
    return encoders


def measure_recordings(
    dataset: Dataset,
    encoders: dict[str, SampleEncoder],
    text: SentenceEncoder,
    left_out: Sequence[str] = (),
    split: str = "test",
    sample_labels: SampleLabels | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure encoders on a dataset's recordings.

    A sound longer than the input of its encoder is encoded in windows, one second apart; the clip's
    embedding is the mean of theirs, weighted by quality.

    Args:
        dataset: The dataset.
        encoders: By student modality.
        text: Embeds classes and names.
        left_out: Classes that training has not seen.
        split: Which recordings.
        sample_labels: Labels, and which the samples of the whole dataset have; None: its classes.

    Returns:
        By modality that has recordings: `samples`, `objects`, `sources` and `unusable`, the counts;
        `classes`, the number of all labels, and `top1` (%) among them; `competing`, `labels` and
        `top1` among those of the recordings alone; `own_names`, the same and `by_name` among the
        names that the recordings have in the set they come from, such as the ten of ESC-10; and
        `windows` and `window_top1`, the number of windows and the top-1 of single windows among
        these names.
    """
    of_samples = sample_labels or class_sample_labels(dataset, text)
    bank = of_samples.bank
    names = np.array(bank.labels)[of_samples.labels]
    unseen = {label for name in left_out for label in bank.taxonomy.labels_in(name, bank.labels)}
    bank = bank.subset([i for i, name in enumerate(bank.labels) if name not in unseen])
    figures = {}
    for modality, encoder in encoders.items():
        if modality not in STUDENTS:
            continue
        part = dataset.select(split=split, modalities=[modality])
        of_part = names[part.rows]
        rows = np.flatnonzero(part.recorded(modality) & ~np.isin(of_part, list(unseen)))
        if len(rows):
            embedded = _embed(part, rows, modality, encoder)
            figures[modality] = _measure(part, embedded, of_part[embedded.rows], bank, text)
            figures[modality]["unusable"] = len(rows) - len(embedded.rows)
    return figures


class _Embedded(NamedTuple):
    """Embeddings of K recordings.

    Attributes:
        rows: int [K], their rows in the dataset.
        clips: float32 [K, D], one unit vector each.
        windows: float32 [W, D], of all windows of quality above 0.
        clip_of_window: int [W], place in `rows`.
    """

    rows: npt.NDArray[np.int64]
    clips: Floats
    windows: Floats
    clip_of_window: npt.NDArray[np.int64]


def _embed(
    part: Dataset, rows: npt.NDArray[np.int64], modality: str, encoder: SampleEncoder
) -> _Embedded:
    """Embed recordings; those that cannot be decoded are left out."""
    kept: list[int] = []
    clips, windows, clip_of_window = [], [], []
    for row in rows:
        try:
            inputs = _inputs(part[int(row)], modality, encoder)
        except CodecError:
            continue
        encodings = [encoder.encode(sample) for sample in inputs]
        total = sum(values * max(quality, MIN_WEIGHT) for values, quality in encodings)
        clips.append(total / max(float(np.linalg.norm(total)), 1e-9))
        usable = [values for values, quality in encodings if quality > 0]
        windows += usable
        clip_of_window += [len(kept)] * len(usable)
        kept.append(int(row))
    return _Embedded(
        np.array(kept, np.int64),
        np.array(clips),
        np.array(windows),
        np.array(clip_of_window, np.int64),
    )


def _measure(
    part: Dataset,
    embedded: _Embedded,
    labels: npt.NDArray[np.str_],
    bank: LabelBank,
    text: SentenceEncoder,
) -> dict[str, Any]:
    kept, z, windows = embedded.rows, embedded.clips, embedded.windows
    figures: dict[str, Any] = {
        "samples": len(kept),
        "objects": len(set(part.column("object_id")[kept])),
        "sources": sorted(set(part.column("source")[kept])),
    }
    if not len(kept):
        return figures
    candidates = bank.subset([i for i, name in enumerate(bank.labels) if name in set(labels)])
    figures |= {
        "classes": len(bank.labels),
        "top1": _top1(bank, z, labels),
        "competing": {"labels": list(candidates.labels), "top1": _top1(candidates, z, labels)},
        "windows": len(windows),
    }
    names = np.array([str(part[int(row)].meta.get("name", "")) for row in kept])
    if all(names) and len(set(names)) > 1:
        own = LabelBank.build([Label(name) for name in sorted(set(names))], TEMPLATES, text)
        figures["own_names"] = {
            "labels": list(own.labels),
            "top1": _top1(own, z, names),
            "by_name": {n: _top1(own, z[names == n], names[names == n]) for n in own.labels},
        }
        candidates, labels = own, names
    if len(windows):
        figures["window_top1"] = _top1(candidates, windows, labels[embedded.clip_of_window])
    return figures


def _inputs(sample: Sample, modality: str, encoder: SampleEncoder) -> list[Any]:
    """Return what a sensor delivers of a sample: one reading, or the windows of a long sound."""
    data = sample_module(modality).to_observation(sample[modality], np.random.default_rng(0))
    if not encoder.window:
        return [data]
    count = window_count(len(data), encoder.window)
    return [window(data, number, count, encoder.window) for number in range(count)]


def _top1(bank: LabelBank, values: Floats, names: npt.NDArray[Any]) -> float:
    number = {name: i for i, name in enumerate(bank.labels)}
    labels = np.array([number[str(name)] for name in names])
    return top_k(bank.similarities(values), labels, right=bank.categories.right_answers)
