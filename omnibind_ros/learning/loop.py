"""The training loop, the only one of the package.

What is trained is a `Task`, which draws batches and computes their loss; how long and in which
steps is a `Plan`; `train` does the rest. The smallest use:

    optimizer = torch.optim.AdamW(parameter_groups(model, decay=0.05))
    plan = Plan("the network", epochs=10, steps=100, rate=lambda s: warmup_cosine(s, 1000, 1e-3))
    train(MyTask(model), model, optimizer, plan)

An interruption at any moment, by Ctrl-C or a power cut, loses the epoch under way. With a
`Checkpoint`, `train` continues after the last complete epoch. It ends with the same weights as a
run that was not interrupted, if a task's random draws in an epoch follow from the epoch's number.
"""

from __future__ import annotations

import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .checkpoints import Best, Checkpoint, copied
from .config import TrainingError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_log = logging.getLogger(__name__)

B = TypeVar("B")

EpochProgress = Callable[[int, int, Mapping[str, float]], None]
"""Called with the number of epochs done, of all epochs, and the metrics of the last one."""


class Loss(NamedTuple):
    """The loss of one batch.

    Attributes:
        value: Scalar to minimise; None if too few samples of the batch are usable.
        terms: Its terms before weighting, detached; their means over an epoch are metrics.
        samples: Samples in the batch.
        unusable: How many of them were left out, since they hold values that are not finite.
    """

    value: Tensor | None
    terms: Mapping[str, Tensor] = {}
    samples: int = 1
    unusable: int = 0


class Validation(NamedTuple):
    """A measurement on validation samples: a score, higher is better, and metrics to record."""

    score: float
    metrics: Mapping[str, float] = {}


