"""Trains Adaptive Fusion on embeddings of objects that the students were not trained on."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import default_convert

from omnibind_ros.datasets.building.cluster import chosen_workers
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.learning.checkpoints import Best, copied
from omnibind_ros.learning.loop import Loss, Plan, Task, Validation, train, warmup_cosine
from omnibind_ros.learning.progress import progress_bars
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.progress import Progress, no_progress

from .config import FusionConfig
from .corruptions import SetSampler, TrainingSets
from .cross_fitting import sentence
from .embeddings import EmbeddingSet, training_samples
from .encoding import encode_dataset
from .files import TrainedFusion, calibrate_fusion, run, save_fusion
from .held_out import HELD_OUT, meaning, usable_splits
from .initial_values import fit_bundle_temperature, fit_modalities, most_words
from .network import FusionNetwork
from .scale import fit_scale, set_scale

VALIDATIONS = 12
"""Validations in a training."""

VALIDATION_SETS = 1024
"""Sets of held-back objects in a validation, always the same."""

LEAST_OBJECTS = 4
"""Objects that a training needs."""

FAST, SPEED = ("sharpness", "trust", "power"), 10.0
"""Parameters of one number a modality, and how much faster than others they learn."""


def train_fusion(
    data: EmbeddingSet,
    config: FusionConfig,
    progress: Progress = no_progress,
) -> TrainedFusion:
    """Train Adaptive Fusion.

    Args:
        data: Embeddings of a training run, of all its splits.
        config: How.
        progress: Called with (steps done, steps).

    Returns:
        The network after the step that was best on the objects held back; that may be its initial
        state. With `refit` it is then trained anew, for as many steps, on these objects too.

    Raises:
        TrainingError: There is too little to train on, or the loss is not finite.
    """
    samples, held_back = training_samples(data, config)
    temperature = fit_bundle_temperature(samples, fit_modalities(samples))
    total = config.steps * (1 + config.refit)
    validation = sampler_of(held_back, temperature, config, config.seed + 1).draw(VALIDATION_SETS)
    network, objective = initial_network(samples, temperature, config)
    before = objective.measure(network, validation)
    step = fit(
        network,
        sampler_of(samples, temperature, config, config.seed),
        lambda sets: objective(network, sets),
        config,
        error=lambda: objective.measure(network, validation)[0],
        progress=lambda done, _: progress(done, total),
    )
    after = objective.measure(network, validation)
    clean = SetSampler(held_back, temperature, 0.0, config.seed + 2).draw(VALIDATION_SETS)
    scale = fit_scale(network, lambda: objective.measure(network, clean)[0])
    if config.refit and step:
        samples = samples.joined(held_back)
        network, objective = initial_network(samples, temperature, config)
        fit(
            network,
            sampler_of(samples, temperature, config, config.seed),
            lambda sets: objective(network, sets),
            config,
            progress=lambda done, _: progress(config.steps + done, total),
            stop=step,
        )
    set_scale(network, scale)
    mean_network = FusionNetwork(data.size, config.width, rows=data.table_rows)
    mean = objective.measure(mean_network, validation)
    figures = {
        "cross_entropy": after[0],
        "top1": after[1],
        "pool_cross_entropy": before[0],
        "pool_top1": before[1],
        "mean_top1": mean[1],
        "steps": step,
    }
    progress(total, total)
    return TrainedFusion(network.eval(), temperature, figures)


def sampler_of(
    data: EmbeddingSet, temperature: float, config: FusionConfig, seed: int
) -> SetSampler:
    """Return a sampler of sets that are mixed and corrupted as a configuration says."""
    return SetSampler(data, temperature, config.corrupt, seed, config.mix, config.other_object)


def initial_network(
    data: EmbeddingSet, temperature: float, config: FusionConfig
) -> tuple[FusionNetwork, FusionObjective]:
    """Return a network in its initial state, the log-opinion pool of samples, and its loss."""
    torch.manual_seed(config.seed)
    network = FusionNetwork(
        data.size,
        config.width,
        config.dropout,
        len(data.bank.labels),
        most_words(data.bank),
        data.table_rows,
    )
    network.initialise(data, temperature)
    return network, FusionObjective(data, temperature, config)


class FusionObjective:
    """The loss of the fusion: cross-entropy of fused embeddings with regret, or the paper's."""

    def __init__(self, data: EmbeddingSet, temperature: float, config: FusionConfig) -> None:
        """Measure the loss of each modality alone.

        Args:
            data: The samples to train on.
            temperature: The bundle's.
            config: Which loss, the paper's temperature, and the weight of the regret.
        """
        self._bank = ClassSimilarity(data.bank)
        self._right = torch.from_numpy(data.bank.categories.right_answers)
        self._names = self._bank.by_class()[:, 0]
        self._temperature = temperature
        self._config = config
        fits = fit_modalities(data)
        self._own, embeddings = torch.from_numpy(fits.temperatures), fits.corrected(data)
        alone = []
        for m, own in enumerate(self._own):
            there = data.present[:, m]
            z, labels = (torch.from_numpy(a[there]) for a in (embeddings[:, m], data.labels))
            loss = functional.cross_entropy(self._bank(z) / own, labels) if len(z) else torch.inf
            alone.append(float(loss))
        self._alone = torch.tensor(alone)

    def __call__(self, network: FusionNetwork, sets: TrainingSets) -> Tensor:
        """Return the loss of sets."""
        members = default_convert(sets.members)
        labels, informative = torch.from_numpy(sets.labels), torch.from_numpy(sets.informative)
        fused, *_ = network(*members)
        if self._config.objective == "omnibind":
            return self.label_contrast(fused, labels)
        logits = network.class_similarities(fused) / self._temperature
        loss = functional.cross_entropy(logits, labels, reduction="none")
        regret = self._regret_of(network, members, labels, informative, loss)
        return loss.mean() + self._config.regret * regret

    def label_contrast(self, fused: Tensor, labels: Tensor) -> Tensor:
        """Return the paper's loss (Eq. 9) of fused embeddings.

        The mean of -log(exp(s_y) / (exp(s_y) + sum over n of exp(s_n))), with s = cos / tau: the
        embedding is pulled to the name y of its label and pushed from the names n of all others.

        Args:
            fused: Unit vectors [B, D].
            labels: int [B], the classes.
        """
        return functional.cross_entropy(fused @ self._names.T / self._config.tau, labels)

    def _regret_of(
        self,
        network: FusionNetwork,
        members: Any,
        labels: Tensor,
        informative: Tensor,
        loss: Tensor,
    ) -> Tensor:
        """Return the mean regret of sets, whose cross-entropies [B] are `loss`.

        The regret of a set is how much its cross-entropy exceeds that of its informative member
        whose modality has the lowest loss alone, at that modality's own temperature.
        """
        best = self._alone.expand_as(informative).masked_fill(~informative, torch.inf).argmin(1)
        rows = torch.arange(len(best))
        chosen = network.bias(members.values, members.modality)[rows, best]
        own = network.class_similarities(chosen) / self._own[best][:, None]
        regret = loss - functional.cross_entropy(own, labels, reduction="none")
        return regret[informative.any(1)].clamp(min=0).mean()

    @torch.no_grad()
    def measure(self, network: FusionNetwork, sets: TrainingSets) -> tuple[float, float]:
        """Return cross-entropy and top-1 accuracy, 0..1, of sets."""
        fused, *_ = run(network, sets.members)
        logits = self._bank(fused) / self._temperature
        labels = torch.from_numpy(sets.labels)
        correct = self._right[labels, logits.argmax(1)].double().mean()
        return float(functional.cross_entropy(logits, labels)), float(correct)


