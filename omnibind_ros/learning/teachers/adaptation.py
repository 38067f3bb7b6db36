"""Stage zero: the image teacher's projection into the shared space learns from images first.

The backbone stays frozen. To what the teacher says, a linear map of its features is added; it
begins with zero, so that the teacher begins as it was. Two things keep its open vocabulary: weight
decay, and that what it was trained to name stays where its name is (data-free learning without
forgetting, after Li and Hoiem, arXiv 1606.09282: features of a class are taken to lie along the
classifier's row, as far from the mean as those of real images do).

A projection knows its own training images by heart, so that what it says of them is little more
than their labels. Students can be taught across folds instead (cross-fitting, as stacking does:
Wolpert, Stacked generalization, 1992): each training image is embedded by a projection that was
fitted without its object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.datasets.storage.item import SPLITS
from omnibind_ros.learning.config import AdaptConfig, TrainingError
from omnibind_ros.learning.loop import Loss, Plan, Task, Validation, train
from omnibind_ros.learning.metrics import Accuracy, accuracy
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.progress import Progress, no_progress

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
        taught: float32 [n_image, D], those that students learn from: with several folds, a training
            image's is that of a projection which has not seen its object.
        before: Accuracy by split, of the teacher as it was.
        after: Accuracy by split.
        crossed: Accuracy of `taught` on training images; None without folds.
        kept: Share of the classes that it was trained on which their own name still fits best.
    """

    projection: Projection
    image: npt.NDArray[np.float32]
    taught: npt.NDArray[np.float32]
    before: Mapping[str, Accuracy]
    after: Mapping[str, Accuracy]
    crossed: Accuracy | None
    kept: float

    def figures(self) -> dict[str, object]:
        """Return the figures as JSON can hold them."""
        return {
            "before": {split: found._asdict() for split, found in self.before.items()},
            "after": {split: found._asdict() for split, found in self.after.items()},
            "crossed": self.crossed._asdict() if self.crossed else None,
            "kept": self.kept,
        }

    def packed(self) -> dict[str, Any]:
        """Return it as `checkpoints.save` takes it."""
        return {
            "projection": self.projection.state_dict(),
            "image": torch.from_numpy(self.image),
            "taught": torch.from_numpy(self.taught),
            "before": {split: tuple(found) for split, found in self.before.items()},
            "after": {split: tuple(found) for split, found in self.after.items()},
            "crossed": tuple(self.crossed) if self.crossed else None,
            "kept": self.kept,
        }

    @classmethod
    def unpacked(cls, said: Mapping[str, Any]) -> Adaptation:
        """Return what `packed` packed."""
        projection = Projection(*said["projection"]["weight"].shape)
        projection.load_state_dict(said["projection"])
        before, after = (
            {split: Accuracy(*found) for split, found in said[name].items()}
            for name in ("before", "after")
        )
        return cls(
            projection, said["image"].numpy(), said["taught"].numpy(), before, after,
            Accuracy(*said["crossed"]) if said["crossed"] else None, float(said["kept"]),
        )  # fmt: skip


def anchor_features(projection: Projection, directions: Tensor) -> Tensor:
    """Return features [K, F] of what a classifier's rows [K, F] would call clear cases.

    Features are averages of what was rectified, so that none is negative.
    """
    apart = directions - directions.mean(0)
    apart = apart / apart.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return (projection.mean + projection.scale * apart).clamp(min=0)