class Task(ABC, Generic[B]):
    """What a network is trained on."""

    @abstractmethod
    def batches(self, epoch: int) -> Iterable[B]:
        """Draw the batches of an epoch."""

    @abstractmethod
    def loss(self, batch: B) -> Loss:
        """Run the network, which is in training mode, on a batch, and return the loss."""

    def validate(self) -> Validation | None:
        """Measure the network as it is now; None: the latest state counts as the best."""
        return None

    def record(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an epoch, before its checkpoint is written."""


@dataclass(frozen=True)
class Plan:
    """How a task is trained.

    Attributes:
        name: What is trained, as messages call it.
        epochs: Passes over the batches of the task.
        steps: Batches of an epoch; the last epoch may have fewer.
        rate: Learning rate of a step; steps count from 0 over all epochs. A parameter group with
            the key `speed` is trained at that multiple of it.
        clip: Largest norm of all gradients together; None: gradients are not clipped.
        validate_every: Epochs from one validation to the next; the last epoch is always validated.
        prefer_later: Whether the later of two states with equal scores counts as the better one.
        tolerated: Share of an epoch's samples, 0 to 1, whose loss may be not finite; they are
            skipped. With 0 the first such loss ends the training.
        advice: What the error message for losses that are not finite advises.
    """

    name: str
    epochs: int
    steps: int
    rate: Callable[[int], float]
    clip: float | None = None
    validate_every: int = 1
    prefer_later: bool = True
    tolerated: float = 0.0
    advice: str = "look for NaN in the data, or lower the learning rate"


def train(
    task: Task[B],
    model: nn.Module,
    optimizer: Optimizer,
    plan: Plan,
    *,
    fabric: Fabric | None = None,
    checkpoint: Checkpoint | None = None,
    best: Best | None = None,
    progress: EpochProgress = lambda done, total, metrics: None,  # noqa: ARG005
) -> Best:
    """Train a network, and leave it in its best state.

    Args:
        task: Draws batches and computes their loss.
        model: The network, not wrapped by Fabric.
        optimizer: As `fabric.setup` returned it, if there is a Fabric.
        plan: How.
        fabric: Runs the training on its devices and in its precision; None: plain PyTorch.
        checkpoint: Where the state is written, and read from if it exists; None: nowhere.
        best: A state before training, if that counts too.
        progress: Called after each epoch.

    Returns:
        The best state: that with the highest score, or the last one without validation.

    Raises:
        TrainingError: Too many losses are not finite, or the checkpoint belongs to another run.
        OSError: The checkpoint cannot be written.
    """
    first, best = 0, best or Best()
    if checkpoint is not None and checkpoint.exists():
        first, best = checkpoint.restore(model, optimizer, fabric)
    for epoch in range(first, plan.epochs):
        started = time.monotonic()
        metrics = _train_epoch(task, model, optimizer, plan, fabric, epoch)
        if (epoch + 1) % plan.validate_every == 0 or epoch + 1 == plan.epochs:
            found = task.validate()
            score = best.score if found is None else found.score
            if found is None or score > best.score or (plan.prefer_later and score == best.score):
                best = Best(copied(model), score, epoch)
            metrics |= found.metrics if found is not None else {}
        metrics["seconds"] = time.monotonic() - started
        if fabric is None or fabric.is_global_zero:
            task.record(epoch, metrics)
            if checkpoint is not None:
                checkpoint.save(model, optimizer, fabric, epoch + 1, best)
            progress(epoch + 1, plan.epochs, metrics)
    model.load_state_dict(best.state)
    return best


def _train_epoch(
    task: Task[B],
    model: nn.Module,
    optimizer: Optimizer,
    plan: Plan,
    fabric: Fabric | None,
    epoch: int,
) -> dict[str, float]:
    """Take a step for each batch; return the means of loss and terms, and the samples skipped."""
    model.train()
    sums: dict[str, float] = {}
    steps = samples = skipped = 0
    rate = 0.0
    for step, batch in enumerate(task.batches(epoch), start=epoch * plan.steps):
        loss, rate = task.loss(batch), plan.rate(step)
        samples += loss.samples
        finite = loss.value is not None and bool(torch.isfinite(loss.value))
        if in_any_process(fabric, not finite) or loss.value is None:
            skipped += loss.samples
            if not plan.tolerated:
                raise TrainingError(
                    f"the loss of {plan.name} is not finite in step {step + 1}; {plan.advice}"
                )
            continue
        _optimize(loss.value, model, optimizer, rate, plan.clip, fabric)
        steps += 1
        skipped += loss.unusable
        for name, value in {"loss": loss.value.detach(), **loss.terms}.items():
            sums[name] = sums.get(name, 0.0) + float(value)
    if skipped:
        sentence = f"{skipped} of {samples} samples of {plan.name} in epoch {epoch + 1}"
        if skipped > plan.tolerated * samples:
            raise TrainingError(f"{sentence} have no finite loss; {plan.advice}")
        _log.warning("%s have no finite loss and were left out", sentence)
    means = {name: total / steps for name, total in sums.items()}
    return {"learning_rate": rate, "skipped": float(skipped), **means}


def _optimize(
    loss: Tensor,
    model: nn.Module,
    optimizer: Optimizer,
    rate: float,
    clip: float | None,
    fabric: Fabric | None,
) -> None:
    """Take one step of the optimiser."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)
    optimizer.zero_grad()
    if fabric is None:
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
    else:
        fabric.backward(loss)
        if clip is not None:
            fabric.clip_gradients(model, optimizer, max_norm=clip, error_if_nonfinite=False)
    optimizer.step()


def in_any_process(fabric: Fabric | None, happened: bool) -> bool:
    """Return whether something happened in any process, so that all of them skip together."""
    if fabric is None or fabric.world_size == 1:
        return happened
    flag = torch.tensor(float(happened), device=fabric.device)
    total: Any = fabric.all_reduce(flag, reduce_op="sum")
    return bool(total > 0)


def warmup_cosine(step: int, steps: int, highest: float, warmup: float = 0.05) -> float:
    """Return the learning rate of a step: a linear rise, then half a cosine down to zero.

    Args:
        step: Its number, from 0.
        steps: All steps.
        highest: The highest rate.
        warmup: Share of the steps in which the rate rises, 0 to 1.
    """
    rising = max(warmup * steps, 1.0)
    if step < rising:
        return highest * (step + 1) / rising
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))


def parameter_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return parameter groups for AdamW: weight decay for matrices, none for biases and norms."""
    weights = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
