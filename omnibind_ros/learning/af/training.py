"""Trains Adaptive Fusion on embeddings of objects that the students have not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.learning.checkpoints import copied
from omnibind_ros.learning.config import TrainingError, no_progress
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.schedule import learning_rate

from .config import FusionConfig
from .corruptions import Draw, Drawer, Members
from .embeddings import EmbeddingSet
from .initialisation import begin, common_temperature, measure_alone, most_words
from .network import FusionNetwork

LOOKS = 12
"""How often the held-back objects are looked at."""

SEEN = 1024
"""Sets drawn from them, the same at each look."""


NUMBERS, FASTER = ("sharpness", "trust", "power", "fading"), 10.0
"""Parameters that are one number a modality, and how much faster than others they learn."""


@dataclass(frozen=True)
class TrainedFusion:
    """A trained fusion.

    Attributes:
        network: In evaluation mode.
        temperature: The bundle's: of what is fused, and of the entropies at run time.
        figures: Cross-entropy and top-1 (0..1) on sets of held-back objects before it learnt from
            these: of the network, and of the pool with which it began; top-1 of the
            quality-weighted mean; and the step that was best.
    """

    network: FusionNetwork
    temperature: float
    figures: dict[str, float]

    def fuse(self, members: Members) -> tuple[np.ndarray, np.ndarray]:
        """Return fused embeddings, float32 [B, D], and weights, float32 [B, N]."""
        fused, weights = run(self.network, members)
        return fused.numpy(), weights.numpy()


def tensors(members: Members) -> tuple[Tensor, ...]:
    """Return members as `FusionNetwork` takes them."""
    return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in members)


@torch.no_grad()
def run(network: nn.Module, members: Members, step: int = 4096) -> tuple[Tensor, ...]:
    """Run a network over any number of sets, and return its outputs, joined."""
    network.eval()
    parts = [network(*piece) for piece in zip(*(t.split(step) for t in tensors(members)),
                                              strict=True)]  # fmt: skip
    return tuple(torch.cat(outputs) for outputs in zip(*parts, strict=True))


def prepare(data: EmbeddingSet, config: FusionConfig) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Return the samples to learn from, and those of the objects that are held back.

    Args:
        data: Embeddings of a training run.
        config: Names the splits and the classes that are left out.

    Raises:
        TrainingError: There are too few.
    """
    known, _ = data.without_classes(config.left_out)
    usable = known.split(*config.splits)
    usable = usable.samples(np.asarray(usable.present.any(1)))
    objects = np.unique(usable.objects)
    if len(objects) < 4 or len(np.unique(usable.labels)) < 2:
        raise TrainingError(
            f"the splits {', '.join(config.splits)} have embeddings of {len(objects)} objects in "
            f"{len(np.unique(usable.labels))} classes; fusion needs four objects and two classes "
            "at least: build a larger dataset"
        )
    if len(usable.modalities) < 2:
        raise TrainingError(
            f"there are embeddings of {usable.modalities[0]} only; fusion needs two modalities"
        )
    chance = np.random.default_rng(config.seed)
    kept = chance.permutation(objects)[: max(1, round(config.held_back * len(objects)))]
    back = np.isin(usable.objects, kept)
    return usable.samples(~back), usable.samples(back)


