"""The image student, whose weights other students may begin with.

Images are many, where thermal pictures, events and sounds are few. So the network of these students
first learns from all training images to give the adapted teacher's embeddings, with the terms of
CAD, of images whose colours are gone or reversed. Its backbone and head are handed on: a student
then begins with the appearance of objects of these classes and with the projection into the shared
space, not with ImageNet's. This is distillation across modalities in two steps, teacher to image
student to student (after Gupta, Hoffman and Malik, arXiv 1507.00448, who copy the layers of the
rich modality's network).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.checkpoints import copied
from omnibind_ros.learning.config import LossConfig, TrainingConfig, TrainingError
from omnibind_ros.learning.loop import Loss, Plan, Task, parameter_groups, train, warmup_cosine
from omnibind_ros.learning.metrics import accuracy
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.shared import compute_once
from omnibind_ros.learning.students.image import INPUT, augment, build
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.label_bank import LabelBank

from .embeddings import embed
from .losses import Objective
from .selection import Ints, class_numbers

CLIP = 5.0
"""Largest norm of the gradients."""

DROPOUT = 0.2
"""Share of features that training drops."""


@dataclass(frozen=True)
class ImageStudent:
    """A trained image student.

    Attributes:
        state: Weights of its backbone and head, as `PictureStudent.load_image_student` takes them.
        metrics: `training_samples`, and the accuracy (0 to 1) on images of validation and test:
            `validation_samples`, `validation_objects` and so on.
    """

    state: dict[str, Any]
    metrics: dict[str, float]


def train_image_student(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    targets: Floats,
    shared: Path,
    device: torch.device | str = "cpu",
    progress: Progress = no_progress,
) -> ImageStudent:
    """Train the image student on all training images, or read what was trained before.

    It takes minutes, so that an interrupted one begins again.

    Args:
        cache: With the resized images.
        bank: The classes to learn.
        config: Of the run; the image student follows from `image_student`, `adapt`,
            `schedule.mirror`, the seed and the classes left out.
        targets: float32 [n_image, D], the teacher's embeddings that students learn from.
        shared: Folder of results that runs have in common.
        device: Where to train.
        progress: Called with the epochs done and all epochs.

    Raises:
        TrainingError: There are too few images, the loss is not finite, or the stored file is
            damaged.
        OSError: It cannot be stored.
    """
    sections = [asdict(section) for section in (config.image_student, config.adapt)]
    inputs = [cache.key, sections, config.schedule.mirror, config.seed, list(bank.labels)]

    def compute() -> dict[str, Any]:
        found = _train(cache, bank, config, targets, torch.device(device), progress)
        return {"state": found.state, "figures": found.metrics}

    content = compute_once(shared, "image-student", inputs, compute)
    return ImageStudent(content["state"], content["figures"])


def _train(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    targets: Floats,
    device: torch.device,
    progress: Progress,
) -> ImageStudent:
    torch.manual_seed(config.seed)
    task = _ImageTask(cache, bank, config, targets, device)
    own, steps = config.image_student, task.steps
    optimizer = torch.optim.AdamW(parameter_groups(task.model, own.weight_decay), own.learning_rate)
    plan = Plan(
        "the image student",
        own.epochs,
        steps,
        lambda step: warmup_cosine(step, own.epochs * steps, own.learning_rate),
        clip=CLIP,
        advice="look for NaN in the dataset, or lower image_student.learning_rate",
    )
    train(task, task.model, optimizer, plan, progress=lambda done, total, _: progress(done, total))
    state = {
        name: value
        for name, value in copied(task.model).items()
        if name.split(".", maxsplit=1)[0] in ("body", "head")
    }
    return ImageStudent(state, task.metrics())


class _ImageTask(Task[Ints]):
    """The images of a cache, each with its class and the teacher's embedding."""

    def __init__(
        self,
        cache: TensorCache,
        bank: LabelBank,
        config: TrainingConfig,
        targets: Floats,
        device: torch.device,
    ) -> None:
        rows = cache.index.rows["image"]
        self._cache, self._targets, self._device = cache, targets, device
        self._labels, self._splits = class_numbers(cache, bank)[rows], cache.index.splits[rows]
        self._objects = cache.index.objects[rows]
        self._usable = (self._labels >= 0) & (cache.targets.image_quality > 0)
        self._training = np.flatnonzero(self._usable & (self._splits == "train"))
        self._size = min(config.image_student.batch_size, len(self._training))
        if self._size < 2:
            raise TrainingError(
                f"{len(self._training)} usable training images are too few for the image student; "
                "add images, or set schedule.start to teacher"
            )
        self._seed, self._mirror = config.seed, config.schedule.mirror
        self.steps = len(self._training) // self._size
        self.model = build(INPUT, cache.embedding_size, DROPOUT, pretrained=True).to(device)
        self._similarity = ClassSimilarity(bank).to(device)
        self._objective = Objective(LossConfig(), self._similarity)
        self._generator = torch.Generator(device).manual_seed(config.seed)

    def batches(self, epoch: int) -> Iterable[Ints]:
        """Draw the epoch's images; the last ones, too few for a batch, are left out."""
        order = np.random.default_rng([self._seed, epoch, 2]).permutation(self._training)
        for step in range(self.steps):
            yield order[step * self._size : (step + 1) * self._size]

    def loss(self, batch: Ints) -> Loss:
        """Return CAD's loss of images; the text of each is its class's name."""
        labels = torch.from_numpy(self._labels[batch]).to(self._device)
        x = augment(self._pictures(batch), self._generator, self._mirror)
        image = torch.from_numpy(self._targets[batch]).to(self._device)
        names = self._similarity.by_class()[labels, 0]
        value, terms = self._objective(self.model(x), labels, image, names)
        return Loss(value, terms, len(batch))

    def _pictures(self, places: Ints) -> Tensor:
        """Return prepared images at some places, float32 [B, 3, H, W]."""
        pictures = self._cache.targets.pictures[places].astype(np.float32)
        return torch.from_numpy(pictures / 255).to(self._device)

    def metrics(self) -> dict[str, float]:
        """Return the number of training images, and the accuracies of validation and test."""
        metrics = {"training_samples": float(len(self._training))}
        for split in ("validation", "test"):
            places = np.flatnonzero(self._usable & (self._splits == split))
            if len(places):
                found = accuracy(self._correct(places), self._objects[places])
                metrics |= {f"{split}_samples": found.samples, f"{split}_objects": found.objects}
        return metrics

    @torch.no_grad()
    def _correct(self, places: Ints) -> np.ndarray:
        """Return which images at some places get their own class, bool [n]."""
        size = self._cache.embedding_size
        z = embed(self.model.eval(), lambda a, b: self._pictures(places[a:b]), len(places), size)
        best = self._similarity(torch.from_numpy(z).to(self._device)).argmax(1).cpu().numpy()
        return np.asarray(best == self._labels[places])
