"""A cache: a dataset as memory-mapped tensors, prepared once for all trainings."""

from __future__ import annotations

import fcntl
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.building.parallel import Workers, run_tasks
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES
from omnibind_ros.learning.teachers.interface import Teacher
from omnibind_ros.learning.teachers.loading import load_teacher
from omnibind_ros.modalities import TEACHERS
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.labels import TEMPLATES

from .index import SampleIndex
from .inputs import StudentInputs
from .sample_labels import CLASSES, label_sources, learned_labels
from .specs import input_spec
from .storage import Array
from .targets import TeacherTargets
from .task import CacheTask, Piece
from .vocabulary import Vocabulary, class_labels
from .windows import sound_windows

FORMAT = 4
"""Version of the files; a cache of another version has another key, and is not found."""

MODALITIES = (*TEACHERS, *STUDENT_MODALITIES)
"""The modalities of a cache."""

CHUNK = 64
"""Rows of a piece: after an interruption each process repeats at most these."""

RECORD, INDEX = "cache.json", "index.npz"


@dataclass(frozen=True)
class TensorCache:
    """A dataset's tensors.

    Attributes:
        folder: Where it is.
        key: Hash of everything that it was made from.
        teacher: Name of the teacher.
        index: The samples.
        inputs: The students' inputs.
        targets: What the teachers give for images and sentences.
        vocabulary: The labels to learn, embedded.
    """

    folder: Path
    key: str
    teacher: str
    index: SampleIndex
    inputs: StudentInputs
    targets: TeacherTargets
    vocabulary: Vocabulary

    @property
    def embedding_size(self) -> int:
        """Values of an embedding, D."""
        return int(self.vocabulary.classes.prototypes.shape[1])

    def quality(self, modality: str) -> Array:
        """Return the quality of each row of a student modality or of images, float32 [n_m]."""
        return self.targets.image_quality if modality == "image" else self.inputs.quality[modality]

    @classmethod
    def open(cls, folder: Path) -> TensorCache:
        """Open a cache.

        Args:
            folder: Where `build_cache` made it.

        Raises:
            TrainingError: It is not there, or not complete.
        """
        try:
            record = _record(folder)
            with np.load(folder / INDEX, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            return cls(
                folder=folder,
                key=record["key"],
                teacher=record["teacher"],
                index=SampleIndex.load(arrays),
                inputs=StudentInputs.load(folder),
                targets=TeacherTargets.load(folder, arrays),
                vocabulary=Vocabulary.load(arrays),
            )
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise TrainingError(
                f"{folder} holds no whole cache of tensors ({error}); remove it, and it is made "
                "again"
            ) from error


def _record(folder: Path) -> dict[str, str]:
    """Return the record of a cache; raises ValueError or KeyError for one of another format."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if record["format"] != FORMAT:
        raise ValueError(f"its format is {record['format']}, not {FORMAT}")
    return dict(record)


def build_cache(
    data: Path,
    folder: Path,
    teacher: str = "teacher",
    workers: Workers = 1,
    progress: Progress = no_progress,
    labels: str = CLASSES,
) -> TensorCache:
    """Prepare a dataset's tensors, or open them if they are there.

    After an interruption it continues with the pieces that are missing.

    Args:
        data: The dataset's folder.
        folder: Folder of caches; each has a folder in it, named by its key.
        teacher: As `load_teacher` takes it.
        workers: Processes, or an executor.
        progress: Called now and then with the rows done and all rows.
        labels: What students learn, as `learned_labels` takes it.

    Returns:
        The cache.

    Raises:
        DatasetError: There is no complete dataset, or a worker died.
        TrainingError: There is no such teacher.
        BundleError: The teacher's bundle is broken, or there is none with these labels.
        LabelError: The labels cannot be used.
    """
    dataset = Dataset.open(data)
    loaded = load_teacher(teacher)
    key = _key(dataset, loaded, labels)
    own = folder / key[:16]
    own.mkdir(parents=True, exist_ok=True)
    # Of several processes that train together the first prepares, and the others wait for it.
    with (own / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (own / RECORD).is_file():
            rows = _prepare(own, dataset, loaded, teacher, workers, progress)
            _finish(own, dataset, rows, labels, loaded, key)
    return TensorCache.open(own)


def _key(dataset: Dataset, teacher: Teacher, labels: str) -> str:
    """Return a hash of everything that a cache follows from."""
    manifest = (dataset.folder / MANIFEST).read_bytes()
    specs = {name: asdict(input_spec(name)) for name in STUDENT_MODALITIES}
    classes = [asdict(label) for label in class_labels(dataset)]
    hashed = [FORMAT, specs, teacher.key, classes, TEMPLATES, *label_sources(labels)]
    return hashlib.sha256(manifest + json.dumps(hashed, sort_keys=True).encode()).hexdigest()


def _prepare(
    folder: Path,
    dataset: Dataset,
    loaded: Teacher,
    teacher: str,
    workers: Workers,
    progress: Progress,
) -> dict[str, Array]:
    """Prepare inputs and targets, piece by piece; return the sample of each row by modality."""
    (folder / "done").mkdir(exist_ok=True)
    rows = {name: np.flatnonzero(dataset.has(name)) for name in MODALITIES}
    rows["audio"], windows = sound_windows(dataset, rows["audio"], input_spec("audio"))
    TeacherTargets.allocate(folder, rows, loaded)
    StudentInputs.allocate(folder, rows)
    pieces = tuple(
        Piece(modality, start, min(start + CHUNK, len(rows[modality])))
        for modality in MODALITIES
        for start in range(0, len(rows[modality]), CHUNK)
    )
    todo = [n for n, piece in enumerate(pieces) if not (folder / "done" / piece.name).exists()]
    total = sum(piece.samples for piece in pieces)
    done = total - sum(pieces[n].samples for n in todo)
    task = CacheTask(folder, dataset, rows, windows, pieces, teacher)
    run_tasks(task, todo, workers, lambda steps: progress(done + steps, total))
    progress(total, total)
    return rows


def _finish(
    folder: Path,
    dataset: Dataset,
    rows: dict[str, Array],
    labels: str,
    teacher: Teacher,
    key: str,
) -> None:
    """Write the index and the record, which marks the cache as complete."""
    learned = learned_labels(dataset, labels, teacher)
    index = SampleIndex.of(dataset, learned.labels, rows)
    arrays = {
        **index.save(),
        **Vocabulary.build(learned.bank, index.categories, teacher).save(),
        **TeacherTargets.save(teacher.anchors()),
    }
    np.savez(folder / INDEX, allow_pickle=False, **arrays)
    record = {"key": key, "format": FORMAT, "data": dataset.folder.name, "teacher": teacher.name}
    write_atomic(folder / RECORD, json.dumps(record, indent=1))
    for marker in (folder / "done").iterdir():
        marker.unlink()
    (folder / "done").rmdir()
