"""Trains one student: epochs, checkpoints, validation, and batches with values that are none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.curves import Curves
from omnibind_ros.learning.metrics import Accuracy, accuracy
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.schedule import decayed, learning_rate
from omnibind_ros.learning.students.augmentation import AUGMENT
from omnibind_ros.learning.students.registry import build
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.recognition.label_bank import LabelBank

from .batches import EpochSampler, StudentBatch, StudentData
from .losses import Objective

_log = logging.getLogger(__name__)

EVALUATED = 256
"""Samples that are encoded at a time."""

TOLERATED = 0.1
"""Share of an epoch's samples that may be no numbers before training ends."""


@torch.no_grad()
def encode(
    model: nn.Module, inputs: Callable[[int, int], Tensor], count: int, size: int
) -> npt.NDArray[np.float32]:
    """Embed many samples.

    Args:
        model: In evaluation mode.
        inputs: (start, stop) -> prepared inputs.
        count: Number of samples.
        size: Values of an embedding, D.

    Returns:
        float32 [count, D], unit vectors.
    """
    out = np.empty((count, size), np.float32)
    device = next(model.parameters()).device
    for start in range(0, count, EVALUATED):
        stop = min(start + EVALUATED, count)
        out[start:stop] = model(inputs(start, stop).to(device)).float().cpu().numpy()
    return out


