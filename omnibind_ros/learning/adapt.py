"""Stage zero: the image teacher's projection into the shared space learns from images first.

The backbone stays frozen. To what the teacher says, a linear map of its features is added; it
begins with zero, so that the teacher begins as it was. Two things keep its open vocabulary: weight
decay, and that what it was trained to name stays where its name is (data-free learning without
forgetting, after Li and Hoiem, arXiv 1606.09282: features of a class are taken to lie along the
classifier's row, as far from the mean as those of real images do).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from .cache import TensorCache
from .config import AdaptConfig, no_progress
from .losses import TorchBank
from .metrics import Accuracy, accuracy

STEP = 1024
"""Images that are projected at a time."""


class Projection(nn.Module):
    """Adds a linear map of a teacher's features to its embeddings."""

    def __init__(self, features: int, size: int) -> None:
        """Create one that changes nothing.

        Args:
            features: Values of a feature vector, F.
            size: Values of an embedding, D.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(()))
        self.weight = nn.Parameter(torch.zeros(features, size))
        self.bias = nn.Parameter(torch.zeros(size))

    def fit_scale(self, features: Tensor) -> None:
        """Take mean and spread from features [N, F], so that those of an image have norm 1."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_((features - self.mean).norm(dim=1).mean().clamp(min=1e-6))

    def forward(self, values: Tensor, features: Tensor) -> Tensor:
        """Return unit embeddings [B, D] for embeddings [B, D] and features [B, F]."""
        moved = values + ((features - self.mean) / self.scale) @ self.weight + self.bias
        return functional.normalize(moved, dim=1)


@dataclass(frozen=True)
class Adaptation:
    """What became of the image teacher.

    Attributes:
        projection: The network.
        image: float32 [n_image, D], the cached images' new embeddings.
        before: Accuracy by split, of the teacher as it was.
        after: Accuracy by split.
        kept: Share of the classes that it was trained on which their own name still fits best.
    """

    projection: Projection
    image: npt.NDArray[np.float32]
    before: Mapping[str, Accuracy]
    after: Mapping[str, Accuracy]
    kept: float

    def figures(self) -> dict[str, object]:
        """Return the figures as JSON can hold them."""
        return {
            "before": {split: found._asdict() for split, found in self.before.items()},
            "after": {split: found._asdict() for split, found in self.after.items()},
            "kept": self.kept,
        }


def anchor_features(projection: Projection, directions: Tensor) -> Tensor:
    """Return features [K, F] of what a classifier's rows [K, F] would call clear cases.

    Features are averages of what was rectified, so that none is negative.
    """
    apart = directions - directions.mean(0)
    apart = apart / apart.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return (projection.mean + projection.scale * apart).clamp(min=0)


def adapt(
    cache: TensorCache,
    bank: TorchBank,
    labels: npt.NDArray[np.int64],
    config: AdaptConfig,
    seed: int,
    progress: Callable[[int, int], None] = no_progress,
) -> Adaptation:
    """Adapt the image teacher of a cache.

    Args:
        cache: With the images' embeddings and features.
        bank: The classes to learn.
        labels: int [n], class of each sample in the bank; -1 for those that training leaves out.
        config: How.
        seed: Decides the order.
        progress: Told (epochs done, epochs).

    Returns:
        The projection with the best accuracy on validation objects.
    """
    values = torch.from_numpy(np.array(cache.image, np.float32))
    features = torch.from_numpy(np.array(cache.features, np.float32))
    of = torch.from_numpy(labels[cache.rows["image"]])
    split = cache.splits[cache.rows["image"]]
    projection = Projection(features.shape[1], cache.embedding_size)
    train = torch.from_numpy(np.flatnonzero((split == "train") & (of.numpy() >= 0)))

    def measure() -> dict[str, Accuracy]:
        objects = cache.objects[cache.rows["image"]]
        image = _project(projection, values, features)
        found = {}
        for name in ("train", "validation", "test"):
            chosen = np.flatnonzero((split == name) & (of.numpy() >= 0))
            if len(chosen):
                best = bank(image[chosen]).argmax(1)
                found[name] = accuracy((best == of[chosen]).numpy(), objects[chosen])
        return found

    if len(train):
        projection.fit_scale(features[train])
    before = measure()
    if len(train) and config.epochs:
        _fit(projection, bank, (values[train], features[train], of[train]), cache, config, seed,
             measure, progress)  # fmt: skip
    image = _project(projection, values, features).numpy()
    return Adaptation(projection, image, before, measure(), _kept(projection, cache))


def _fit(
    projection: Projection,
    bank: TorchBank,
    images: tuple[Tensor, Tensor, Tensor],
    cache: TensorCache,
    config: AdaptConfig,
    seed: int,
    measure: Callable[[], dict[str, Accuracy]],
    progress: Callable[[int, int], None],
) -> None:
    values, features, of = images
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        projection.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    directions, places = (torch.from_numpy(np.array(a, np.float32)) for a in cache.anchors)
    anchors = anchor_features(projection, directions) if len(directions) else None
    best, kept = -1.0, {name: value.clone() for name, value in projection.state_dict().items()}
    for epoch in range(config.epochs):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * (1 - epoch / config.epochs)
        for chosen in torch.randperm(len(of), generator=chance).split(config.batch_size):
            z = projection(values[chosen], features[chosen])
            loss = functional.cross_entropy(bank(z) / config.tau, of[chosen])
            if anchors is not None and config.keep:
                moved = projection(places, anchors)
                loss = loss + config.keep * (1 - (moved * places).sum(1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = measure().get("validation")
        if found is None or found.objects >= best:
            best = found.objects if found else best
            kept = {name: value.clone() for name, value in projection.state_dict().items()}
        progress(epoch + 1, config.epochs)
    projection.load_state_dict(kept)


@torch.no_grad()
def _project(projection: Projection, values: Tensor, features: Tensor) -> Tensor:
    parts = [
        projection(v, f) for v, f in zip(values.split(STEP), features.split(STEP), strict=True)
    ]
    return torch.cat(parts) if len(values) else values


@torch.no_grad()
def _kept(projection: Projection, cache: TensorCache) -> float:
    directions, places = (torch.from_numpy(np.array(a, np.float32)) for a in cache.anchors)
    if not len(directions):
        return 1.0
    moved = projection(places, anchor_features(projection, directions))
    own = torch.arange(len(places))
    return float(((moved @ places.T).argmax(1) == own).float().mean())