def train_fusion(
    data: EmbeddingSet,
    config: FusionConfig,
    progress: Callable[[int, int], None] = no_progress,
) -> TrainedFusion:
    """Train Adaptive Fusion.

    Args:
        data: Embeddings of a training run, of all its splits.
        config: How.
        progress: Told (steps done, steps).

    Returns:
        The network of the step that did best on the objects held back; that may be where it
        began. With `refit` it has then learnt as long from these too.

    Raises:
        TrainingError: There is too little to learn from, or the loss is no number.
    """
    learn, back = prepare(data, config)
    temperature = common_temperature(learn, measure_alone(learn))
    total = config.steps * (1 + config.refit)
    seen = drawer_of(back, temperature, config, config.seed + 1).draw(SEEN)
    network, objective = _start(learn, temperature, config)
    before = objective.measure(network, seen)
    step = fit(
        network, _loss(network, objective, learn, config),
        lambda: objective.measure(network, seen)[0], config, lambda n, _: progress(n, total),
    )  # fmt: skip
    after = objective.measure(network, seen)
    whole = Drawer(back, temperature, 0.0, config.seed + 2).draw(SEEN)
    surety = fit_surety(network, objective, whole)
    if config.refit and step:
        again = join(learn, back)
        network, objective = _start(again, temperature, config)
        fit(
            network, _loss(network, objective, again, config), None, config,
            lambda n, _: progress(config.steps + n, total), step,
        )  # fmt: skip
    network.surety.fill_(surety)
    mean = objective.measure(FusionNetwork(learn.size, config.width), seen)
    figures = {
        "cross_entropy": after[0], "top1": after[1], "pool_cross_entropy": before[0],
        "pool_top1": before[1], "mean_top1": mean[1], "steps": step,
    }  # fmt: skip
    progress(total, total)
    return TrainedFusion(network.eval(), temperature, figures)


def join(one: EmbeddingSet, other: EmbeddingSet) -> EmbeddingSet:
    """Return the samples of two parts of one set."""
    return replace(
        one,
        values=np.concatenate([one.values, other.values]),
        quality=np.concatenate([one.quality, other.quality]),
        present=np.concatenate([one.present, other.present]),
        labels=np.concatenate([one.labels, other.labels]),
        objects=np.concatenate([one.objects, other.objects]),
        splits=np.concatenate([one.splits, other.splits]),
    )


def drawer_of(data: EmbeddingSet, temperature: float, config: FusionConfig, seed: int) -> Drawer:
    """Return what draws sets as a configuration says: mixed, and some corrupted."""
    return Drawer(data, temperature, config.corrupt, seed, config.mix, config.lying)


def _start(
    data: EmbeddingSet, temperature: float, config: FusionConfig
) -> tuple[FusionNetwork, FusionObjective]:
    torch.manual_seed(config.seed)
    network = FusionNetwork(
        data.size, config.width, config.dropout, len(data.bank.labels), most_words(data.bank)
    )
    begin(network, data, temperature)
    return network, FusionObjective(data, temperature, config)


def _loss(
    network: FusionNetwork, objective: FusionObjective, data: EmbeddingSet, config: FusionConfig
) -> Callable[[], Tensor]:
    drawer = drawer_of(data, objective.temperature, config, config.seed)
    return lambda: objective(network, drawer.draw(config.batch_size))


class FusionObjective:
    """What the fusion learns: to name what is there, from whoever is right about it."""

    def __init__(self, data: EmbeddingSet, temperature: float, config: FusionConfig) -> None:
        """Measure how well each modality does alone.

        Args:
            data: The samples to learn from.
            temperature: Of the label distributions.
            config: The weights of the terms.
        """
        self._bank = ClassSimilarity(data.bank)
        self.temperature = temperature
        self._config = config
        suits = measure_alone(data)
        self._own, embeddings = torch.from_numpy(suits.temperatures), suits.moved(data)
        alone = []
        for m, own in enumerate(self._own):
            there = data.present[:, m]
            z, labels = (torch.from_numpy(a[there]) for a in (embeddings[:, m], data.labels))
            loss = functional.cross_entropy(self._bank(z) / own, labels) if len(z) else torch.inf
            alone.append(float(loss))
        self._alone = torch.tensor(alone)

    def __call__(self, network: FusionNetwork, drawn: Draw) -> Tensor:
        """Return the loss of sets.

        Two terms: cross-entropy of the fused embedding; and regret, what it does worse than the
        good member of the modality that is best alone, at that modality's own temperature, if
        anything.
        """
        members = tensors(drawn.members)
        labels, good = torch.from_numpy(drawn.labels), torch.from_numpy(drawn.good)
        fused, _ = network(*members)
        logits = self._bank(fused) / self.temperature
        loss = functional.cross_entropy(logits, labels, reduction="none")
        best = self._alone.expand_as(good).masked_fill(~good, torch.inf).argmin(1)
        rows = torch.arange(len(best))
        chosen = network.moved(members[0], members[1])[rows, best]
        own = self._bank(chosen) / self._own[best][:, None]
        regret = loss - functional.cross_entropy(own, labels, reduction="none")
        return loss.mean() + self._config.regret * regret[good.any(1)].clamp(min=0).mean()

    @torch.no_grad()
    def measure(self, network: FusionNetwork, drawn: Draw) -> tuple[float, float]:
        """Return cross-entropy and top-1 accuracy, 0..1, of sets."""
        fused, _ = run(network, drawn.members)
        logits = self._bank(fused) / self.temperature
        labels = torch.from_numpy(drawn.labels)
        right = (logits.argmax(1) == labels).double().mean()
        return float(functional.cross_entropy(logits, labels)), float(right)


