"""The event student: voxel grids of an event camera."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import MIRROR, PictureStudent, add_noise, random_band, uniform, warp

IMAGE_INITIALISATION = True
"""Worth 13 points of validation samples on a tenth of the household data."""


class Edges(nn.Module):
    """A voxel grid of events beside its magnitude: where something moved, either way.

    Which polarity an edge has depends on the way that it moves, and on what lies behind.
    """

    def __init__(self, bins: int) -> None:
        """Create it for a number of bins of time."""
        super().__init__()
        self.norm = nn.BatchNorm2d(2 * bins)

    def forward(self, grid: Tensor) -> Tensor:
        """Return [B, 2 * bins, H, W] for [B, bins, H, W]."""
        return self.norm(torch.cat([grid, grid.abs()], 1))


def build(spec: TensorSpec, size: int, dropout: float, pretrained: bool = False) -> PictureStudent:
    """Build the network; see `students`."""
    bins = spec.shape[1]
    return PictureStudent(spec, size, dropout, pretrained, lambda: (Edges(bins), 2 * bins))


def augment(x: Tensor, generator: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and distance, the contrary contrast, the way back, lost and false events."""
    x = warp(x, generator, mirror, turn=math.pi / 18, zoom=0.15, shift=0.06, padding="zeros")
    # A scene and its negative differ in polarity; backwards in time, edges swap theirs as well.
    x = x * torch.where(uniform(x, 0, 1, generator, 1, 1, 1) < 0.5, -1.0, 1.0)
    backwards = uniform(x, 0, 1, generator, 1, 1, 1) < 0.5
    x = torch.where(backwards, -x.flip(1), x)
    kept = uniform(x, 0, 1, generator, *x.shape[1:]) >= uniform(x, 0.0, 0.2, generator, 1, 1, 1)
    patch = random_band(x, 2, 0.3, generator) & random_band(x, 3, 0.3, generator)
    return add_noise(torch.where(kept & ~patch, x, 0.0), 0.02, generator)
