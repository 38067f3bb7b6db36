"""The points student: a cloud is drawn from three sides, and the drawings are a picture.

Clouds drawn from several sides are classified by networks of images as well as by those of points
(SimpleView, Goyal et al., arXiv 2106.05304).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.config import TrainingError

from .picture import MIRROR, PictureStudent, add_noise, uniform, unit

IMAGE_INITIALISATION = True
"""Seen from the front, a cloud looks as it does in an image, which the image student knows."""

SIDE = 64
"""Pixels of a drawing's side."""

EXTENT = 2.4
"""Half of what a drawing shows, in root mean squares of the points' distances to their centroid."""

SPOT = 1.0
"""Standard deviation of what a point leaves on a drawing, pixels."""

LEAST = -40.0
"""Least logarithm of what a point leaves; processors are slow with the numbers below e^-87."""

PITCH = math.radians(45)
"""Largest angle between a sensor's axis and a level frame, radians."""

JITTER = (0.03, 0.008)
"""Noise of training: share of a cloud's radius, and most, m; 8 mm would leave a cup no handle."""

SIDES = ((1, 2, 0), (0, 2, 1), (1, 0, 2))
"""Axes across, up and into each drawing: from the front, as the sensor sees it, from the side and
from above."""


class Drawing(nn.Module):
    """Points as pictures of where there are any, and how deep.

    What a point leaves is a Gaussian, which is a product of one along each axis, so that drawing is
    a product of matrices: [rows, points] by [points, columns]. The order of points does not matter.
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
        logarithm = -self.sharpness * (coordinate - self.place).square()
        return torch.exp(logarithm.clamp(min=LEAST))


class PointStudent(PictureStudent):
    """Draws a cloud at one size, since a room is a hundred times as large as a cup.

    How large it is joins at the end.
    """

    def __init__(
        self, spec: TensorSpec, size: int, dropout: float, pretrained: bool = False
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, P, 3].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            pretrained: Whether the backbone begins with the image teacher's weights.

        Raises:
            TrainingError: The input is no cloud, or the teacher's weights are not installed.
        """
        if len(spec.shape) != 3 or spec.shape[2] != 3:
            raise TrainingError(
                f"the input {spec.name} has the shape {list(spec.shape)} and is no cloud of points "
                "[1, P, 3]; choose another architecture"
            )
        drawn = replace(spec, shape=(1, 2 * len(SIDES), SIDE, SIDE))
        super().__init__(drawn, size, dropout, pretrained)
        self.drawing = Drawing()
        self.large = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, size))
        self.reset_size()

    def reset_size(self) -> None:
        """Let the size change nothing at first: training learns what it tells."""
        nn.init.zeros_(self.large[2].weight)
        nn.init.zeros_(self.large[2].bias)

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings [B, D] and features of clouds [B, P, 3], metres around the centroid."""
        radius = radius_of(x)
        features = self.features(self.drawing(x / radius))
        projected = self.head.project(self.head.dropout(features))
        return unit(projected + self.large(radius[:, 0].log())), features

    def colours(self, x: Tensor) -> Tensor:
        """Return what the layers of the image teacher get, [B, 3, SIDE, SIDE], of clouds."""
        return super().colours(self.drawing(x / radius_of(x)))


def radius_of(x: Tensor) -> Tensor:
    """Return the root mean square distances [B, 1, 1] of clouds [B, P, 3] to their centroids."""
    return (x.square().sum(2).mean(1)[:, None, None] + 1e-6).sqrt()


build = PointStudent


def augment(x: Tensor, generator: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """A little turned and tilted, mirrored, scaled, jittered, and partly lost.

    A cloud is what is seen from the sensor's place: turned far, it is what nobody sees. On a tenth
    of the household data turns of 23 instead of 180 degrees are worth 10 points. A fifth is pitched
    by up to `PITCH`, as a cloud is whose frame has its origin elsewhere than the sensor.
    """
    yaw, roll, pitch = (uniform(x, -limit, limit, generator) for limit in (0.4, 0.13, 0.13))
    far = uniform(x, -PITCH, PITCH, generator)
    pitch = torch.where(uniform(x, 0, 1, generator) < 0.2, far, pitch)
    x = x @ _turn(yaw, 0, 1) @ _turn(roll, 1, 2) @ _turn(pitch, 0, 2)
    sign = torch.where(uniform(x, 0, 1, generator, 1) < mirror, -1.0, 1.0)
    x = x * torch.stack([torch.ones_like(sign), sign, torch.ones_like(sign)], 2)
    x = x * torch.exp(uniform(x, -0.15, 0.15, generator, 1, 1))
    x = add_noise(x, torch.clamp(JITTER[0] * radius_of(x), max=JITTER[1]), generator)
    # As a cloud of few points is filled: with those that it has, in turn.
    order = uniform(x, 0, 1, generator, x.shape[1]).argsort(1)
    kept = (uniform(x, 0.5, 1.0, generator) * x.shape[1]).long().clamp(min=1)
    place = torch.arange(x.shape[1], device=x.device) % kept[:, None]
    index = torch.gather(order, 1, place)[..., None].expand_as(x)
    x = torch.gather(x, 1, index)
    return x - x.mean(1, keepdim=True)


def _turn(angle: Tensor, first: int, second: int) -> Tensor:
    """Return rotations [B, 3, 3] in the plane of two axes."""
    turns = torch.eye(3, device=angle.device, dtype=angle.dtype).repeat(len(angle), 1, 1)
    turns[:, first, first] = turns[:, second, second] = torch.cos(angle)
    turns[:, first, second] = torch.sin(angle)
    turns[:, second, first] = -torch.sin(angle)
    return turns
