"""The adaptation of the image teacher: its projection learns from the dataset's images first.

The backbone stays frozen. A linear map of its features is added to the teacher's embeddings; it
begins with zero, so that the teacher begins as it was. Two things keep its open vocabulary: weight
decay, and a term that keeps the classes that it was trained on at their names (data-free learning
without forgetting, after Li and Hoiem, arXiv 1606.09282: features of a class are taken to lie along
the classifier's row, as far from the mean as those of real images do).

A projection fits its own training images so closely that their embeddings are little more than
labels. Students can learn from out-of-fold embeddings instead (cross-fitting, as in stacking:
Wolpert, Stacked generalization, 1992): each training image is embedded by a projection that was
fitted without its object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from omnibind_ros.datasets.storage.item import SPLITS
from omnibind_ros.learning.config import AdaptConfig, TrainingError
from omnibind_ros.learning.loop import Loss, Plan, Task, Validation, train
from omnibind_ros.learning.metrics import Accuracy, accuracy
from omnibind_ros.learning.prototypes import ClassSimilarity
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.progress import Progress, no_progress

from .projection import Adaptation, Projection

Ints = npt.NDArray[np.int64]


def adapt(
    cache: TensorCache,
    similarity: ClassSimilarity,
    labels: Ints,
    config: AdaptConfig,
    seed: int,
    progress: Progress = no_progress,
) -> Adaptation:
    """Adapt the image teacher of a cache.

    Args:
        cache: With the images' embeddings and features.
        similarity: The classes to learn.
        labels: int [n], class of each sample; -1 for those that training leaves out.
        config: How.
        seed: Decides the order.
        progress: Called with the epochs done and all epochs.

    Returns:
        The projection with the best accuracy on validation objects.

    Raises:
        TrainingError: There are fewer training objects than folds, or the loss is not finite.
    """
    images = _Images(cache, labels)
    training = images.places("train")
    crossed = config.folds > 1 and config.epochs > 0 and len(training) > 0
    total = config.epochs * (1 + config.folds * crossed)

    def fit(chosen: Ints, number: int) -> tuple[Projection, Tensor]:
        """Fit a projection to some images; return it, and the embeddings of all images."""
        task = _ProjectionTask(images, chosen, similarity, config, seed)
        if len(chosen) and config.epochs:
            task.fit(lambda done: progress(number * config.epochs + done, total))
        return task.projection, task.embed(slice(None))

    projection, image = fit(training, 0)
    targets = image.clone()
    if crossed:
        _check_objects(images.objects[training], config.folds)
        fold = split_into_folds(
            images.objects[training], images.labels.numpy()[training], config.folds, seed
        )
        for number in range(config.folds):
            _, of_fold = fit(training[fold != number], number + 1)
            targets[training[fold == number]] = of_fold[training[fold == number]]
    return Adaptation(
        projection,
        image.numpy(),
        targets.numpy(),
        images.accuracies(similarity, images.values),
        images.accuracies(similarity, image),
        images.accuracy(similarity, targets[training], training) if crossed else None,
        _kept(projection, images),
    )


class _Images:
    """The images of a cache: the frozen backbone's outputs, classes, splits and objects."""

    def __init__(self, cache: TensorCache, labels: Ints) -> None:
        rows, targets = cache.index.rows["image"], cache.targets
        self.values, self.features = _floats(targets.image), _floats(targets.features)
        self.directions, self.anchors = (_floats(array) for array in targets.anchors)
        self.labels = torch.from_numpy(labels[rows])
        self.splits, self.objects = cache.index.splits[rows], cache.index.objects[rows]
        self.size = cache.embedding_size

    def places(self, split: str) -> Ints:
        """Return which images are of a split and of a class to learn, int [K]."""
        return np.flatnonzero((self.splits == split) & (self.labels.numpy() >= 0))

    def accuracy(self, similarity: ClassSimilarity, z: Tensor, places: Ints) -> Accuracy:
        """Return the accuracy of embeddings [K, D] of the images at K places."""
        best = similarity(z).argmax(1)
        return accuracy((best == self.labels[places]).numpy(), self.objects[places])

    def accuracies(self, similarity: ClassSimilarity, z: Tensor) -> dict[str, Accuracy]:
        """Return the accuracy of embeddings [n, D] of all images by split."""
        places = {name: self.places(name) for name in SPLITS}
        return {n: self.accuracy(similarity, z[at], at) for n, at in places.items() if len(at)}


