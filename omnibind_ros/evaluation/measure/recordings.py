"""What encoders make of real recordings that training has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.dataset import Dataset, Sample
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.encoders.base import SentenceEncoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.af.embeddings import similarities
from omnibind_ros.learning.config import STUDENT_MODALITIES
from omnibind_ros.learning.tensors.cache import TEMPLATES, class_labels
from omnibind_ros.learning.tensors.specs import PREPARE
from omnibind_ros.learning.tensors.windows import input_length, window, window_count
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import Label

from .metrics import top_k

TRUST = 1e-3
"""Weight of a window without any quality: it decides only where all of a clip's are such."""


class Ear(NamedTuple):
    """An encoder of one modality.

    Attributes:
        embed: A sample -> its unit vector [D], and its quality.
        length: Samples of sound that it takes at a time; 0 for other modalities.
    """

    embed: Callable[[Any], tuple[Floats, float]]
    length: int = 0


def bundle_encoders(bundle: Bundle, modalities: Iterable[str]) -> dict[str, Ear]:
    """Return a bundle's encoders of some modalities; raises BundleError."""
    found = {}
    for name in modalities:
        encoder = bundle.encoder(name)

        def embed(sample: Any, encoder: Any = encoder) -> tuple[Floats, float]:
            said = encoder.encode(sample)
            return said.values, said.quality

        spec = bundle.manifest.encoders[name].inputs[0]
        found[name] = Ear(embed, input_length(spec) if name == "audio" else 0)
    return found


def trained_students(run: Path, modalities: Iterable[str]) -> dict[str, Ear]:
    """Return the students of a training run; raises TrainingError."""
    found = {}
    for name in modalities:
        model, spec, _ = checkpoints.load_student(run / "students" / f"{name}.pt")

        @torch.no_grad()
        def embed(
            sample: Any, model: Any = model, spec: Any = spec, prepare: Any = PREPARE[name]
        ) -> tuple[Floats, float]:
            prepared = prepare(sample, spec)
            values = model(torch.from_numpy(np.asarray(prepared.values, np.float32)))
            return values[0].numpy(), prepared.quality

        found[name] = Ear(embed, input_length(spec) if name == "audio" else 0)
    return found


def measure_recordings(
    dataset: Dataset,
    encoders: dict[str, Ear],
    text: SentenceEncoder,
    left_out: Sequence[str] = (),
    split: str = "test",
) -> dict[str, dict[str, Any]]:
    """Measure encoders on a dataset's recordings.

    A sound longer than what its encoder takes is heard in windows, a second apart, and named by
    the mean of their embeddings, weighted by quality.

    Args:
        dataset: The dataset.
        encoders: By student modality.
        text: Embeds classes and names.
        left_out: Classes that training has not seen.
        split: Of which recordings.

    Returns:
        By modality that has recordings: `samples`, `objects`, `sources` and `unusable`, what they
        are; `classes` and `top1`, in percent, where all classes of the dataset compete;
        `competing`, `labels` and `top1` where only the classes that were recorded compete;
        `own_names`, the same and `by_name` where only the names compete that the recordings have
        in the set that they come from, such as ESC-10's ten; and `windows` and `window_top1`, how
        many windows there are and how often one alone is named right, among the same names.
    """
    bank = LabelBank.build(
        [label for label in class_labels(dataset) if label.name not in left_out], TEMPLATES, text
    )
    found = {}
    for modality, encoder in encoders.items():
        if modality not in STUDENT_MODALITIES:
            continue
        part = dataset.select(split=split, modalities=[modality])
        rows = np.flatnonzero(part.recorded(modality) & ~np.isin(part.column("label"), left_out))
        if len(rows):
            found[modality] = _measure(part, rows, modality, encoder, bank, text)
    return found


def _measure(
    part: Dataset,
    rows: npt.NDArray[np.int64],
    modality: str,
    encoder: Ear,
    bank: LabelBank,
    text: SentenceEncoder,
) -> dict[str, Any]:
    kept: list[int] = []
    clips, heard, of = [], [], []
    for row in rows:
        try:
            inputs = _inputs(part[int(row)], modality, encoder)
        except CodecError:
            continue
        windows = [encoder.embed(sample) for sample in inputs]
        total = sum(values * max(quality, TRUST) for values, quality in windows)
        clips.append(total / max(float(np.linalg.norm(total)), 1e-9))
        good = [values for values, quality in windows if quality > 0]
        heard += good
        of += [len(kept)] * len(good)
        kept.append(int(row))
    found: dict[str, Any] = {
        "samples": len(kept),
        "objects": len(set(part.column("object_id")[kept])),
        "sources": sorted(set(part.column("source")[kept])),
        "unusable": len(rows) - len(kept),
    }
    if not kept:
        return found
    z, single, of_clip = np.array(clips), np.array(heard), np.array(of, np.int64)
    labels = part.column("label")[kept]
    few = bank.subset([i for i, name in enumerate(bank.labels) if name in set(labels)])
    found |= {
        "classes": len(bank.labels), "top1": _top1(bank, z, labels), "competing": {
            "labels": list(few.labels), "top1": _top1(few, z, labels)}, "windows": len(single),
    }  # fmt: skip
    names = np.array([str(part[int(row)].meta.get("name", "")) for row in kept])
    if all(names) and len(set(names)) > 1:
        own = LabelBank.build([Label(name) for name in sorted(set(names))], TEMPLATES, text)
        by_name = {n: _top1(own, z[names == n], names[names == n]) for n in own.labels}
        found["own_names"] = {
            "labels": list(own.labels), "top1": _top1(own, z, names), "by_name": by_name,
        }  # fmt: skip
        few, labels = own, names
    if len(single):
        found["window_top1"] = _top1(few, single, labels[of_clip])
    return found


def _inputs(sample: Sample, modality: str, encoder: Ear) -> list[Any]:
    """Return what a sensor delivers of a sample: one reading, or a long sound's windows."""
    data = sample_module(modality).to_observation(sample[modality], np.random.default_rng(0))
    if not encoder.length:
        return [data]
    count = window_count(len(data), encoder.length)
    return [window(data, number, count, encoder.length) for number in range(count)]


def _top1(bank: LabelBank, values: Floats, names: npt.NDArray[Any]) -> float:
    number = {name: i for i, name in enumerate(bank.labels)}
    return top_k(similarities(bank, values), np.array([number[str(name)] for name in names]))
