"""Trains a student further on the samples of one sensor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from omnibind_ros.learning.checkpoints import Best, Checkpoint
from omnibind_ros.learning.loop import (
    Loss,
    Plan,
    Task,
    Validation,
    parameter_groups,
    train,
    warmup_cosine,
)
from omnibind_ros.learning.students.pair import projections_of, students_of
from omnibind_ros.learning.students.picture import PictureStudent
from omnibind_ros.learning.students.registry import student_module

from .samples import Ints, SensorSamples
from .teaching import AdaptationLoss, Teaching, batch_of

ENOUGH = 400
"""Training samples from which all layers are trained, if that is better on what is held back. With
300 samples of real sensors it was no better than the projection alone, with 550 1.5 points."""

FIRST_BLOCK = {"last": 8, "all": 0}
"""First block of the backbone that is trained."""


@dataclass(frozen=True)
class AdaptationPlan:
    """How long, and in what steps, a student is adapted.

    Attributes:
        depth: One of `depths.DEPTHS`.
        presentations: Samples that go through the network in training, all epochs together.
        epochs: Least and most epochs.
        batch_size: Samples of a step.
        learning_rate: Highest rate of AdamW.
        weight_decay: Of AdamW.
        clip: Largest norm of the gradients.
        seed: Of all random draws.
    """

    depth: str = "auto"
    presentations: int = 10_000
    epochs: tuple[int, int] = (6, 60)
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    clip: float = 5.0
    seed: int = 0

    def of(self, samples: int) -> AdaptationPlan:
        """Return the plan for a number of training samples, its depth decided."""
        if self.depth != "auto":
            return self
        return replace(self, depth="all" if samples >= ENOUGH else "projection")

    def without_labels(self) -> AdaptationPlan:
        """Return the plan where images alone teach, its depth decided.

        Measured on changed simulated sensors, what was trained deeper or faster was worse on other
        objects than those recorded.
        """
        if self.depth != "auto":
            return self
        return replace(self, depth="projection", learning_rate=self.learning_rate * 0.3)

    def count(self, samples: int) -> int:
        """Return the number of epochs for a number of samples."""
        return int(np.clip(round(self.presentations / max(samples, 1)), *self.epochs))


def train_further(
    network: PictureStudent,
    samples: SensorSamples,
    teaching: Teaching,
    chosen: Ints,
    loss: AdaptationLoss,
    plan: AdaptationPlan,
    score: Callable[[PictureStudent], float] | None,
    *,
    checkpoint: Path | None = None,
    key: str = "",
    progress: Callable[[int, int, Mapping[str, float]], None] = lambda *_: None,
) -> Best:
    """Train a student, and leave it in its best state.

    Args:
        network: The student.
        samples: Of its sensor.
        teaching: What they learn from.
        chosen: Places of the samples that are trained on; those of which nothing is to be learnt
            are left out.
        loss: The loss.
        plan: How.
        score: Measures the network on what is held back, higher is better; None: the last state is
            the best.
        checkpoint: Where the state is written after each epoch, its name lengthened by a part of
            the hash of all that it follows from; None: nowhere.
        key: Hash of everything else that the result follows from.
        progress: Called after each epoch with epochs done, all epochs and the metrics.

    Raises:
        TrainingError: The loss is not finite.
        OSError: The checkpoint cannot be written.
    """
    task = _Adaptation(network, samples, teaching, chosen, loss, plan, score)
    steps = task.steps
    epochs = plan.count(len(task.chosen))
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = parameter_groups(network, plan.weight_decay)
    groups = [g | {"params": [p for p in g["params"] if p.requires_grad]} for g in groups]
    optimizer = torch.optim.AdamW(groups, plan.learning_rate)
    how = Plan(
        f"the {samples.modality} student",
        epochs,
        steps,
        lambda step: warmup_cosine(step, epochs * steps, plan.learning_rate),
        clip=plan.clip,
        tolerated=0.1,
        advice="look for NaN in the recordings",
    )
    full = hashlib.sha256(
        json.dumps([key, asdict(plan), len(task.chosen), len(trained)]).encode()
    ).hexdigest()
    best = train(
        task,
        network,
        optimizer,
        how,
        checkpoint=_checkpoint(checkpoint, full),
        progress=progress,
    )
    network.requires_grad_(requires_grad=True)
    network.eval()
    return best


def _checkpoint(path: Path | None, key: str) -> Checkpoint | None:
    """Return where the state of a training is; one with another key has another file."""
    return Checkpoint(path.with_stem(f"{path.stem}-{key[:12]}"), key) if path is not None else None


class _Adaptation(Task[tuple[Tensor, ...]]):
    """Batches of one sensor's samples, with more of rare labels than there are."""

    def __init__(
        self,
        network: PictureStudent,
        samples: SensorSamples,
        teaching: Teaching,
        chosen: Ints,
        loss: AdaptationLoss,
        plan: AdaptationPlan,
        score: Callable[[PictureStudent], float] | None,
    ) -> None:
        useful = (teaching.sureness > 0) | (teaching.image_weight > 0)
        self.chosen = chosen[useful[chosen]]
        self._network, self._samples, self._teaching = network, samples, teaching
        self._loss, self._plan, self._score = loss, plan, score
        self._augment = student_module(samples.modality).augment
        self._size = min(plan.batch_size, max(len(self.chosen), 2))
        self.steps = max(len(self.chosen) // self._size, 1)
        targets = teaching.targets[self.chosen]
        counts = np.bincount(targets[targets >= 0], minlength=1)
        rate = np.where(targets >= 0, 1 / np.sqrt(np.maximum(counts[np.maximum(targets, 0)], 1)), 0)
        rate[targets < 0] = rate[targets >= 0].mean() if (targets >= 0).any() else 1.0
        self._rate = rate / rate.sum()
        _choose_trained(network, plan.depth)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng([self._plan.seed, epoch])
        torch.manual_seed(self._plan.seed * 100_003 + epoch)
        self._generator = torch.Generator().manual_seed(self._plan.seed * 100_003 + epoch)
        _freeze_statistics(self._network)
        count = self.steps * self._size
        order = rng.choice(self.chosen, count, p=self._rate)
        for start in range(0, count, self._size):
            places = order[start : start + self._size]
            x = torch.from_numpy(self._samples.inputs[places])
            yield (x, *batch_of(self._teaching, places))

    def loss(self, batch: tuple[Tensor, ...]) -> Loss:
        x, *targets = batch
        x = self._augment(x, self._generator)
        value, terms = self._loss(self._network(x), *targets)
        return Loss(value, terms, samples=len(x))

    def validate(self) -> Validation | None:
        if self._score is None:
            return None
        self._network.eval()
        return Validation(self._score(self._network))


def _choose_trained(network: PictureStudent, depth: str) -> None:
    """Let gradients reach the parts of a student that are trained."""
    network.requires_grad_(requires_grad=False)
    for part in projections_of(network):
        part.requires_grad_(requires_grad=True)
    if depth == "projection":
        return
    for student in students_of(network):
        for block in list(student.body.blocks)[FIRST_BLOCK[depth] :]:
            block.requires_grad_(requires_grad=True)
        if depth == "all":
            student.requires_grad_(requires_grad=True)


def _freeze_statistics(network: nn.Module) -> None:
    """Keep the statistics of normalisations: those of small batches are far from all samples'."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


@torch.no_grad()
def take_statistics(network: PictureStudent, inputs: np.ndarray, seed: int = 0) -> None:
    """Give a student's normalisations the statistics of a sensor's samples.

    Adaptive batch normalisation (Li et al., arXiv 1603.04779): what differs between two sensors is
    often the mean and the variance of each channel.

    Args:
        network: The student.
        inputs: float32 [N, ...], of the sensor.
        seed: Of the order of the samples.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all batches
        layer.train()
    order = np.random.default_rng(seed).permutation(len(inputs))
    for start in range(0, len(order), 128):
        part = order[start : start + 128]
        if len(part) > 1:
            network.outputs(torch.from_numpy(inputs[part]))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
