"""The thermal student: pictures of temperatures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import MIRROR, PictureStudent, add_noise, random_band, uniform, warp

IMAGE_INITIALISATION = True
"""Worth 10 points of validation samples on a tenth of the household data."""


class Standardise(nn.Module):
    """A thermal picture as two channels: its contrast, and its temperatures.

    The first channel has the scene's own mean and deviation removed, since the air's temperature
    tells little about the objects; the second keeps the temperatures, in units of 10 degrees.
    """

    def forward(self, celsius: Tensor) -> Tensor:
        """Return [B, 2, H, W] for degrees Celsius, [B, 1, H, W]."""
        apart = celsius - celsius.mean((2, 3), keepdim=True)
        deviation = (apart.square().mean((2, 3), keepdim=True) + 0.01).sqrt()
        return torch.cat([apart / deviation, (celsius - 22.0) / 10.0], 1)


def build(spec: TensorSpec, size: int, dropout: float, pretrained: bool = False) -> PictureStudent:
    """Build the network; see `students`."""
    return PictureStudent(spec, size, dropout, pretrained, lambda: (Standardise(), 2))


def augment(x: Tensor, generator: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and distance, warmer or colder air, more or less contrast, noise, a patch."""
    x = warp(x, generator, mirror, turn=math.pi / 18, zoom=0.2, shift=0.08, padding="border")
    mean = x.mean((2, 3), keepdim=True)
    gain = torch.exp(uniform(x, -0.3, 0.3, generator, 1, 1, 1))
    x = mean + (x - mean) * gain + uniform(x, -4.0, 4.0, generator, 1, 1, 1)
    patch = random_band(x, 2, 0.4, generator) & random_band(x, 3, 0.4, generator)
    return add_noise(torch.where(patch, x.mean((2, 3), keepdim=True), x), 0.05, generator)