class _Sets(Task[TrainingSets]):
    """The training of a network on sets; an epoch is the steps from one validation to the next."""

    def __init__(
        self,
        batches: Callable[[int], Iterator[TrainingSets]],
        loss: Callable[[TrainingSets], Tensor],
        error: Callable[[], float] | None,
    ) -> None:
        self._batches, self._loss, self._error = batches, loss, error

    def batches(self, epoch: int) -> Iterator[TrainingSets]:
        return self._batches(epoch)

    def loss(self, batch: TrainingSets) -> Loss:
        return Loss(self._loss(batch), samples=len(batch.labels))

    def validate(self) -> Validation | None:
        return Validation(-self._error()) if self._error else None


def fit(
    network: nn.Module,
    sampler: SetSampler,
    loss: Callable[[TrainingSets], Tensor],
    config: FusionConfig,
    *,
    error: Callable[[], float] | None = None,
    progress: Progress = no_progress,
    stop: int | None = None,
) -> int:
    """Train a network on sets, and leave it in its best state.

    Args:
        network: The network.
        sampler: Draws the sets.
        loss: Returns the network's loss on sets.
        config: Steps, batch size, learning rate and weight decay.
        error: Measures the network, lower is better; None to keep the last state.
        progress: Called with (steps done, steps).
        stop: Number of steps of the schedule after which training ends; None for all.

    Returns:
        The number of steps to the best state; 0 for the initial one.

    Raises:
        TrainingError: The loss is not finite.
    """
    steps, every = stop or config.steps, max(1, config.steps // VALIDATIONS)

    def batches(epoch: int) -> Iterator[TrainingSets]:
        for _ in range(min(every, steps - epoch * every)):
            yield sampler.draw(config.batch_size)

    plan = Plan(
        "the fusion",
        epochs=math.ceil(steps / every),
        steps=every,
        rate=lambda step: warmup_cosine(step, config.steps, config.learning_rate),
        clip=5.0,
        prefer_later=False,
        advice="lower learning_rate, or look for NaN in the embeddings",
    )
    best = train(
        _Sets(batches, loss, error),
        network,
        torch.optim.AdamW(_parameter_groups(network, config), config.learning_rate),
        plan,
        best=Best(copied(network), -error()) if error else None,
        progress=lambda done, *_: progress(min(done * every, steps), config.steps),
    )
    return min((best.epoch + 1) * every, steps)


def _parameter_groups(network: nn.Module, config: FusionConfig) -> list[dict[str, Any]]:
    """Return the groups: matrices have weight decay, `FAST` parameters learn at `SPEED`."""
    fast: list[Tensor] = []
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, values in network.named_parameters():
        is_fast = name.rpartition(".")[2] in FAST
        (fast if is_fast else matrices if values.ndim > 1 else others).append(values)
    return [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
        {"params": fast, "weight_decay": 0.0, "speed": SPEED},
    ]


def run_command(options: argparse.Namespace) -> int:
    """Run `omnibind train fusion`."""
    # It trains with this module.
    from .cross_fitted_fusion import calibrate_across  # noqa: PLC0415

    config: FusionConfig = options.config
    options.out.mkdir(parents=True, exist_ok=True)
    with progress_bars() as progress:
        if options.embeddings is not None:
            data = EmbeddingSet.load(options.embeddings)
            config = _with_splits(config, data.splits, data.objects, data.labels)
        else:
            dataset = Dataset.open(options.data)
            columns = (dataset.column(name) for name in ("split", "object_id", "label"))
            config = _with_splits(config, *(column.astype(np.str_) for column in columns))
            bundle = Bundle.load(resolve_bundle(options.bundle))
            place = options.out / "embeddings"
            with chosen_workers(options.workers, options.dask, place) as workers:
                data = encode_dataset(
                    bundle,
                    options.data,
                    place,
                    config.splits,
                    workers,
                    lambda done, total: progress("embeddings", done, total, {}),
                    options.labels,
                ).data
        trained = train_fusion(
            data, config, lambda done, total: progress("fusion", done, total, {})
        )
    crossed = None
    if list(config.splits) != list(HELD_OUT[0]):
        crossed = calibrate_across(trained, data, config)
    if crossed is not None:
        calibration, across = crossed
        print(sentence(across))
    else:
        calibration, across = calibrate_fusion(trained, data, config), None
        if list(config.splits) != list(HELD_OUT[0]):
            print(
                "its objects are too few for cross-fitting: thresholds are of samples that the "
                "fusion has seen, so that other objects will be 'unknown' too often"
            )
    save_fusion(options.out, trained, calibration, config, across)
    figures = trained.figures
    print(
        f"objects held back, random sets, some corrupted: top-1 {figures['top1']:.1%} after "
        f"{figures['steps']} steps, the quality-weighted mean {figures['mean_top1']:.1%}"
    )
    print(f"trained {options.out}")
    return 0


def _with_splits(
    config: FusionConfig,
    splits: npt.NDArray[np.str_],
    objects: npt.NDArray[np.str_],
    labels: npt.NDArray[Any],
) -> FusionConfig:
    """Return the configuration with splits that have objects enough, and say if it is changed."""
    found = usable_splits(splits, objects, labels, first=config.splits, least=LEAST_OBJECTS)
    if not found or list(found) == list(config.splits):
        return config
    note = f": {text}" if (text := meaning(found)) else ""
    print(f"the fusion is trained and calibrated on the split {' and '.join(found)}{note}")
    return replace(config, splits=list(found))
