"""What a bundle's encoders say of a dataset, read once and kept on the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.building.parallel import run_tasks
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.files import atomic_file
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.encoders.base import Encoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.tensors.cache import class_labels
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES

from .embeddings import EmbeddingSet, EncodedFaults

FORMAT = 1
CHUNK = 64
"""Samples of a task: what is done again at most, by each process, after an interruption."""

FAULTS = ("noise", "dead")
"""Functions of the modules in datasets/samples that make a faulty observation."""

FAULTY = 48
"""Samples of each fault and modality."""


class Piece(NamedTuple):
    """Some rows of a modality, and whether they are whole or have a fault."""

    modality: str
    fault: str
    rows: tuple[int, ...]


@dataclass
class EncodeTask:
    """Encodes pieces; pickled into every worker.

    Attributes:
        root: The bundle's folder.
        dataset: Where the samples are.
        pieces: What there is to do, by number.
        files: Where each goes.
    """

    root: Path
    dataset: Dataset
    pieces: tuple[Piece, ...]
    files: tuple[Path, ...]
    _encoders: dict[str, Encoder] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded encoders behind."""
        return self.__dict__ | {"_encoders": {}}

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        """Encode one piece."""
        piece = self.pieces[number]
        if piece.modality not in self._encoders:
            self._encoders[piece.modality] = Bundle.load(self.root).encoder(piece.modality)
        encoder = self._encoders[piece.modality]
        values, quality, rows = [], [], []
        for row in piece.rows:
            sample = read_sample(self.dataset, row, piece)
            if sample is not None:
                said = encoder.encode(sample)
                if np.isfinite(said.values).all():
                    values.append(said.values.astype(np.float16))
                    quality.append(said.quality)
                    rows.append(row)
            tick()
        with atomic_file(self.files[number]) as file:
            np.savez(
                file, allow_pickle=False, values=np.array(values),
                quality=np.array(quality, np.float32), rows=np.array(rows, np.int64),
            )  # fmt: skip


def read_sample(dataset: Dataset, row: int, piece: Piece) -> Any:
    """Return an observation as a sensor delivers it; None where it is damaged."""
    rng = np.random.default_rng([row, len(piece.fault)])
    samples = sample_module(piece.modality)
    try:
        observation = samples.to_observation(dataset[row][piece.modality], rng)
    except CodecError:
        return None
    return getattr(samples, piece.fault)(observation, rng) if piece.fault else observation


class Encoded(NamedTuple):
    """Embeddings of a dataset's samples, and of faulty samples.

    Attributes:
        data: Of n samples in M modalities.
        recorded: Of samples with a fault.
        origin: bool [n, M], what was recorded and not simulated.
    """

    data: EmbeddingSet
    recorded: EncodedFaults
    origin: npt.NDArray[np.bool_]


