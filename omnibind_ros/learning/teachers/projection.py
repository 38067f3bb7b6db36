"""The projection that is added to the image teacher, and the result of its adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.arrays import Floats
from omnibind_ros.learning.metrics import Accuracy

BATCH = 1024
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
        """Take mean and scale from features [N, F], so that those of an image have norm 1."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_((features - self.mean).norm(dim=1).mean().clamp(min=1e-6))

    def forward(self, values: Tensor, features: Tensor) -> Tensor:
        """Return unit embeddings [B, D] for embeddings [B, D] and features [B, F]."""
        moved = values + ((features - self.mean) / self.scale) @ self.weight + self.bias
        return functional.normalize(moved, dim=1)

    @torch.no_grad()
    def project(self, values: Tensor, features: Tensor) -> Tensor:
        """Return the unit embeddings of any number of images, without gradients."""
        if not len(values):
            return values
        batches = zip(values.split(BATCH), features.split(BATCH), strict=True)
        return torch.cat([self(v, f) for v, f in batches])

    def anchor_features(self, directions: Tensor) -> Tensor:
        """Return features [K, F] of clear examples of K classes, rows [K, F] of a classifier.

        Features are means of rectified activations, so that none is negative.
        """
        if not len(directions):
            return directions
        apart = directions - directions.mean(0)
        apart = apart / apart.norm(dim=1, keepdim=True).clamp(min=1e-6)
        return (self.mean + self.scale * apart).clamp(min=0)


@dataclass(frozen=True)
class Adaptation:
    """The result of the adaptation of an image teacher.

    Attributes:
        projection: The network.
        image: float32 [n_image, D], the cached images' new embeddings.
        targets: float32 [n_image, D], those that students learn from: with several folds, a
            training image's is that of a projection which was fitted without its object.
        before: Accuracy by split, of the teacher as it was.
        after: Accuracy by split.
        crossed: Accuracy of `targets` on training images; None without folds.
        kept: Share of the teacher's own classes whose name is still the nearest, 0 to 1.
    """

    projection: Projection
    image: Floats
    targets: Floats
    before: Mapping[str, Accuracy]
    after: Mapping[str, Accuracy]
    crossed: Accuracy | None
    kept: float

    def metrics(self) -> dict[str, object]:
        """Return the accuracies as JSON can hold them."""
        return {
            "before": {split: found._asdict() for split, found in self.before.items()},
            "after": {split: found._asdict() for split, found in self.after.items()},
            "crossed": self.crossed._asdict() if self.crossed else None,
            "kept": self.kept,
        }

    def pack(self) -> dict[str, Any]:
        """Return it as `checkpoints.save` takes it."""
        return {
            "projection": self.projection.state_dict(),
            "image": torch.from_numpy(self.image),
            "taught": torch.from_numpy(self.targets),  # the file's name for `targets`
            "before": {split: tuple(found) for split, found in self.before.items()},
            "after": {split: tuple(found) for split, found in self.after.items()},
            "crossed": tuple(self.crossed) if self.crossed else None,
            "kept": self.kept,
        }

    @classmethod
    def unpack(cls, content: Mapping[str, Any]) -> Adaptation:
        """Return what `pack` packed."""
        projection = Projection(*content["projection"]["weight"].shape)
        projection.load_state_dict(content["projection"])
        before, after = (
            {split: Accuracy(*found) for split, found in content[name].items()}
            for name in ("before", "after")
        )
        return cls(
            projection,
            content["image"].numpy(),
            content["taught"].numpy(),
            before,
            after,
            Accuracy(*content["crossed"]) if content["crossed"] else None,
            float(content["kept"]),
        )
