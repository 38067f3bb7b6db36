"""A dataset as memory-mapped tensors, prepared once: what students see, and what teachers say."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.building.parallel import run_tasks
from omnibind_ros.datasets.household.class_map import ClassMap
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.files import write_atomic
from omnibind_ros.datasets.storage.manifest import MANIFEST
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.teachers.interface import Anchors, Teacher, load_teacher
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES, Label

from .specs import PICTURE, STUDENT_SPECS
from .task import SENTENCES, CacheTask, Piece
from .windows import sound_windows

FORMAT = 3
CHUNK = 64
"""Samples of a task: what is done again at most, by each process, after an interruption."""

DTYPES = {"points": np.float32}
"""Types of the tensors that float16 is too coarse for: at 8 m its steps are 8 mm."""

RECORD = "cache.json"
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class TensorCache:
    """A dataset's tensors. Rows are in the order of samples; n_m rows have the modality m.

    A sample has one row of a modality, but a long sound has one of each of its windows.

    Attributes:
        folder: Where it lies.
        key: Hash of all that it was made from.
        tensors: By student modality, prepared inputs [n_m, ...], float16 or float32; memory-mapped.
        quality: By student modality and `image`, float32 [n_m]; 0 where a sample is not usable.
        rows: By modality, int64 [n_m], which sample each row is of.
        recorded: By modality, bool [n_m].
        keys: Names of the n samples.
        labels: int64 [n], classes.
        label_names: Names of the classes.
        objects: Ids of the n samples' objects.
        splits: train, validation or test, of each sample.
        categories: What the set that a recording comes from calls it, of each sample; '' where it
            was simulated, or its set's names are the dataset's classes.
        category_bank: Those names, embedded.
        image: float16 [n_image, D], the image teacher's embeddings; memory-mapped.
        features: float16 [n_image, F], what lies before its projection; memory-mapped.
        pictures: uint8 [n_image, 3, PICTURE, PICTURE], RGB, the images themselves, made small;
            memory-mapped.
        text: float16 [n_text, 4, D], of up to four sentences each; memory-mapped.
        text_count: int64 [n_text], how many of them there are.
        bank: The classes' names and synonyms, embedded.
        anchors: What the image teacher can name without text.
        specs: The students' inputs.
        teacher: Name of the teacher.
    """

    folder: Path
    key: str
    tensors: Mapping[str, Array]
    quality: Mapping[str, Array]
    rows: Mapping[str, Array]
    recorded: Mapping[str, Array]
    keys: Array
    labels: Array
    label_names: tuple[str, ...]
    objects: Array
    splits: Array
    categories: Array
    category_bank: LabelBank
    image: Array
    features: Array
    pictures: Array
    text: Array
    text_count: Array
    bank: LabelBank
    anchors: Anchors
    specs: Mapping[str, TensorSpec]
    teacher: str

    @property
    def embedding_size(self) -> int:
        """Values of an embedding, D."""
        return int(self.bank.prototypes.shape[1])

    @classmethod
    def open(cls, folder: Path) -> TensorCache:
        """Open a cache.

        Args:
            folder: Where `build_cache` made it.

        Raises:
            TrainingError: There is none that is whole.
        """
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            with np.load(folder / "index.npz", allow_pickle=False) as file:
                index = {name: file[name] for name in file.files}
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _names()}
        except (OSError, ValueError, EOFError) as error:
            raise TrainingError(
                f"{folder} holds no whole cache of tensors ({error}); remove it, and it is made "
                "again"
            ) from error
        names = tuple(str(name) for name in index["label_names"])
        return cls(
            folder=folder,
            key=record["key"],
            tensors={name: arrays[name] for name in STUDENT_SPECS},
            quality={
                name: np.asarray(arrays[f"{name}-quality"]) for name in (*STUDENT_SPECS, "image")
            },
            rows={name: index[f"rows-{name}"] for name in _MODALITIES},
            recorded={name: index[f"recorded-{name}"] for name in _MODALITIES},
            keys=index["keys"],
            labels=index["labels"],
            label_names=names,
            objects=index["objects"],
            splits=index["splits"],
            categories=index["categories"],
            category_bank=_category_bank(index["categories"], index["category-prototypes"]),
            image=arrays["image"],
            features=arrays["image-features"],
            pictures=arrays["image-pictures"],
            text=arrays["text"],
            text_count=np.asarray(arrays["text-count"]),
            bank=LabelBank(names, index["prototypes"], index["owner"]),
            anchors=Anchors(index["anchor-directions"], index["anchor-values"]),
            specs=STUDENT_SPECS,
            teacher=record["teacher"],
        )


_MODALITIES = ("image", "text", *STUDENT_SPECS)


def _names() -> list[str]:
    students = [name for m in STUDENT_SPECS for name in (m, f"{m}-quality")]
    images = ["image", "image-quality", "image-features", "image-pictures"]
    return [*students, *images, "text", "text-count"]


def _key(dataset: Dataset, teacher: Teacher, labels: list[Label]) -> str:
    manifest = (dataset.folder / MANIFEST).read_bytes()
    specs = {name: asdict(spec) for name, spec in STUDENT_SPECS.items()}
    facts = [FORMAT, specs, teacher.key, [asdict(label) for label in labels], TEMPLATES]
    return hashlib.sha256(manifest + json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _category_bank(categories: Array, prototypes: Array) -> LabelBank:
    names = tuple(str(name) for name in np.unique(categories) if name)
    return LabelBank(names, prototypes, np.arange(len(names)))


def class_labels(dataset: Dataset) -> list[Label]:
    """Return the labels of a dataset's classes, with the synonyms that are known of them."""
    known = ClassMap.load().classes
    return [Label(name, known[name].synonyms if name in known else ()) for name in dataset.labels]