class StudentTrainer:
    """Trains one student."""

    def __init__(
        self,
        cache: TensorCache,
        modality: str,
        bank: LabelBank,
        config: TrainingConfig,
        image: npt.NDArray[np.float32],
        fabric: Fabric,
        out: Path,
        image_student: Mapping[str, Any] | None = None,
    ) -> None:
        """Set up a training run.

        Args:
            cache: The dataset's tensors.
            modality: The student's.
            bank: The classes to learn.
            config: How.
            image: float32 [n_image, D], the teacher's embeddings.
            fabric: Runs it.
            out: The run's folder.
            image_student: The image student's weights, where the student begins as it.
        """
        self._modality = modality
        self._loss, self._schedule = config.of(modality)
        self._fabric = fabric
        self._cache = cache
        self._seed = config.seed
        self._key = f"{config.key(modality)}-{cache.key}"
        self._path = out / "checkpoints" / f"{modality}.pt"
        self._done = out / "students" / f"{modality}.pt"
        self._train = StudentData(cache, modality, "train", bank, config, image)
        self._validation = StudentData(cache, modality, "validation", bank, config, image)
        self._test = StudentData(cache, modality, "test", bank, config, image)
        self._bank = ClassSimilarity(bank).to(fabric.device)
        names = self._train.category_bank
        own = ClassSimilarity(names).to(fabric.device) if names is not None else None
        self._objective = Objective(self._loss, self._bank, own)

        self._sampler = EpochSampler(
            self._train.labels, self._schedule.balance, config.seed,
            self._train.recorded, self._schedule.recorded,
        )  # fmt: skip
        size = min(self._schedule.batch_size, max(len(self._train) // fabric.world_size, 2))
        loader = DataLoader(
            self._train, size, sampler=self._sampler, drop_last=True, collate_fn=_as_it_is
        )
        self._loader = fabric.setup_dataloaders(loader)
        torch.manual_seed(config.seed)
        model = build(
            modality, cache.embedding_size, cache.specs[modality], self._schedule.dropout,
            config.taught(modality) and not self._schedule.student,
        )  # fmt: skip
        if image_student is not None:
            model.begin_as(image_student)
        if self._schedule.student:
            checkpoints.begin_as(model, modality, Path(self._schedule.student).expanduser())
        self._raw = model
        optimizer = torch.optim.AdamW(
            decayed(model, self._schedule.weight_decay), self._schedule.learning_rate
        )
        self._model, self._optimizer = fabric.setup(model, optimizer)
        self._best: dict[str, Any] = {"objects": -1.0, "samples": -1.0, "epoch": -1, "state": {}}

    def train(
        self, curves: Curves, progress: Callable[[str, int, int, Mapping[str, float]], None]
    ) -> dict[str, float]:
        """Train, or go on from the checkpoint that is there.

        Args:
            curves: Gets a row an epoch.
            progress: Told after each epoch.

        Returns:
            Accuracies (0..1) on validation and test objects, and the epoch that was best.

        Raises:
            TrainingError: The checkpoint is of another run, or too much is no number.
        """
        if self._done.is_file():
            content = checkpoints.load(self._done)
            checkpoints.check_key(self._done, content, self._key)
            return dict(content["metrics"])
        first = self._restore()
        epochs = self._schedule.epochs
        curves.cut(self._modality, first)
        for epoch in range(first, epochs):
            started = time.monotonic()
            figures = self._epoch(epoch)
            looked = (epoch + 1) % self._schedule.look == 0 or epoch + 1 == epochs
            found = self._measure(self._validation) if looked else None
            if looked and (found is None or found.objects >= self._best["objects"]):
                state = checkpoints.copied(self._raw)
                self._best = {"epoch": epoch, "state": state, **(found or _UNKNOWN)._asdict()}
            if self._fabric.is_global_zero:
                if found is not None:
                    figures["validation_samples"] = found.samples
                    figures["validation_objects"] = found.objects
                figures["seconds"] = time.monotonic() - started
                # The row first: a run that goes on from the old checkpoint writes it anew.
                curves.add(modality=self._modality, epoch=epoch, **figures)
                self._keep(epoch + 1)
                progress(self._modality, epoch + 1, epochs, figures)
        return self._finish()

    def _restore(self) -> int:
        """Take up a checkpoint, and return the epoch to go on with."""
        if not self._path.is_file():
            return 0
        content = checkpoints.load(self._path)
        checkpoints.check_key(self._path, content, self._key)
        self._raw.load_state_dict(content["model"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._fabric.strategy.precision.load_state_dict(content["precision"])
        self._best = content["best"]
        return int(content["epoch"])

    def _keep(self, epoch: int) -> None:
        content = {
            "key": self._key,
            "epoch": epoch,
            "model": self._raw.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
            "best": self._best,
        }
        checkpoints.save(self._path, content)

    def _finish(self) -> dict[str, float]:
        self._raw.load_state_dict(self._best["state"])
        metrics = {"best_epoch": float(self._best["epoch"])}
        for name, part in (("validation", self._validation), ("test", self._test)):
            if not len(part):
                continue
            right = self._right(part)
            found = accuracy(right, part.objects)
            metrics |= {f"{name}_samples": found.samples, f"{name}_objects": found.objects}
            for origin, inside in (("simulated", ~part.recorded), ("recorded", part.recorded)):
                if inside.any() and not inside.all():
                    metrics[f"{name}_samples_{origin}"] = float(right[inside].mean())
        metrics["training_samples"] = float(len(self._train))
        if self._fabric.is_global_zero:
            spec, size = self._cache.specs[self._modality], self._cache.embedding_size
            checkpoints.save_student(
                self._done, self._modality, self._raw, spec, size, self._key, metrics
            )
        return metrics

    def _epoch(self, epoch: int) -> dict[str, float]:
        """Pass over the training samples once, and return means of loss and terms."""
        rank = self._fabric.global_rank
        # A run that goes on draws as one that was never interrupted.
        torch.manual_seed((self._seed * 100_003 + epoch) * 1009 + rank)
        chance = torch.Generator(self._fabric.device).manual_seed(
            (self._seed * 100_003 + epoch) * 1009 + rank
        )
        self._train.start_epoch(epoch, rank)
        self._sampler.epoch = epoch
        self._model.train()
        totals: dict[str, float] = {}
        seen = skipped = steps = 0
        for number, batch in enumerate(self._loader):
            step = epoch * len(self._loader) + number
            rate = learning_rate(
                step, self._schedule.epochs * len(self._loader), self._schedule.learning_rate,
                self._schedule.warmup,
            )  # fmt: skip
            good = _finite(batch)
            seen += len(batch.labels)
            skipped += len(batch.labels) - len(good.labels)
            values = self._step(good, rate, chance)
            if values is None:
                skipped += len(good.labels)
            else:
                steps += 1
                for name, value in values.items():
                    totals[name] = totals.get(name, 0.0) + value
            self._check(skipped, seen, epoch, number + 1 == len(self._loader))
        figures = {name: total / steps for name, total in totals.items()}
        return {"learning_rate": rate, "skipped": float(skipped), **figures}

    def _step(
        self, batch: StudentBatch, rate: float, chance: torch.Generator
    ) -> dict[str, float] | None:
        """Learn from a batch; None where nothing can be learnt from it."""
        # Batch normalisation needs two samples; all processes skip together, or one would wait.
        if self._any(len(batch.labels) < 2):
            return None
        x = batch.x
        if self._schedule.augment:
            x = AUGMENT[self._modality](x, chance, self._schedule.mirror)
        loss, terms = self._objective(
            self._model(x), batch.labels, batch.image, batch.text, batch.categories
        )
        if self._any(not bool(torch.isfinite(loss))):
            return None
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        self._fabric.backward(loss)
        self._fabric.clip_gradients(
            self._model, self._optimizer, max_norm=self._schedule.clip, error_if_nonfinite=False
        )
        self._optimizer.step()
        return {
            "loss": float(loss.detach()),
            **{name: float(value) for name, value in terms.items()},
        }

    def _any(self, happened: bool) -> bool:
        """Return whether something happened in any process."""
        if self._fabric.world_size == 1:
            return happened
        flag = torch.tensor(float(happened), device=self._fabric.device)
        total: Any = self._fabric.all_reduce(flag, reduce_op="sum")
        return bool(total > 0)

    def _check(self, skipped: int, seen: int, epoch: int, last: bool) -> None:
        if last and skipped > TOLERATED * seen:
            raise TrainingError(
                f"{skipped} of {seen} samples of {self._modality} in epoch {epoch + 1} gave no "
                "numbers; look for NaN in the dataset, or lower schedule.learning_rate"
            )
        if last and skipped:
            _log.warning(
                "%d of %d samples of %s in epoch %d gave no numbers and were left out",
                skipped, seen, self._modality, epoch + 1,
            )  # fmt: skip

    def _measure(self, part: StudentData) -> Accuracy | None:
        """Return the accuracy on a split; None where it has no sample."""
        return accuracy(self._right(part), part.objects) if len(part) else None

    def _right(self, part: StudentData) -> npt.NDArray[np.bool_]:
        """Return which samples of a split are named right, bool [n]."""
        self._raw.eval()
        z = encode(self._raw, part.inputs, len(part), self._cache.embedding_size)
        with torch.no_grad():
            best = self._bank(torch.from_numpy(z).to(self._fabric.device)).argmax(1).cpu().numpy()
        return np.asarray(best == part.labels)


_UNKNOWN = Accuracy(-1.0, -1.0)


def _as_it_is(batch: StudentBatch) -> StudentBatch:
    return batch


def _finite(batch: StudentBatch) -> StudentBatch:
    """Return a batch without the samples that hold values that are no numbers."""
    good = torch.isfinite(batch.x.flatten(1)).all(1) & torch.isfinite(batch.image).all(1)
    good &= torch.isfinite(batch.text).all(1)
    return batch if bool(good.all()) else StudentBatch(*(tensor[good] for tensor in batch))
