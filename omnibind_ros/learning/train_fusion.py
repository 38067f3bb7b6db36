"""Trains Adaptive Fusion on embeddings of objects that the students have not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .calibration import fit_temperature
from .config import TrainingError, no_progress
from .embeddings import EmbeddingSet, similarities
from .fusion import FusionNetwork
from .fusion_config import FusionConfig
from .losses import TorchBank
from .members import Draw, Drawer, Members
from .student_trainer import learning_rate

LOOKS = 20
"""How often the held-back objects are looked at."""

SEEN = 2048
"""Sets drawn from them, the same at each look."""


@dataclass(frozen=True)
class TrainedFusion:
    """A trained fusion.

    Attributes:
        network: In evaluation mode.
        temperature: That which suits what is fused, and that of the entropies at run time.
        figures: Cross-entropy and top-1 (0..1) on sets of held-back objects: of the network, and
            of the quality-weighted mean, with which it began.
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
        The network that did best on the objects held back; that may be the one it began with.

    Raises:
        TrainingError: There is too little to learn from, or the loss is no number.
    """
    learn, back = prepare(data, config)
    temperature = fit_temperature(
        similarities(learn.bank, learn.values[learn.present]),
        np.repeat(learn.labels, learn.present.sum(1)),
    )
    total = config.rounds * config.steps
    for number in range(config.rounds):
        trained = _train(learn, back, temperature, config, partial(_later, progress, number, total))
        # What is fused is surer than its members, and the members' entropies are to be of the one
        # temperature that the bundle will have: so again, at that of what was fused.
        drawn = Drawer(back, temperature, 0.0, config.seed + 2).draw(SEEN)
        fused, _ = trained.fuse(drawn.members)
        temperature = fit_temperature(similarities(back.bank, fused), drawn.labels)
    return replace(trained, temperature=temperature)


def _later(
    progress: Callable[[int, int], None], number: int, total: int, step: int, steps: int
) -> None:
    """Tell the progress of one of several trainings as that of all."""
    progress(number * steps + step, total)


def _train(
    learn: EmbeddingSet,
    back: EmbeddingSet,
    temperature: float,
    config: FusionConfig,
    progress: Callable[[int, int], None],
) -> TrainedFusion:
    torch.manual_seed(config.seed)
    network = FusionNetwork(learn.size, config.width, config.dropout)
    network.residual.requires_grad_(config.residual)
    objective = FusionObjective(learn, temperature, config)
    drawer = Drawer(learn, temperature, config.corrupt, config.seed, config.mix)
    seen = Drawer(back, temperature, config.corrupt, config.seed + 1).draw(SEEN)
    before = objective.measure(network, seen)
    fit(
        network, lambda: objective(network, drawer.draw(config.batch_size)),
        lambda: objective.measure(network, seen)[0], config, progress,
    )  # fmt: skip
    after = objective.measure(network, seen)
    figures = {
        "cross_entropy": after[0], "top1": after[1],
        "mean_cross_entropy": before[0], "mean_top1": before[1],
    }  # fmt: skip
    return TrainedFusion(network.eval(), temperature, figures)


class FusionObjective:
    """What the fusion learns: to name what is there, from whoever is right about it."""

    def __init__(self, data: EmbeddingSet, temperature: float, config: FusionConfig) -> None:
        """Measure how well each modality does alone.

        Args:
            data: The samples to learn from.
            temperature: Of the label distributions.
            config: The weights of the terms.
        """
        self._bank = TorchBank(data.bank)
        self._temperature = temperature
        self._config = config
        alone = []
        for m in range(len(data.modalities)):
            there = data.present[:, m]
            z, labels = (torch.from_numpy(a[there]) for a in (data.values[:, m], data.labels))
            alone.append(float(self._cross_entropy(z, labels).mean()) if len(z) else np.inf)
        self._alone = torch.tensor(alone)

    def _cross_entropy(self, z: Tensor, labels: Tensor) -> Tensor:
        logits = self._bank(z) / self._temperature
        return functional.cross_entropy(logits, labels, reduction="none")

    def __call__(self, network: nn.Module, drawn: Draw) -> Tensor:
        """Return the loss of sets.

        Four terms: cross-entropy of the fused embedding; blame, the cross-entropy between the
        weights and how right each good member is alone; regret, what the fused embedding does
        worse than the member of the modality that is best alone, if anything; and the square of
        what the residual moves it.
        """
        members = tensors(drawn.members)
        labels, good = torch.from_numpy(drawn.labels), torch.from_numpy(drawn.good)
        fused, weights = network(*members)
        residual = fused - functional.normalize((weights[:, None] @ members[0])[:, 0], dim=1)
        loss = self._cross_entropy(fused, labels)
        batch, places = good.shape
        flat = self._cross_entropy(members[0].flatten(0, 1), labels.repeat_interleave(places))
        each = flat.reshape(batch, places).masked_fill(~good, torch.inf)
        usable = good.any(1)
        right = torch.softmax(-each[usable], 1)
        blame = -(right * weights[usable].clamp(min=1e-8).log()).sum(1).mean()
        # A modality that is best alone speaks for the set, unless it was corrupted.
        best = self._alone.expand_as(each).masked_fill(~good, torch.inf).argmin(1, keepdim=True)
        regret = (loss - each.gather(1, best)[:, 0])[usable].clamp(min=0).mean()
        pull = residual.square().sum(1).mean()
        weighted = self._config.blame * blame + self._config.regret * regret
        return loss.mean() + weighted + self._config.pull * pull

    @torch.no_grad()
    def measure(self, network: nn.Module, drawn: Draw) -> tuple[float, float]:
        """Return cross-entropy and top-1 accuracy, 0..1, of sets."""
        fused, _ = run(network, drawn.members)
        logits = self._bank(fused) / self._temperature
        labels = torch.from_numpy(drawn.labels)
        right = (logits.argmax(1) == labels).double().mean()
        return float(functional.cross_entropy(logits, labels)), float(right)


def fit(
    network: nn.Module,
    loss_of: Callable[[], Tensor],
    measure: Callable[[], float],
    config: FusionConfig,
    progress: Callable[[int, int], None] = no_progress,
) -> None:
    """Train a network, and leave it in the state that was measured best (lowest).

    Raises:
        TrainingError: The loss is no number.
    """
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad], config.learning_rate,
        weight_decay=config.weight_decay,
    )  # fmt: skip
    best, kept = measure(), _copy(network)
    every = max(1, config.steps // LOOKS)
    for step in range(config.steps):
        network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config.steps, config.learning_rate, 0.05)
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
        if (step + 1) % every == 0 or step + 1 == config.steps:
            if (found := measure()) < best:
                best, kept = found, _copy(network)
            progress(step + 1, config.steps)
    network.load_state_dict(kept)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