def _floats(array: npt.NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


class _ProjectionTask(Task[Tensor]):
    """A projection that is fitted to images: cross-entropy, and keeping what it could name."""

    def __init__(
        self,
        images: _Images,
        training: Ints,
        similarity: ClassSimilarity,
        config: AdaptConfig,
        seed: int,
    ) -> None:
        self._images, self._similarity, self._config = images, similarity, config
        self._values, self._features, self._labels = (
            tensor[training] for tensor in (images.values, images.features, images.labels)
        )
        self._validation = images.places("validation")
        self._generator = torch.Generator().manual_seed(seed)
        self.projection = Projection(images.features.shape[1], images.size)
        if len(training):
            self.projection.fit_scale(self._features)
        self._anchors = self.projection.anchor_features(images.directions)

    def fit(self, progress: Callable[[int], None]) -> None:
        """Fit the projection, and leave it in its best state on validation objects."""
        config = self._config
        optimizer = torch.optim.AdamW(
            self.projection.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        steps = math.ceil(len(self._labels) / config.batch_size)
        plan = Plan(
            "the image teacher",
            config.epochs,
            steps,
            # The rate falls from epoch to epoch, in a straight line to zero.
            lambda step: config.learning_rate * (1 - step // steps / config.epochs),
            advice="look for NaN in the dataset, or lower adapt.learning_rate",
        )
        train(self, self.projection, optimizer, plan, progress=lambda done, *_: progress(done))

    def batches(self, epoch: int) -> Iterable[Tensor]:  # noqa: ARG002 - there are no checkpoints
        """Draw the epoch's images, each once."""
        order = torch.randperm(len(self._labels), generator=self._generator)
        return order.split(self._config.batch_size)

    def loss(self, batch: Tensor) -> Loss:
        """Return the cross-entropy, and the distance of the anchors from their names."""
        z = self.projection(self._values[batch], self._features[batch])
        loss = functional.cross_entropy(self._similarity(z) / self._config.tau, self._labels[batch])
        if len(self._anchors) and self._config.keep:
            moved = self.projection(self._images.anchors, self._anchors)
            loss = loss + self._config.keep * (1 - (moved * self._images.anchors).sum(1)).mean()
        return Loss(loss, samples=len(batch))

    def validate(self) -> Validation | None:
        """Return the accuracy on validation objects, if there are any."""
        if not len(self._validation):
            return None
        z = self.embed(self._validation)
        return Validation(self._images.accuracy(self._similarity, z, self._validation).objects)

    def embed(self, places: Ints | slice) -> Tensor:
        """Return the embeddings of images at some places, [K, D]."""
        return self.projection.project(self._images.values[places], self._images.features[places])


def split_into_folds(objects: npt.NDArray[np.str_], labels: Ints, folds: int, seed: int) -> Ints:
    """Split objects into folds, class by class, so that each fold has its part of every class.

    Args:
        objects: [N], the object of each image.
        labels: int [N], its class. An object of several classes counts to the last of them.
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


def _check_objects(objects: npt.NDArray[np.str_], folds: int) -> None:
    if (found := len(np.unique(objects))) < folds:
        raise TrainingError(
            f"adapt.folds is {folds}, but there are training images of {found} objects only; "
            "lower it, or add images"
        )


@torch.no_grad()
def _kept(projection: Projection, images: _Images) -> float:
    """Return the share of the teacher's own classes whose name is still the nearest, 0 to 1."""
    if not len(images.directions):
        return 1.0
    moved = projection(images.anchors, projection.anchor_features(images.directions))
    own = torch.arange(len(images.anchors))
    return float(((moved @ images.anchors.T).argmax(1) == own).float().mean())
