"""The image student: small images, varied as if another kind of camera had taken them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import MIRROR, PictureStudent, uniform, warp

SIDE = 64
"""Side of the images, pixels."""

INPUT = TensorSpec("image", (1, 3, SIDE, SIDE), "float32", "NCHW", "RGB, 0..1")

IMAGE_INITIALISATION = True

build = PictureStudent


def augment(x: Tensor, generator: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """An image as another kind of camera might have it: place, colours mixed to grey, blur.

    Seven of ten lose their colours to a random mix of them, a third becomes its negative: what is
    bright in an image may be dark in a thermal one, and an edge has no colour.
    """
    x = warp(x, generator, mirror, turn=math.pi / 18, zoom=0.2, shift=0.08, padding="border")
    mix = uniform(x, 0, 1, generator, 3, 1, 1)
    grey = (x * mix / mix.sum(1, keepdim=True)).sum(1, keepdim=True)
    x = torch.where(uniform(x, 0, 1, generator, 1, 1, 1) < 0.7, grey, x)
    x = torch.where(uniform(x, 0, 1, generator, 1, 1, 1) < 0.35, 1 - x, x)
    smooth = functional.avg_pool2d(x, 3, 1, 1)
    return torch.where(uniform(x, 0, 1, generator, 1, 1, 1) < 0.3, smooth, x)
