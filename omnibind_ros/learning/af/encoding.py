"""Embeds a dataset with the encoders of a bundle; the embeddings are kept in files."""

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
from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.datasets.building.parallel import Workers, run_tasks
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.encoders.base import Encoder
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.tensors.sample_labels import SHIPPED, SampleLabels, sample_labels
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.progress import Progress, no_progress

from .corruptions import CORRUPTIONS
from .embeddings import EmbeddingSet, EncodedFaults

FORMAT = 1
"""Version of the cache; a change makes all embeddings anew. Raise it when `CORRUPTIONS` or a
function `noise` or `dead` of datasets/samples changes: the files' names do not depend on them."""

CHUNK = 64
"""Samples of a piece: as many are encoded again at most, by each process, after an interruption."""

CORRUPTED = 48
"""Samples of each modality that are corrupted, at most."""


class Piece(NamedTuple):
    """Samples that are encoded together.

    Attributes:
        modality: Which of their observations.
        corruption: A name in `CORRUPTIONS`; '' for none.
        rows: Their places in the dataset.
    """

    modality: str
    corruption: str
    rows: tuple[int, ...]


@dataclass
class EncodeTask:
    """Encodes pieces; it is pickled into every worker.

    Attributes:
        root: The bundle's folder.
        dataset: Holds the samples.
        pieces: The pieces, by number.
        files: The file of each.
    """

    root: Path
    dataset: Dataset
    pieces: tuple[Piece, ...]
    files: tuple[Path, ...]
    _encoders: dict[str, Encoder] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded encoders."""
        return self.__dict__ | {"_encoders": {}}

    def __call__(self, number: int, tick: Callable[[], None]) -> None:
        """Encode one piece; raises OSError where its file cannot be written."""
        piece = self.pieces[number]
        if piece.modality not in self._encoders:
            self._encoders[piece.modality] = Bundle.load(self.root).encoder(piece.modality)
        values, quality, rows = [], [], []
        for row in piece.rows:
            observation = read_observation(self.dataset, row, piece)
            if observation is not None:
                embedding = self._encoders[piece.modality].encode(observation)
                if np.isfinite(embedding.values).all():
                    values.append(embedding.values.astype(np.float16))
                    quality.append(embedding.quality)
                    rows.append(row)
            tick()
        arrays: dict[str, npt.NDArray[Any]] = {
            "values": np.array(values),
            "quality": np.array(quality, np.float32),
            "rows": np.array(rows, np.int64),
        }
        with atomic_file(self.files[number], shared=True) as file:
            np.savez(file, allow_pickle=False, **arrays)


def read_observation(dataset: Dataset, row: int, piece: Piece) -> Any:
    """Return an observation as a sensor delivers it; None where it is damaged."""
    rng = np.random.default_rng([row, len(piece.corruption)])
    samples = sample_module(piece.modality)
    try:
        observation = samples.to_observation(dataset[row][piece.modality], rng)
    except CodecError:
        return None
    return getattr(samples, piece.corruption)(observation, rng) if piece.corruption else observation


class Encoded(NamedTuple):
    """Embeddings of a dataset's samples, and of corrupted samples.

    Attributes:
        data: Of n samples in M modalities.
        faults: Of corrupted samples.
        is_recorded: bool [n, M], which observations were recorded, not simulated.
        added: Labels of the samples that the bundle's labels lack.
    """

    data: EmbeddingSet
    faults: EncodedFaults
    is_recorded: npt.NDArray[np.bool_]
    added: tuple[str, ...] = ()


def encode_dataset(
    bundle: Bundle,
    folder: Path,
    cache: Path,
    splits: Sequence[str] = ("validation", "test"),
    workers: Workers = 1,
    progress: Progress = no_progress,
    labels: str = SHIPPED,
) -> Encoded:
    """Encode a dataset with a bundle's own encoders, or read the embeddings of an earlier call.

    The embeddings of each modality are in a folder that is named by a hash of dataset, encoder and
    splits. After an interruption, the same call continues.

    Args:
        bundle: The bundle.
        folder: The dataset's folder.
        cache: Where these folders are.
        splits: Which samples.
        workers: Processes, or an executor.
        progress: Called with (samples done, samples).
        labels: What the samples' labels are, see `sample_labels`.

    Returns:
        The samples of the splits, in every modality that bundle and dataset have in common.

    Raises:
        TrainingError: They have none in common, or the bundle has no text encoder for the labels.
        BundleError: An encoder is broken.
        DatasetError: The dataset is missing or incomplete.
        LabelError: The bundle's labels cannot be used.
    """
    dataset = Dataset.open(folder)
    text = bundle.encoder("text")
    if not isinstance(text, TextEncoder):
        raise TrainingError(f"the text encoder of {bundle.manifest.model} cannot embed labels")
    chosen = np.isin(dataset.column("split").astype(np.str_), splits)
    common = [
        m for m in MODALITIES if m in bundle.manifest.encoders and dataset.has(m)[chosen].any()
    ]
    if not common:
        raise TrainingError(
            f"{folder} has no sample of {', '.join(splits)} in a modality of "
            f"{bundle.manifest.model}; use a dataset that has"
        )
    for modality in common:
        bundle.encoder(modality)  # a broken one raises before the work begins
    pieces, files = [], []
    for modality in common:
        place = cache / _folder_name(bundle, dataset, modality, splits)
        place.mkdir(parents=True, exist_ok=True)
        of_modality = _pieces(modality, np.flatnonzero(dataset.has(modality) & chosen))
        pieces += of_modality
        files += [place / f"{number}.npz" for number in range(len(of_modality))]
    task = EncodeTask(bundle.root, dataset, tuple(pieces), tuple(files))
    _encode(task, workers, progress)
    of_samples = sample_labels(dataset, bundle, text, labels)
    data, faults = _collect(task, common, np.flatnonzero(chosen), of_samples)
    recorded = np.stack([dataset.recorded(modality)[chosen] for modality in common], 1)
    return Encoded(data, faults, recorded, of_samples.added)


def _pieces(modality: str, rows: npt.NDArray[np.int64]) -> list[Piece]:
    """Return all samples in pieces, and a few of them with each corruption of the modality."""
    pieces = [
        Piece(modality, "", tuple(rows[start : start + CHUNK].tolist()))
        for start in range(0, len(rows), CHUNK)
    ]
    few = tuple(rows[np.unique(np.linspace(0, len(rows) - 1, CORRUPTED).astype(int))].tolist())
    corruptions = [name for name in CORRUPTIONS if hasattr(sample_module(modality), name)]
    return [*pieces, *(Piece(modality, name, few) for name in corruptions)]


def _folder_name(bundle: Bundle, dataset: Dataset, modality: str, splits: Sequence[str]) -> str:
    """Return the name of a modality's folder, with a hash of what its embeddings are made from."""
    spec = bundle.manifest.encoders[modality]
    sources = [
        FORMAT,
        CHUNK,
        CORRUPTED,
        sorted(splits),
        spec.sha256,
        [(role, file.sha256) for role, file in sorted(spec.extra.items())],
        [(t.name, list(t.shape), dict(t.parameters)) for t in spec.inputs],
    ]
    content = (dataset.folder / MANIFEST).read_bytes() + json.dumps(sources).encode()
    return f"{modality}-{hashlib.sha256(content).hexdigest()[:16]}"


