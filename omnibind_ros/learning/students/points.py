"""The points student: a cloud is drawn from three sides, and the drawings are a picture."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import PictureStudent, unit

SIDE = 64
"""Pixels of a drawing's side."""

EXTENT = 2.4
"""Half of what a drawing shows, in root mean squares of the points' distances to their centroid."""

SPOT = 1.0
"""Standard deviation of what a point leaves on a drawing, pixels."""

SIDES = ((1, 2, 0), (0, 2, 1), (1, 0, 2))
"""Axes across, up and into each drawing: from the front, as the sensor sees it, from the side and
from above."""


class Drawing(nn.Module):
    """Points as pictures of where there are any, and how deep.

    What a point leaves is a Gaussian, which is a product of one along each axis, so that drawing is
    a product of matrices: [rows, points] by [points, columns]. The order of points is all one.
    """

    place: Tensor

    def __init__(self) -> None:
        """Create it; there is nothing to learn."""
        super().__init__()
        self.register_buffer("place", torch.linspace(EXTENT, -EXTENT, SIDE), persistent=False)
        pixel = 2 * EXTENT / (SIDE - 1)
        self.sharpness = 0.5 / (SPOT * pixel) ** 2

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, 2 * len(SIDES), SIDE, SIDE] for points [B, P, 3], x forward, y left, z up."""
        maps = []
        for across, up, depth in SIDES:
            column, row = self._spots(x[:, :, across, None]), self._spots(x[:, :, up, None])
            cover = row.transpose(1, 2) @ column
            deep = row.transpose(1, 2) @ (column * x[:, :, depth, None])
            maps += [1 - torch.exp(-cover), deep / (cover + 0.1)]
        return torch.stack(maps, 1)

    def _spots(self, coordinate: Tensor) -> Tensor:
        """Return [B, P, SIDE]: what points [B, P, 1] leave along one axis."""
        return torch.exp(-self.sharpness * (coordinate - self.place).square())


class PointStudent(PictureStudent):
    """Draws a cloud at one size, since a room is a hundred times as large as a cup.

    How large it is joins at the end. Where the sensor stood counts: seen from the front a chair
    looks as it does in an image, and the image student knows that.
    """

    def __init__(
        self, spec: TensorSpec, size: int, dropout: float, taught: bool = False
    ) -> None:  # fmt: skip
        """Create a network.

        Args:
            spec: Its input, [1, P, 3].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            taught: Whether it begins with the teacher's weights.

        Raises:
            TrainingError: The teacher's weights are not installed.
        """
        drawn = replace(spec, shape=(1, 2 * len(SIDES), SIDE, SIDE))
        super().__init__(drawn, size, dropout, taught)
        self.drawing = Drawing()
        self.large = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, size))
        # At first its size tells nothing, as nobody has learnt yet what it tells.
        nn.init.zeros_(self.large[2].weight)
        nn.init.zeros_(self.large[2].bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of clouds [B, P, 3], metres around their centroid."""
        radius = (x.square().sum(2).mean(1)[:, None, None] + 1e-6).sqrt()
        features = self.head.dropout(self.features(self.drawing(x / radius)))
        return unit(self.head.project(features) + self.large(radius[:, 0].log()))
