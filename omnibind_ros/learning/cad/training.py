"""Cross-modal Alignment Distillation (CAD), from the dataset's tensors to the loss of a batch.

`train_students` trains the students of a run: the image teacher is adapted
(teachers/adaptation.py), the image student is trained (image_student.py), and then each student, a
`StudentTask` of the training loop (learning/loop.py). Batches are in batches.py, the loss is in
losses.py, the networks and the variations of their inputs are in learning/students/MODALITY.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from omnibind_ros.arrays import Floats
from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.curves import Curves
from omnibind_ros.learning.devices import make_fabric
from omnibind_ros.learning.loop import (
    Loss,
    Plan,
    Task,
    Validation,
    in_any_process,
    parameter_groups,
    train,
    warmup_cosine,
)
from omnibind_ros.learning.memory import keep_freed_memory
from omnibind_ros.learning.metrics import accuracy, by_object
from omnibind_ros.learning.progress import NamedProgress, no_named_progress, progress_bars
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.students.files import save_student
from omnibind_ros.learning.students.initialisation import build_initialised
from omnibind_ros.learning.students.registry import student_module
from omnibind_ros.learning.tensors.cache import TensorCache, build_cache
from omnibind_ros.recognition.label_bank import LabelBank

from .batches import StudentBatch, StudentData
from .checks import check_modalities
from .embeddings import embed, write_embeddings
from .image_student import ImageStudent, train_image_student
from .losses import Objective
from .run_folder import open_run, record_cache
from .sampler import EpochSampler
from .selection import class_bank
from .summary import accuracies, summary
from .teacher import adapt_for_run

TOLERATED = 0.1
"""Share of an epoch's samples that may be without a finite loss before the training ends."""


def run_command(options: argparse.Namespace) -> int:
    """Run `omnibind train students`."""
    place = record_cache(options.out, options.cache)
    try:
        with progress_bars() as progress:
            with chosen_workers(options.workers, options.dask, place) as workers:
                cache = build_cache(
                    options.data,
                    place,
                    options.config.teacher,
                    workers,
                    lambda done, total: progress("tensors", done, total, {}),
                    options.config.labels,
                )
            metrics = train_students(cache, options.out, options.config, options.resume, progress)
    except KeyboardInterrupt:
        print("interrupted: the same command with --resume goes on", file=sys.stderr)
        raise
    for modality, found in metrics.items():
        print(f"{modality}: {summary(found)}")
    print(f"trained {options.out}")
    return 0


def train_students(
    cache: TensorCache,
    out: Path,
    config: TrainingConfig,
    resume: bool = False,
    progress: NamedProgress = no_named_progress,
    *,
    with_embeddings: bool = True,
    shared: Path | None = None,
) -> dict[str, dict[str, float]]:
    """Train the students that a configuration names.

    Writes out/config.yaml, curves.csv, curves.png, teacher.pt and teacher.json (the adapted image
    teacher), image_student.json, students/MODALITY.pt, students/MODALITY.test.json (of each test
    object: correct answers and samples) and embeddings.npz. Checkpoints are in out/checkpoints
    until the run is complete.

    Args:
        cache: The dataset's tensors.
        out: The run's folder.
        config: How.
        resume: Whether an interrupted run in `out` is continued.
        progress: Called after each epoch.
        with_embeddings: Whether embeddings.npz is written.
        shared: Folder of the adapted teacher and the image student for other runs that have them in
            common; None: out/checkpoints.

    Returns:
        The metrics of each student by modality.

    Raises:
        TrainingError: Something is missing or wrong, or too many losses are not finite.
        OSError: `out` cannot be written.
    """
    keep_freed_memory()
    fabric = make_fabric(config)
    bank = class_bank(cache, config.left_out)
    check_modalities(cache, bank, config)
    if fabric.is_global_zero:
        open_run(out, config, resume)
    fabric.barrier()
    shared = shared or out / "checkpoints"
    teacher = adapt_for_run(cache, bank, config, out, shared, fabric, progress)
    image_student: ImageStudent | None = None
    if any(config.initialisation(m) == "image" for m in config.modalities):
        image_student = train_image_student(
            cache,
            bank,
            config,
            teacher.targets,
            shared,
            fabric.device,
            lambda done, total: progress("image student", done, total, {}),
        )
        if fabric.is_global_zero:
            write_atomic(out / "image_student.json", json.dumps(image_student.metrics, indent=1))
    curves = Curves(out / "curves.csv")
    metrics = {}
    for modality in config.modalities:
        path, key = out / "students" / f"{modality}.pt", f"{config.key(modality)}-{cache.key}"
        if path.is_file():  # a run that is continued has trained it already
            content = checkpoints.load(path)
            checkpoints.check_key(path, content, key)
            metrics[modality] = dict(content["metrics"])
            continue
        state = image_student.state if image_student else None
        task = StudentTask(cache, modality, bank, config, teacher.targets, state, fabric, curves)
        metrics[modality] = _train_student(task, out, key, progress)
        fabric.barrier()
    if fabric.is_global_zero:
        curves.plot(out / "curves.png")
        if with_embeddings:
            write_embeddings(cache, out, teacher.image, config.modalities)
        for path in (out / "checkpoints").iterdir():
            path.unlink()
    fabric.barrier()
    return metrics


