"""The network of a picture of any kind: colours, the image teacher's first layers, an embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .backbone import CHANNELS, Backbone


class Head(nn.Module):
    """From features to a unit embedding."""

    def __init__(self, n_in: int, size: int, dropout: float) -> None:
        """Create it for n_in features and embeddings of a size."""
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(n_in, size)

    def forward(self, features: Tensor) -> Tensor:
        """Return unit embeddings [B, size] of features [B, n_in]."""
        return unit(self.project(self.dropout(features)))


class PictureStudent(nn.Module):
    """The first layers of the image teacher over a picture with any number of channels."""

    def __init__(
        self,
        spec: TensorSpec,
        size: int,
        dropout: float,
        taught: bool = False,
        start: Callable[[], tuple[nn.Module, int]] | None = None,
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, C, H, W].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            taught: Whether it begins with the teacher's weights.
            start: Makes what comes first and tells its channels; None for batch normalisation,
                which learns the scale of the input.

        Raises:
            TrainingError: The teacher's weights are not installed.
        """
        super().__init__()
        channels = spec.shape[1]
        self.start, channels = start() if start else (nn.BatchNorm2d(channels), channels)
        self.colour = nn.Sequential(nn.Conv2d(channels, 3, 1, bias=False), nn.BatchNorm2d(3))
        self.body = Backbone()
        if taught:
            self.body.take_over()
        self.head = Head(2 * CHANNELS, size, dropout)

    def begin_as(self, state: Mapping[str, Any]) -> None:
        """Take over layers and head of another student of pictures, whatever its input."""
        for name in ("body", "head"):
            part = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(name)}
            getattr(self, name).load_state_dict(part)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of prepared samples [B, C, H, W]."""
        return self.head(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Return what the head makes an embedding of, [B, 2 * CHANNELS]."""
        x = self.body(self.colour(self.start(x)))
        # Mean and maximum, as PANNs do: what fills the picture, and what is there somewhere.
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def unit(vectors: Tensor) -> Tensor:
    """Return vectors [B, D] at length one; those of length zero stay."""
    return vectors / (vectors.square().sum(1, keepdim=True) + 1e-12).sqrt()