def fold_of(
    objects: npt.NDArray[np.str_], labels: npt.NDArray[np.int64], folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """Deal objects into folds, class by class, so that each fold has its part of every class.

    Args:
        objects: [N], the object of each image.
        labels: int [N], its class. An object of several classes is dealt with the last of them.
        folds: How many.
        seed: Decides the order.

    Returns:
        int [N], 0 to folds - 1, the same for all images of an object.
    """
    names, place = np.unique(objects, return_inverse=True)
    classes = np.zeros(len(names), np.int64)
    classes[place] = labels
    order = np.random.default_rng([seed, folds]).permutation(len(names))
    order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % folds
    return np.asarray(fold[place])


@dataclass(frozen=True)
class _Images:
    """A cache's images of classes to learn: what the backbone says of them, and what they are."""

    values: Tensor
    features: Tensor
    labels: Tensor
    splits: npt.NDArray[np.str_]
    objects: npt.NDArray[np.str_]

    @classmethod
    def of(cls, cache: TensorCache, labels: npt.NDArray[np.int64]) -> _Images:
        rows = cache.rows["image"]
        values, features = (
            torch.from_numpy(np.array(a, np.float32)) for a in (cache.image, cache.features)
        )
        return cls(
            values, features, torch.from_numpy(labels[rows]), cache.splits[rows],
            cache.objects[rows],
        )  # fmt: skip

    def places(self, split: str) -> npt.NDArray[np.int64]:
        return np.flatnonzero((self.splits == split) & (self.labels.numpy() >= 0))

    def right(self, bank: ClassSimilarity, z: Tensor, places: npt.NDArray[np.int64]) -> Accuracy:
        """Return how often embeddings [K, D] of the images at K places are right."""
        best = bank(z).argmax(1)
        return accuracy((best == self.labels[places]).numpy(), self.objects[places])

    def by_split(self, bank: ClassSimilarity, image: Tensor) -> dict[str, Accuracy]:
        found = {name: self.places(name) for name in SPLITS}
        return {name: self.right(bank, image[at], at) for name, at in found.items() if len(at)}


def adapt(
    cache: TensorCache,
    bank: ClassSimilarity,
    labels: npt.NDArray[np.int64],
    config: AdaptConfig,
    seed: int,
    progress: Progress = no_progress,
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

    Raises:
        TrainingError: There are fewer training objects than folds.
    """
    images = _Images.of(cache, labels)
    seen = images.places("train")
    crossed = config.folds > 1 and config.epochs > 0 and len(seen) > 0
    total = config.epochs * (1 + config.folds * crossed)

    def fitted(chosen: npt.NDArray[np.int64], number: int) -> tuple[Projection, Tensor]:
        projection = Projection(images.features.shape[1], cache.embedding_size)
        if len(chosen):
            projection.fit_scale(images.features[chosen])
        if len(chosen) and config.epochs:
            fit = _Fit(projection, bank, images, chosen, cache, config, seed)
            fit.run(lambda done, _: progress(number * config.epochs + done, total))
        return projection, _project(projection, images.values, images.features)

    projection, image = fitted(seen, 0)
    taught = image.clone()
    if crossed:
        _check_objects(images.objects[seen], config.folds)
        fold = fold_of(images.objects[seen], images.labels.numpy()[seen], config.folds, seed)
        for number in range(config.folds):
            _, of_fold = fitted(seen[fold != number], number + 1)
            taught[seen[fold == number]] = of_fold[seen[fold == number]]
    return Adaptation(
        projection, image.numpy(), taught.numpy(), images.by_split(bank, images.values),
        images.by_split(bank, image), images.right(bank, taught[seen], seen) if crossed else None,
        _kept(projection, cache),
    )  # fmt: skip


def _check_objects(objects: npt.NDArray[np.str_], folds: int) -> None:
    if (found := len(np.unique(objects))) < folds:
        raise TrainingError(
            f"adapt.folds is {folds}, but there are training images of {found} objects only; "
            "lower it, or add images"
        )


class _Fit(Task[Tensor]):
    """A projection that is fitted to images: cross-entropy over classes, and staying in place."""

    def __init__(
        self,
        projection: Projection,
        bank: ClassSimilarity,
        images: _Images,
        train: npt.NDArray[np.int64],
        cache: TensorCache,
        config: AdaptConfig,
        seed: int,
    ) -> None:
        self._projection, self._bank, self._images, self._config = projection, bank, images, config
        self._values, self._features, self._labels = (
            a[train] for a in (images.values, images.features, images.labels)
        )
        self._validation = images.places("validation")
        self._generator = torch.Generator().manual_seed(seed)
        directions, self._places = (
            torch.from_numpy(np.array(a, np.float32)) for a in cache.anchors
        )
        self._anchors = anchor_features(projection, directions) if len(directions) else None

    def batches(self, epoch: int) -> Iterable[Tensor]:  # noqa: ARG002 - it is never resumed
        order = torch.randperm(len(self._labels), generator=self._generator)
        return order.split(self._config.batch_size)

    def loss(self, batch: Tensor) -> Loss:
        z = self._projection(self._values[batch], self._features[batch])
        loss = functional.cross_entropy(self._bank(z) / self._config.tau, self._labels[batch])
        if self._anchors is not None and self._config.keep:
            moved = self._projection(self._places, self._anchors)
            loss = loss + self._config.keep * (1 - (moved * self._places).sum(1)).mean()
        return Loss(loss, samples=len(batch))

    def validate(self) -> Validation | None:
        if not len(self._validation):
            return None
        values, features = (
            a[self._validation] for a in (self._images.values, self._images.features)
        )
        z = _project(self._projection, values, features)
        return Validation(self._images.right(self._bank, z, self._validation).objects)

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Fit the projection, and leave it in its best state on validation objects."""
        config = self._config
        optimizer = torch.optim.AdamW(
            self._projection.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        steps = math.ceil(len(self._labels) / config.batch_size)
        plan = Plan(
            "the image teacher",
            config.epochs,
            steps,
            lambda step: config.learning_rate * (1 - step // steps / config.epochs),
            advice="look for NaN in the images' embeddings, or lower adapt.learning_rate",
        )
        train(
            self, self._projection, optimizer, plan,
            progress=lambda done, total, _: progress(done, total),
        )  # fmt: skip


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