def build_cache(
    data: Path,
    where: Path,
    teacher: str = "teacher",
    workers: int = 1,
    progress: Progress = no_progress,
) -> TensorCache:
    """Prepare a dataset's tensors, or open them where they are there already.

    Interrupted, it goes on with what is missing.

    Args:
        data: The dataset's folder.
        where: Folder of caches; each has its own folder in it, named by its key.
        teacher: As `load_teacher` takes it.
        workers: Processes.
        progress: Told (samples done, samples to do), now and then.

    Returns:
        The cache.

    Raises:
        DatasetError: There is no dataset that is whole, or a worker died.
        TrainingError: There is no such teacher.
        BundleError: The teacher's bundle is broken.
    """
    dataset = Dataset.open(data)
    labels = class_labels(dataset)
    loaded = load_teacher(teacher)
    key = _key(dataset, loaded, labels)
    folder = where / key[:16]
    folder.mkdir(parents=True, exist_ok=True)
    # Of several processes that train together the first prepares, and the others wait for it.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / RECORD).is_file():
            _prepare(folder, dataset, loaded, labels, teacher, key, workers, progress)
    return TensorCache.open(folder)


def recorded_names(dataset: Dataset) -> Array:
    """Return what the set that a recording comes from calls it, by sample; '' for all others."""
    names = np.full(len(dataset), "", "<U200")
    there = np.any([dataset.recorded(m) for m in _MODALITIES], axis=0)
    for index in np.flatnonzero(there):
        names[index] = str(dataset[int(index)].meta.get("name", ""))
    return names.astype(np.str_)