def _train_student(
    task: StudentTask, out: Path, key: str, progress: NamedProgress
) -> dict[str, float]:
    """Train one student, or continue from its checkpoint; write it, and return its metrics."""
    schedule, modality = task.schedule, task.modality
    steps = len(task.loader)
    plan = Plan(
        modality,
        schedule.epochs,
        steps,
        lambda step: warmup_cosine(
            step, schedule.epochs * steps, schedule.learning_rate, schedule.warmup
        ),
        clip=schedule.clip,
        validate_every=schedule.validate_every,
        tolerated=TOLERATED,
        advice="look for NaN in the dataset, or lower schedule.learning_rate",
    )
    best = train(
        task,
        task.network,
        task.optimizer,
        plan,
        fabric=task.fabric,
        checkpoint=checkpoints.Checkpoint(out / "checkpoints" / f"{modality}.pt", key),
        progress=lambda done, total, metrics: progress(modality, done, total, metrics),
    )
    metrics = {"best_epoch": float(best.epoch)}
    outcomes: dict[str, list[int]] = {}
    for name, part in (("validation", task.validation), ("test", task.test)):
        if len(part):
            correct = task.correct(part)
            metrics |= accuracies(name, correct, part)
            outcomes = by_object(correct, part.objects)
    metrics["training_samples"] = float(len(task.training))
    if task.fabric.is_global_zero:
        spec, size = task.cache.inputs.specs[modality], task.cache.embedding_size
        path = out / "students" / f"{modality}.pt"
        if len(task.test):
            write_atomic(path.with_suffix(".test.json"), json.dumps(outcomes) + "\n")
        save_student(path, modality, task.network, spec, size, key, metrics, schedule.architecture)
    return metrics


