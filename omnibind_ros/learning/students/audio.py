"""The audio student: log-mel spectrograms, which are pictures with edges too."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .picture import MIRROR, PictureStudent, add_noise, random_band, uniform

IMAGE_INITIALISATION = True
"""Worth 3 points of validation samples on a tenth of the household data."""

LOG_FLOOR = math.log(1e-10)
"""Value of a log-mel spectrogram where there is no sound; see encoders/mel.py."""

BEHIND = (6.0, 30.0)
"""How much fainter another sound is that is mixed in behind, dB."""

NEPER = math.log(10) / 10
"""Natural logarithm of a power, a decibel."""

build = PictureStudent


def mix_behind(x: Tensor, generator: torch.Generator) -> Tensor:
    """Mix another sound of the batch behind half of the sounds, log-mel [B, 1, M, T].

    Powers add where phases are random. The level is that of what there is of the sound, so that a
    short one keeps its background: levels between sounds as in Tokozume et al., arXiv 1711.10282,
    who mix sounds of two classes and learn the ratio; here the louder one is named.
    """
    fainter = NEPER * uniform(x, *BEHIND, generator, 1, 1, 1)
    peaks = x.mean(2, keepdim=True).amax(3, keepdim=True)
    other = x.roll(1, 0)
    other = other + peaks - peaks.roll(1, 0) - fainter
    mixed = torch.logaddexp(x, other.clamp(min=LOG_FLOOR))
    return torch.where(uniform(x, 0, 1, generator, 1, 1, 1) < 0.5, mixed, x)


def augment(
    x: Tensor,
    generator: torch.Generator,
    mirror: float = MIRROR,  # noqa: ARG001 - sound has no sides
) -> Tensor:
    """Louder or quieter, later, shorter, another sound behind it, bands of time and pitch missing.

    SpecAugment (Park et al., arXiv 1904.08779) masks bands; silence comes first where a sound is
    shorter than the input, as `encoders.audio.prepare` has it.
    """
    frames = x.shape[3]
    x = mix_behind(x, generator)
    place = torch.arange(frames, device=x.device)
    start = (uniform(x, 0, 1, generator) * frames).long()
    index = (place + start[:, None]) % frames
    x = torch.gather(x, 3, index[:, None, None, :].expand_as(x))
    x = torch.clamp(x + uniform(x, -1.5, 1.5, generator, 1, 1, 1), min=LOG_FLOOR)
    masked = random_band(x, 2, 0.2, generator) | random_band(x, 3, 0.25, generator)
    x = torch.where(masked, x.mean((2, 3), keepdim=True), x)
    length = torch.where(
        uniform(x, 0, 1, generator) < 0.5,
        uniform(x, 0.5, 1.0, generator),
        torch.ones(len(x)).to(x),
    )
    silent = place < ((1 - length) * frames)[:, None]
    return torch.where(silent[:, None, None, :], LOG_FLOOR, add_noise(x, 0.1, generator))
