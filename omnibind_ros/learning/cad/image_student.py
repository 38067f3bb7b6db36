"""The image student: what students of pictures begin as.

Images are many, where thermal pictures, events and sounds are few. So the small network of these
students first learns from all training images to say what the adapted teacher says, with the terms
of CAD, of images whose colours are gone or reversed. It hands on layers and head: a student then
begins with what things of these classes look like and with the way into the shared space, not with
what ImageNet's look like. This is distillation across modalities in two steps, teacher to image
student to student (after Gupta, Hoffman and Malik, arXiv 1507.00448, who copy the layers of the
rich modality's network).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning import loop
from omnibind_ros.learning.checkpoints import copied
from omnibind_ros.learning.config import LossConfig, TrainingConfig, TrainingError
from omnibind_ros.learning.loop import Plan, parameter_groups, warmup_cosine
from omnibind_ros.learning.metrics import accuracy
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.shared import kept_or_made
from omnibind_ros.learning.students.augmentation import augment_picture
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.specs import PICTURE
from omnibind_ros.progress import Progress, no_progress
from omnibind_ros.recognition.label_bank import LabelBank

from .batches import class_numbers
from .losses import Objective
from .student_trainer import encode

SPEC = TensorSpec("image", (1, 3, PICTURE, PICTURE), "float32", "NCHW", "RGB, 0..1")


@dataclass(frozen=True)
class ImageStudent:
    """A trained image student.

    Attributes:
        state: Weights of its body and head, as `PictureStudent.begin_as` takes them.
        figures: Accuracy (0..1) on images of validation and test: `validation_samples`,
            `validation_objects` and so on.
    """

    state: dict[str, Any]
    figures: dict[str, float]


def image_student(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    taught: npt.NDArray[np.float32],
    where: Path,
    device: torch.device | str = "cpu",
    progress: Progress = no_progress,
) -> ImageStudent:
    """Train the image student on all training images, or read what was trained before.

    Args:
        cache: With the small images.
        bank: The classes to learn.
        config: Of the run; of it count `image_student`, `adapt`, `schedule.mirror`, the seed and
            the classes left out.
        taught: float32 [n_image, D], the teacher's embeddings that students learn from.
        where: Folder of what runs have in common.
        device: Where to train.
        progress: Told (epochs done, epochs).

    Raises:
        TrainingError: There are too few images, or the kept file is damaged.
        OSError: It cannot be kept.
    """
    part = [asdict(part) for part in (config.image_student, config.adapt)]
    facts = [cache.key, part, config.schedule.mirror, config.seed, list(bank.labels)]

    def make() -> dict[str, Any]:
        found = _train(cache, bank, config, taught, torch.device(device), progress)
        return {"state": found.state, "figures": found.figures}

    said = kept_or_made(where, "image-student", facts, make)
    return ImageStudent(said["state"], said["figures"])


def _train(
    cache: TensorCache,
    bank: LabelBank,
    config: TrainingConfig,
    taught: npt.NDArray[np.float32],
    device: torch.device,
    progress: Callable[[int, int], None],
) -> ImageStudent:
    rows = cache.rows["image"]
    labels, splits = class_numbers(cache, bank)[rows], cache.splits[rows]
    usable = (labels >= 0) & (cache.quality["image"] > 0)
    train = np.flatnonzero(usable & (splits == "train"))
    own = config.image_student
    size = min(own.batch_size, len(train))
    if size < 2:
        raise TrainingError(
            f"{len(train)} usable training images are too few for the image student; add images, "
            "or set schedule.start to teacher"
        )
    torch.manual_seed(config.seed)
    model = PictureStudent(SPEC, cache.embedding_size, 0.2, taught=True).to(device)
    objective = Objective(LossConfig(), ClassSimilarity(bank).to(device))
    optimizer = torch.optim.AdamW(parameter_groups(model, own.weight_decay), own.learning_rate)
    steps = len(train) // size
    plan = Plan(
        "the image student",
        own.epochs,
        steps,
        lambda step: warmup_cosine(step, own.epochs * steps, own.learning_rate),
        clip=5.0,
        advice="look for NaN in the dataset, or lower image_student.learning_rate",
    )
    task = _Images(cache, train, labels, taught, model, objective, size, config, device)
    loop.train(task, model, optimizer, plan, progress=lambda done, total, _: progress(done, total))
    figures: dict[str, float] = {"training_samples": float(len(train))}
    for split in ("validation", "test"):
        places = np.flatnonzero(usable & (splits == split))
        if len(places):
            right = _right(model, objective.bank, cache, places, labels, device)
            found = accuracy(right, cache.objects[rows[places]])
            figures |= {f"{split}_samples": found.samples, f"{split}_objects": found.objects}
    return ImageStudent({n: v for n, v in copied(model).items() if _handed_on(n)}, figures)


class _Images(loop.Task[npt.NDArray[np.int64]]):
    """Training images, each with its class and what the teacher says of it."""

    def __init__(
        self,
        cache: TensorCache,
        places: npt.NDArray[np.int64],
        labels: npt.NDArray[np.int64],
        taught: npt.NDArray[np.float32],
        model: PictureStudent,
        objective: Objective,
        size: int,
        config: TrainingConfig,
        device: torch.device,
    ) -> None:
        self._cache, self._places, self._labels, self._taught = cache, places, labels, taught
        self._model, self._objective, self._size, self._config = model, objective, size, config
        self._device = device
        self._generator = torch.Generator(device).manual_seed(config.seed)

    def batches(self, epoch: int) -> Iterable[npt.NDArray[np.int64]]:
        order = np.random.default_rng([self._config.seed, epoch, 2]).permutation(self._places)
        for start in range(0, len(order) - self._size + 1, self._size):
            yield order[start : start + self._size]

    def loss(self, batch: npt.NDArray[np.int64]) -> loop.Loss:
        y = torch.from_numpy(self._labels[batch]).to(self._device)
        x = augment_picture(
            _pictures(self._cache, batch, self._device),
            self._generator,
            self._config.schedule.mirror,
        )
        image = torch.from_numpy(self._taught[batch]).to(self._device)
        names = self._objective.bank.by_class()[y, 0]
        value, terms = self._objective(self._model(x), y, image, names)
        return loop.Loss(value, terms, len(batch))


def _handed_on(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in ("body", "head")


def _pictures(cache: TensorCache, places: npt.NDArray[np.int64], device: torch.device) -> Tensor:
    return torch.from_numpy(cache.pictures[places].astype(np.float32) / 255).to(device)


@torch.no_grad()
def _right(
    model: PictureStudent, bank: ClassSimilarity, cache: TensorCache, places: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64], device: torch.device,
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Return which images at some places are named right."""

    def part(start: int, stop: int) -> Tensor:
        return _pictures(cache, places[start:stop], device)

    z = encode(model.eval(), part, len(places), cache.embedding_size)
    best = bank(torch.from_numpy(z).to(device)).argmax(1).cpu().numpy()
    return np.asarray(best == labels[places])