class StudentTask(Task[StudentBatch]):
    """What one student is trained on: its samples, its network and its loss."""

    def __init__(
        self,
        cache: TensorCache,
        modality: str,
        bank: LabelBank,
        config: TrainingConfig,
        targets: Floats,
        image_student: Mapping[str, Any] | None,
        fabric: Fabric,
        curves: Curves,
    ) -> None:
        """Choose the samples, and build the network.

        Args:
            cache: The dataset's tensors.
            modality: The student's.
            bank: The classes to learn.
            config: How.
            targets: float32 [n_image, D], the teacher's embeddings that students learn from.
            image_student: Weights of the image student, if there is one.
            fabric: Runs the training.
            curves: Gets a row an epoch.

        Raises:
            TrainingError: The network cannot be built or initialised as configured.
        """
        self.cache, self.modality, self.fabric, self.curves = cache, modality, fabric, curves
        loss, self.schedule = config.of(modality)
        self.seed = config.seed
        self.training, self.validation, self.test = (
            StudentData(cache, modality, split, bank, config, targets)
            for split in ("train", "validation", "test")
        )
        names = self.training.category_bank
        categories = ClassSimilarity(names).to(fabric.device) if names is not None else None
        self.similarity = ClassSimilarity(bank).to(fabric.device)
        self.objective = Objective(loss, self.similarity, categories)
        self.sampler = EpochSampler(
            self.training.labels,
            self.schedule.balance,
            config.seed,
            self.training.recorded,
            self.schedule.recorded,
        )
        size = min(self.schedule.batch_size, max(len(self.training) // fabric.world_size, 2))
        loader = DataLoader(
            self.training, size, sampler=self.sampler, drop_last=True, collate_fn=_uncollated
        )
        self.loader: Any = fabric.setup_dataloaders(loader)
        self.augment = student_module(modality).augment
        torch.manual_seed(config.seed)
        self.network = build_initialised(
            modality, cache.inputs.specs[modality], cache.embedding_size, config, image_student
        )
        optimizer = torch.optim.AdamW(
            parameter_groups(self.network, self.schedule.weight_decay), self.schedule.learning_rate
        )
        self.model, self.optimizer = fabric.setup(self.network, optimizer)
        self._began = self._first_layers() if self.schedule.near else []

    def batches(self, epoch: int) -> Iterable[StudentBatch]:
        """Draw the epoch's batches; all random numbers follow from seed, epoch and rank."""
        rank = self.fabric.global_rank
        seed = (self.seed * 100_003 + epoch) * 1009 + rank
        torch.manual_seed(seed)
        self.generator = torch.Generator(self.fabric.device).manual_seed(seed)
        self.training.start_epoch(epoch, rank)
        self.sampler.epoch = epoch
        yield from self.loader

    def loss(self, batch: StudentBatch) -> Loss:
        """Return the loss of those samples of a batch that hold finite values."""
        usable = batch.finite()
        samples, unusable = len(batch.labels), len(batch.labels) - len(usable.labels)
        # Batch normalisation needs two samples; all processes skip together, or one would wait.
        if in_any_process(self.fabric, len(usable.labels) < 2):
            return Loss(None, {}, samples, unusable)
        x = usable.x
        if self.schedule.augment:
            x = self.augment(x, self.generator, self.schedule.mirror)
        value, terms = self.objective(
            self.model(x), usable.labels, usable.image, usable.text, usable.categories
        )
        if self._began:
            apart = [(now - began).square().sum() for now, began in self._began]
            value = value + 0.5 * self.schedule.near * torch.stack(apart).sum()
        return Loss(value, terms, samples, unusable)

    def _first_layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the parameters of the first layers, each with the values that it begins with.

        Raises:
            TrainingError: The network has no layers of the image teacher.
        """
        body = getattr(self.network, "body", None)
        if not isinstance(body, nn.Module):
            raise TrainingError(
                f"the {self.modality} student has no layers of the image teacher to stay near; set "
                f"overrides.{self.modality}.near to 0, or choose another architecture"
            )
        return [(each, each.detach().clone()) for each in body.parameters()]

    def validate(self) -> Validation | None:
        """Return the accuracy on validation objects, which chooses the best state."""
        if not len(self.validation):
            return None
        found = accuracy(self.correct(self.validation), self.validation.objects)
        metrics = {"validation_samples": found.samples, "validation_objects": found.objects}
        return Validation(found.objects, metrics)

    def record(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Add a row to the curves, in place of those that an interrupted run left."""
        self.curves.cut(self.modality, epoch)
        self.curves.add(modality=self.modality, epoch=epoch, **metrics)

    def correct(self, part: StudentData) -> npt.NDArray[np.bool_]:
        """Return which samples of a split get their own class, bool [n]."""
        self.network.eval()
        z = embed(self.network, part.inputs, len(part), self.cache.embedding_size)
        with torch.no_grad():
            similarity = self.similarity(torch.from_numpy(z).to(self.fabric.device))
        return np.asarray(similarity.argmax(1).cpu().numpy() == part.labels)


def _uncollated(batch: StudentBatch) -> StudentBatch:
    """Return a batch as the dataset made it."""
    return batch
