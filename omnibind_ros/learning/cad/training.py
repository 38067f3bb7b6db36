"""Trains the students of a bundle: stage zero, then one student after another."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor

from omnibind_ros.datasets.storage.files import atomic_file, write_atomic
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingConfig, TrainingError, read_config
from omnibind_ros.learning.curves import Curves
from omnibind_ros.learning.memory import keep_freed_memory
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.shared import kept_or_made
from omnibind_ros.learning.teachers.adaptation import Adaptation, adapt
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.windows import best_rows
from omnibind_ros.recognition.label_bank import LabelBank

from .batches import StudentData, check_samples, class_bank, class_numbers
from .image_student import ImageStudent, image_student
from .student_trainer import StudentTrainer, encode

_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int, Mapping[str, float]], None]
"""(what is trained, epochs done, epochs, figures of the last one) -> nothing."""


def _silent(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
    """Say nothing."""


def make_fabric(config: TrainingConfig) -> Fabric:
    """Return what runs the training, on the devices and in the precision that are configured.

    Raises:
        TrainingError: The machine does not have them.
    """
    precision: Any = config.precision
    if precision == "auto":
        gpu = torch.cuda.is_available() and config.accelerator in ("auto", "gpu", "cuda")
        half = "bf16-mixed" if gpu and torch.cuda.is_bf16_supported() else "16-mixed"
        precision = half if gpu else "32-true"
    try:
        fabric = Fabric(
            accelerator=config.accelerator, devices=config.devices, num_nodes=config.nodes,
            precision=precision,
        )  # fmt: skip
    except Exception as error:
        raise TrainingError(
            f"the accelerator {config.accelerator} with {config.devices} devices and precision "
            f"{precision} cannot be had ({' '.join(str(error).split())[:160]}); change "
            "accelerator, devices or precision"
        ) from error
    fabric.launch()
    return fabric


def train_students(
    cache: TensorCache,
    out: Path,
    config: TrainingConfig,
    resume: bool = False,
    progress: Progress = _silent,
    *,
    embed: bool = True,
    shared: Path | None = None,
) -> dict[str, dict[str, float]]:
    """Train the students that a configuration names.

    Writes out/config.yaml, curves.csv, curves.png, teacher.pt and teacher.json (stage zero),
    image_student.json, students/MODALITY.pt and embeddings.npz; checkpoints lie in out/checkpoints
    until all is done.

    Args:
        cache: The dataset's tensors.
        out: The run's folder.
        config: How.
        resume: Go on with what an interrupted run left in `out`.
        progress: Told after each epoch.
        embed: Whether embeddings.npz is written.
        shared: Folder where stage zero and the image student are kept for other runs that have
            them in common.

    Returns:
        By modality, what `students/MODALITY.pt` says was measured.

    Raises:
        TrainingError: Something is missing or wrong, or the loss is no number.
        OSError: `out` cannot be written.
    """
    keep_freed_memory()
    fabric = make_fabric(config)
    bank = class_bank(cache, config.left_out)
    _check_modalities(cache, bank, config)
    if fabric.is_global_zero:
        _enter(out, config, resume)
    fabric.barrier()
    shared = shared or out / "checkpoints"
    teacher = _stage_zero(cache, bank, config, out, fabric, progress, shared)
    begin: ImageStudent | None = None
    if any(config.start(m) == "image" for m in config.modalities):
        begin = _image_student(cache, bank, config, teacher, out, fabric, progress, shared)
    curves = Curves(out / "curves.csv")
    measured = {}
    for modality in config.modalities:
        as_image = begin.state if begin and config.start(modality) == "image" else None
        trainer = StudentTrainer(
            cache, modality, bank, config, teacher.taught, fabric, out, as_image
        )
        measured[modality] = trainer.train(curves, progress)
        fabric.barrier()
    if fabric.is_global_zero:
        curves.plot(out / "curves.png")
        if embed:
            write_embeddings(cache, out, teacher.image, config.modalities)
        for path in (out / "checkpoints").iterdir():
            path.unlink()
    fabric.barrier()
    return measured


def _check_modalities(cache: TensorCache, bank: LabelBank, config: TrainingConfig) -> None:
    """Find what is missing before hours are spent."""
    image = np.zeros((len(cache.image), cache.embedding_size), np.float32)
    for modality in config.modalities:
        train = StudentData(cache, modality, "train", bank, config, image)
        check_samples(train, bank, config.of(modality)[0].objective != "cross_entropy")


def _enter(out: Path, config: TrainingConfig, resume: bool) -> None:
    """Take a folder for a run, or take up the run that is in it."""
    path = out / "config.yaml"
    if path.is_file():
        if not resume:
            raise TrainingError(
                f"{out} holds a training run; add --resume to go on with it, or give another "
                "folder for --out"
            )
        if (before := read_config(path)) != config:
            changed = [name for name in vars(config) if vars(config)[name] != vars(before)[name]]
            raise TrainingError(
                f"the run in {out} has another configuration ({', '.join(changed)} differ); go on "
                f"with {path}, or give another folder for --out"
            )
    for folder in (out / "students", out / "checkpoints"):
        folder.mkdir(parents=True, exist_ok=True)
    config.write(path)


def _stage_zero(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    out: Path,
    fabric: Fabric,
    progress: Progress,
    shared: Path,
) -> Adaptation:
    """Adapt the image teacher: a minute, so that an interrupted one begins again."""

    def made() -> dict[str, Any]:
        return adapt(
            cache, ClassSimilarity(bank), class_numbers(cache, bank), config.adapt, config.seed,
            lambda done, total: progress("teacher", done, total, {}),
        ).packed()  # fmt: skip

    facts = [cache.key, asdict(config.adapt), config.seed, list(bank.labels)]
    adapted = Adaptation.unpacked(kept_or_made(shared, "teacher", facts, made))
    if fabric.is_global_zero:
        checkpoints.save(
            out / "teacher.pt",
            {"key": cache.key, "teacher": cache.teacher, "state": adapted.projection.state_dict()},
        )
        write_atomic(out / "teacher.json", json.dumps(adapted.figures(), indent=1))
    return adapted


def _image_student(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    teacher: Adaptation,
    out: Path,
    fabric: Fabric,
    progress: Progress,
    shared: Path,
) -> ImageStudent:
    """Train what others begin as: minutes, so that an interrupted one begins again."""
    found = image_student(
        cache, bank, config, teacher.taught, shared, fabric.device,
        lambda done, total: progress("image student", done, total, {}),
    )  # fmt: skip
    if fabric.is_global_zero:
        write_atomic(out / "image_student.json", json.dumps(found.figures, indent=1))
    return found


def write_embeddings(
    cache: TensorCache, out: Path, image: npt.NDArray[np.float32], modalities: list[str]
) -> None:
    """Embed every sample of the dataset with the trained students.

    Writes out/embeddings.npz: of each modality (image with the adapted teacher and text included)
    MODALITY (float16 [n_m, D]), MODALITY-rows (sample of each; of a long sound, its best window)
    and MODALITY-quality; and of the n samples labels, objects and splits; and label_names, and the
    label bank's prototypes and owner.

    Args:
        cache: The dataset's tensors.
        out: The run's folder.
        image: float32 [n_image, D], the adapted teacher's embeddings.
        modalities: Of the students.

    Raises:
        TrainingError: A student is missing.
        OSError: The file cannot be written.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "labels": cache.labels,
        "label_names": np.array(cache.label_names, np.str_),
        "prototypes": cache.bank.prototypes,
        "owner": cache.bank.owner,
        "objects": cache.objects,
        "splits": cache.splits,
        "image": image.astype(np.float16),
        "image-rows": cache.rows["image"],
        "image-quality": cache.quality["image"],
    }
    heard = cache.text_count > 0
    arrays |= {
        "text": np.array(cache.text[heard, 0]),
        "text-rows": cache.rows["text"][heard],
        "text-quality": np.ones(int(heard.sum()), np.float32),
    }
    for modality in modalities:
        model, _, _ = checkpoints.load_student(out / "students" / f"{modality}.pt")
        x, quality = cache.tensors[modality], cache.quality[modality]
        place = best_rows(cache.rows[modality], quality)

        def part(
            start: int, stop: int, x: npt.NDArray[np.generic] = x,
            place: npt.NDArray[np.int64] = place,
        ) -> Tensor:  # fmt: skip
            return torch.from_numpy(x[place[start:stop]].astype(np.float32))

        arrays[modality] = encode(model, part, len(place), cache.embedding_size).astype(np.float16)
        arrays[f"{modality}-rows"] = cache.rows[modality][place]
        arrays[f"{modality}-quality"] = quality[place]
    with atomic_file(out / "embeddings.npz") as file:
        np.savez(file, allow_pickle=False, **arrays)