def _prepare(
    folder: Path,
    dataset: Dataset,
    loaded: Teacher,
    labels: list[Label],
    teacher: str,
    key: str,
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    (folder / "done").mkdir(exist_ok=True)
    bank = LabelBank.build(labels, TEMPLATES, loaded)
    rows = {name: np.flatnonzero(dataset.has(name)) for name in _MODALITIES}
    rows["audio"], windows = sound_windows(dataset, rows["audio"], STUDENT_SPECS["audio"])
    shapes = _shapes(loaded, rows, bank)
    for name, (shape, dtype) in shapes.items():
        _allocate(folder / f"{name}.npy", shape, dtype)
    pieces = [
        Piece(modality, start, min(start + CHUNK, len(rows[modality])))
        for modality in _MODALITIES
        for start in range(0, len(rows[modality]), CHUNK)
    ]
    todo = [n for n, piece in enumerate(pieces) if not (folder / "done" / piece.name).exists()]
    ready = sum(piece.samples for piece in pieces) - sum(pieces[n].samples for n in todo)
    total = sum(piece.samples for piece in pieces)
    task = CacheTask(folder, dataset, rows, windows, tuple(pieces), teacher)
    run_tasks(task, todo, workers, lambda steps: progress(ready + steps, total))
    progress(total, total)
    _finish(folder, dataset, rows, bank, loaded, key)


def _shapes(
    teacher: Teacher, rows: Mapping[str, Array], bank: LabelBank
) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Return shape and dtype of each file."""
    size = bank.prototypes.shape[1]
    blank = teacher.embed_images([np.zeros((64, 64, 3), np.uint8)])
    images, texts = len(rows["image"]), len(rows["text"])
    shapes: dict[str, tuple[tuple[int, ...], Any]] = {
        "image": ((images, size), np.float16),
        "image-quality": ((images,), np.float32),
        "image-features": ((images, blank.features.shape[1]), np.float16),
        "image-pictures": ((images, 3, PICTURE, PICTURE), np.uint8),
        "text": ((texts, SENTENCES, size), np.float16),
        "text-count": ((texts,), np.int64),
    }
    for name, spec in STUDENT_SPECS.items():
        shape = (len(rows[name]), *spec.shape[1:])
        shapes[name] = (shape, DTYPES.get(name, np.float16))
        shapes[f"{name}-quality"] = ((len(rows[name]),), np.float32)
    return shapes


def _allocate(path: Path, shape: tuple[int, ...], dtype: Any) -> None:
    """Make a file of zeros, unless it is there from an interrupted run."""
    if path.is_file():
        return
    if 0 in shape:
        np.save(path, np.zeros(shape, dtype))  # a file of no length cannot be mapped
        return
    temporary = path.with_suffix(".tmp")
    np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape).flush()
    temporary.replace(path)


def _finish(
    folder: Path,
    dataset: Dataset,
    rows: Mapping[str, Array],
    bank: LabelBank,
    teacher: Teacher,
    key: str,
) -> None:
    number = {label: index for index, label in enumerate(dataset.labels)}
    anchors = teacher.anchors()
    recorded = {m: dataset.recorded(m)[rows[m]] for m in _MODALITIES}
    categories = recorded_names(dataset)
    names = [str(name) for name in np.unique(categories) if name]
    prototypes = np.zeros((0, bank.prototypes.shape[1]), np.float32)
    if names:
        prototypes = LabelBank.build([Label(name) for name in names], TEMPLATES, teacher).prototypes
    np.savez(
        folder / "index.npz",
        allow_pickle=False,
        keys=dataset.column("key").astype(np.str_),
        labels=np.array([number[label] for label in dataset.column("label")], np.int64),
        label_names=np.array(dataset.labels, np.str_),
        objects=dataset.column("object_id").astype(np.str_),
        splits=dataset.column("split").astype(np.str_),
        categories=categories,
        **{"category-prototypes": prototypes},
        prototypes=bank.prototypes,
        owner=bank.owner,
        **{"anchor-directions": anchors.directions, "anchor-values": anchors.values},
        **{f"rows-{m}": rows[m] for m in _MODALITIES},
        **{f"recorded-{m}": values for m, values in recorded.items()},
    )
    record = {"key": key, "format": FORMAT, "data": dataset.folder.name, "teacher": teacher.name}
    write_atomic(folder / RECORD, json.dumps(record, indent=1))
    for marker in (folder / "done").iterdir():
        marker.unlink()
    (folder / "done").rmdir()