def encode_dataset(
    bundle: Bundle,
    folder: Path,
    cache: Path,
    splits: Sequence[str] = ("validation", "test"),
    workers: int = 1,
    progress: Progress = no_progress,
) -> Encoded:
    """Encode a dataset with a bundle's own encoders, or read what was encoded before.

    Each modality's embeddings are kept under a hash of dataset, encoder and splits. Interrupted,
    the same call goes on.

    Args:
        bundle: The bundle.
        folder: The dataset's folder.
        cache: Where embeddings are kept.
        splits: Which samples.
        workers: Processes.
        progress: Told (samples done, samples to do).

    Returns:
        The samples of the splits, in every modality that bundle and dataset share.

    Raises:
        TrainingError: They share none, or the bundle has no text encoder to embed labels with.
        BundleError: An encoder is broken.
        DatasetError: There is no dataset that is whole.
    """
    dataset = Dataset.open(folder)
    text = bundle.encoder("text")
    if not isinstance(text, TextEncoder):
        raise TrainingError(f"the text encoder of {bundle.manifest.model} cannot embed labels")
    chosen = np.flatnonzero(np.isin(dataset.column("split").astype(np.str_), splits))
    shared = [
        m for m in MODALITIES if m in bundle.manifest.encoders and dataset.has(m)[chosen].any()
    ]
    if not shared:
        raise TrainingError(
            f"{folder} has no sample of {', '.join(splits)} in a modality of "
            f"{bundle.manifest.model}; use a dataset that has"
        )
    for modality in shared:
        bundle.encoder(modality)  # what is broken is said before the work begins
    work = {m: _pieces(m, np.flatnonzero(dataset.has(m) & np.isin(
        np.arange(len(dataset)), chosen))) for m in shared}  # fmt: skip
    folders = {m: cache / _key(bundle, dataset, m, splits) for m in shared}
    _encode(bundle, dataset, work, folders, workers, progress)
    number = {label: i for i, label in enumerate(dataset.labels)}
    place = np.full(len(dataset), -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    size = bundle.manifest.embedding_size
    values = np.zeros((len(chosen), len(shared), size), np.float32)
    quality = np.zeros((len(chosen), len(shared)), np.float32)
    present = np.zeros((len(chosen), len(shared)), np.bool_)
    recorded: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    for m, name in enumerate(shared):
        for index, piece in enumerate(work[name]):
            got, trust, rows = _read(folders[name] / f"{index}.npz")
            if piece.fault:
                if len(got):
                    recorded[piece.fault, name] = got, trust
            elif len(got):
                values[place[rows], m], quality[place[rows], m] = got, trust
                present[place[rows], m] = True
    data = EmbeddingSet(
        tuple(shared), values, quality, present,
        np.array([number[label] for label in dataset.column("label")], np.int64)[chosen],
        dataset.column("object_id").astype(np.str_)[chosen],
        dataset.column("split").astype(np.str_)[chosen],
        LabelBank.build(class_labels(dataset), TEMPLATES, text),
    )  # fmt: skip
    return Encoded(data, recorded, np.stack([dataset.recorded(m)[chosen] for m in shared], 1))


def _pieces(modality: str, rows: npt.NDArray[np.int64]) -> list[Piece]:
    whole = [
        Piece(modality, "", tuple(rows[start : start + CHUNK].tolist()))
        for start in range(0, len(rows), CHUNK)
    ]
    few = tuple(rows[np.unique(np.linspace(0, len(rows) - 1, FAULTY).astype(int))].tolist())
    faults = [name for name in FAULTS if hasattr(sample_module(modality), name)]
    return [*whole, *(Piece(modality, name, few) for name in faults)]


def _key(bundle: Bundle, dataset: Dataset, modality: str, splits: Sequence[str]) -> str:
    """Return a folder's name: what the embeddings in it were made from."""
    spec = bundle.manifest.encoders[modality]
    facts = [
        FORMAT, CHUNK, FAULTY, sorted(splits), spec.sha256,
        [(role, file.sha256) for role, file in sorted(spec.extra.items())],
        [(t.name, list(t.shape), dict(t.parameters)) for t in spec.inputs],
    ]  # fmt: skip
    said = (dataset.folder / MANIFEST).read_bytes() + json.dumps(facts).encode()
    return f"{modality}-{hashlib.sha256(said).hexdigest()[:16]}"


def _encode(
    bundle: Bundle,
    dataset: Dataset,
    work: dict[str, list[Piece]],
    folders: dict[str, Path],
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    pieces, files = [], []
    for name, parts in work.items():
        folders[name].mkdir(parents=True, exist_ok=True)
        pieces += parts
        files += [folders[name] / f"{index}.npz" for index in range(len(parts))]
    todo = [i for i, file in enumerate(files) if not file.is_file()]
    total = sum(len(piece.rows) for piece in pieces)
    ready = total - sum(len(pieces[i].rows) for i in todo)
    task = EncodeTask(bundle.root, dataset, tuple(pieces), tuple(files))
    run_tasks(task, todo, workers, lambda steps: progress(ready + steps, total))
    progress(total, total)


def _read(path: Path) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            values = file["values"].astype(np.float32)
            quality, rows = file["quality"], file["rows"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise TrainingError(
            f"{path} is damaged ({error}); remove it, and it is made again"
        ) from error
    if len(values):
        values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values, quality, rows
