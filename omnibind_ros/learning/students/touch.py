"""The touch student: pictures of a gel pad."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .picture import MIRROR, PictureStudent, add_noise, uniform, warp

IMAGE_INITIALISATION = False
"""A pad feels a patch of a surface, not an object: it is 2 points better without."""

build = PictureStudent


def augment(x: Tensor, generator: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and turn on the pad, other gains of its lamps, the camera's noise."""
    x = warp(x, generator, mirror, turn=math.pi / 6, zoom=0.2, shift=0.1, padding="zeros")
    gains = torch.exp(uniform(x, -0.35, 0.35, generator, 3, 1, 1))
    return add_noise(x * gains, 0.006, generator)
