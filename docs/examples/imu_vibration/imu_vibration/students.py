"""The vibration student: its spectrograms are pictures of three channels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from omnibind_ros.learning.students.picture import (
    MIRROR,
    PictureStudent,
    add_noise,
    random_band,
    uniform,
)

from .encoders import FLOOR

IMAGE_INITIALISATION = False
"""A spectrogram of vibrations has nothing in common with an image."""

build = PictureStudent


def augment(
    x: Tensor,
    generator: torch.Generator,
    mirror: float = MIRROR,  # noqa: ARG001 - a vibration has no sides
) -> Tensor:
    """Another order of the axes, stronger or weaker, later, bands of frequency and time missing."""
    order = uniform(x, 0, 1, generator, 3).argsort(1)
    x = torch.gather(x, 1, order[:, :, None, None].expand_as(x))
    x = x + uniform(x, -1.0, 1.0, generator, 1, 1, 1)
    frames = x.shape[3]
    start = (uniform(x, 0, 1, generator) * frames).long()
    index = (torch.arange(frames, device=x.device) + start[:, None]) % frames
    x = torch.gather(x, 3, index[:, None, None, :].expand_as(x))
    masked = random_band(x, 2, 0.2, generator) | random_band(x, 3, 0.2, generator)
    x = torch.where(masked, x.mean((2, 3), keepdim=True), x)
    return add_noise(x, 0.1, generator).clamp(min=math.log(FLOOR))