def fit_surety(network: FusionNetwork, objective: FusionObjective, drawn: Draw) -> float:
    """Return the logarithm of what all evidence is to be multiplied with to be right (NLL).

    Args:
        network: Trained.
        objective: Measures.
        drawn: Whole sets of objects that it has not learnt from.
    """

    def loss(surety: float) -> float:
        network.surety.fill_(surety)
        return objective.measure(network, drawn)[0]

    found = minimize_scalar(loss, bounds=(-3.0, 1.5), method="bounded", options={"xatol": 0.05})
    return float(found.x)


def fit(
    network: nn.Module,
    loss_of: Callable[[], Tensor],
    measure: Callable[[], float] | None,
    config: FusionConfig,
    progress: Callable[[int, int], None] = no_progress,
    stop: int | None = None,
) -> int:
    """Train a network, and leave it in the state that was measured best (lowest).

    Args:
        network: The network.
        loss_of: Draws, and returns its loss.
        measure: Returns how good it is; None to keep the last state.
        config: Steps, learning rate and weight decay.
        progress: Told (steps done, steps).
        stop: Ends after so many steps of the schedule.

    Returns:
        The step that was best; 0 for where it began.

    Raises:
        TrainingError: The loss is no number.
    """
    optimizer = torch.optim.AdamW(_groups(network, config), config.learning_rate)
    best, kept, chosen = measure() if measure else np.inf, copied(network), 0
    every, last = max(1, config.steps // LOOKS), stop or config.steps
    for step in range(last):
        network.train()
        for group in optimizer.param_groups:
            rate = learning_rate(step, config.steps, config.learning_rate, 0.05)
            group["lr"] = rate * group["speed"]
        loss = loss_of()
        if not bool(torch.isfinite(loss)):
            raise TrainingError(
                f"the loss is no number in step {step + 1}; lower learning_rate, or look for NaN "
                "in the embeddings"
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        if (step + 1) % every == 0 or step + 1 == last:
            if measure and (found := measure()) < best:
                best, kept, chosen = found, copied(network), step + 1
            progress(step + 1, config.steps)
    if measure:
        network.load_state_dict(kept)
    return chosen if measure else last


def _groups(network: nn.Module, config: FusionConfig) -> list[dict[str, Any]]:
    """Return the parameters: matrices decay, and what is one number a modality learns faster."""
    numbers: list[Tensor] = []
    matrices: list[Tensor] = []
    rest: list[Tensor] = []
    for name, values in network.named_parameters():
        if values.requires_grad:
            kind = numbers if name in NUMBERS else matrices if values.ndim > 1 else rest
            kind.append(values)
    return [
        {"params": matrices, "weight_decay": config.weight_decay, "speed": 1.0},
        {"params": rest, "weight_decay": 0.0, "speed": 1.0},
        {"params": numbers, "weight_decay": 0.0, "speed": FASTER},
    ]