def _encode(task: EncodeTask, workers: Workers, progress: Progress) -> None:
    """Encode the pieces that have no file yet."""
    missing = [number for number, file in enumerate(task.files) if not file.is_file()]
    total = sum(len(piece.rows) for piece in task.pieces)
    done = total - sum(len(task.pieces[number].rows) for number in missing)
    run_tasks(task, missing, workers, lambda samples: progress(done + samples, total))
    progress(total, total)


def _collect(
    task: EncodeTask,
    modalities: Sequence[str],
    chosen: npt.NDArray[np.int64],
    labels: SampleLabels,
) -> tuple[EmbeddingSet, EncodedFaults]:
    """Read the files of all pieces; `chosen` are the rows of the samples in the dataset."""
    dataset, size = task.dataset, labels.bank.prototypes.shape[1]
    values = np.zeros((len(chosen), len(modalities), size), np.float32)
    quality = np.zeros((len(chosen), len(modalities)), np.float32)
    present = np.zeros((len(chosen), len(modalities)), np.bool_)
    faults: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    for piece, file in zip(task.pieces, task.files, strict=True):
        embeddings, qualities, rows = _read(file)
        if not len(embeddings):
            continue
        if piece.corruption:
            faults[piece.corruption, piece.modality] = embeddings, qualities
        else:
            where = np.searchsorted(chosen, rows), modalities.index(piece.modality)
            values[where], quality[where], present[where] = embeddings, qualities, True
    data = EmbeddingSet(
        tuple(modalities),
        values,
        quality,
        present,
        labels.labels[chosen],
        dataset.column("object_id").astype(np.str_)[chosen],
        dataset.column("split").astype(np.str_)[chosen],
        labels.bank,
    )
    return data, faults


def _read(path: Path) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return the embeddings [K, D], qualities [K] and rows [K] of a piece."""
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
