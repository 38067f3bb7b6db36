"""Variations of prepared inputs in training, as sensors and scenes vary: one function a modality.

Each takes a batch, a generator and the chance that a sample is mirrored, and returns a batch of the
same shape; on the device where the batch lies. What is written must not be mirrored: a 2 in a
mirror is none.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

LOG_FLOOR = math.log(1e-10)
"""What a log-mel spectrogram has where there is no sound; see encoders/audio.py."""


MIRROR = 0.5
"""Chance that a sample is mirrored: things are as good the other way round."""


class Variation(Protocol):
    """Varies a batch [B, ...]."""

    def __call__(self, x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
        """Return it varied."""


def _uniform(x: Tensor, low: float, high: float, chance: torch.Generator, *shape: int) -> Tensor:
    """Return numbers between two limits, [B, *shape], beside a batch."""
    drawn = torch.rand((len(x), *shape), generator=chance, device=x.device, dtype=x.dtype)
    return low + (high - low) * drawn


def _noise(x: Tensor, deviation: float, chance: torch.Generator) -> Tensor:
    drawn = torch.randn(x.shape, generator=chance, device=x.device, dtype=x.dtype)
    return x + deviation * drawn


def _warp(
    x: Tensor,
    chance: torch.Generator,
    mirror: float,
    *,
    turn: float,
    zoom: float,
    shift: float,
    padding: str,
) -> Tensor:
    """Mirror, turn (radians), scale and shift (share of the side) pictures [B, C, H, W]."""
    angle = _uniform(x, -turn, turn, chance)
    scale = torch.exp(_uniform(x, -zoom, zoom, chance))
    side = torch.where(_uniform(x, 0, 1, chance) < mirror, -1.0, 1.0)
    offset = 2 * _uniform(x, -shift, shift, chance, 2)
    ratio = x.shape[2] / x.shape[3]  # keeps turned pictures from shearing
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    rows = [
        torch.stack([cosine * side, -sine * ratio, offset[:, 0]], 1),
        torch.stack([sine * side / ratio, cosine, offset[:, 1]], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode=padding, align_corners=False)


def _band(x: Tensor, axis: int, share: float, chance: torch.Generator) -> Tensor:
    """Return which places along an axis lie in a band, bool, one band a sample."""
    length = x.shape[axis]
    width = _uniform(x, 0, share * length, chance)
    start = _uniform(x, 0, 1, chance) * (length - width)
    place = torch.arange(length, device=x.device, dtype=x.dtype)
    inside = (place >= start[:, None]) & (place < (start + width)[:, None])
    shape = [len(x)] + [1] * (x.dim() - 1)
    shape[axis] = length
    return inside.reshape(shape)


def augment_touch(x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and turn on the pad, other gains of its lamps, the camera's noise."""
    x = _warp(x, chance, mirror, turn=math.pi / 6, zoom=0.2, shift=0.1, padding="zeros")
    return _noise(x * torch.exp(_uniform(x, -0.35, 0.35, chance, 3, 1, 1)), 0.006, chance)


def augment_thermal(x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and distance, warmer or colder air, more or less contrast, noise, a patch."""
    x = _warp(x, chance, mirror, turn=math.pi / 18, zoom=0.2, shift=0.08, padding="border")
    mean = x.mean((2, 3), keepdim=True)
    gain = torch.exp(_uniform(x, -0.3, 0.3, chance, 1, 1, 1))
    x = mean + (x - mean) * gain + _uniform(x, -4.0, 4.0, chance, 1, 1, 1)
    patch = _band(x, 2, 0.4, chance) & _band(x, 3, 0.4, chance)
    return _noise(torch.where(patch, x.mean((2, 3), keepdim=True), x), 0.05, chance)


def augment_event(x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """Another place and distance, the contrary contrast, the way back, lost and false events."""
    x = _warp(x, chance, mirror, turn=math.pi / 18, zoom=0.15, shift=0.06, padding="zeros")
    # A scene and its negative differ in polarity; backwards in time, edges swap theirs as well.
    x = x * torch.where(_uniform(x, 0, 1, chance, 1, 1, 1) < 0.5, -1.0, 1.0)
    backwards = _uniform(x, 0, 1, chance, 1, 1, 1) < 0.5
    x = torch.where(backwards, -x.flip(1), x)
    kept = _uniform(x, 0, 1, chance, *x.shape[1:]) >= _uniform(x, 0.0, 0.2, chance, 1, 1, 1)
    patch = _band(x, 2, 0.3, chance) & _band(x, 3, 0.3, chance)
    return _noise(torch.where(kept & ~patch, x, 0.0), 0.02, chance)


def augment_points(x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """A little turned and tilted, mirrored, scaled, jittered, and partly lost.

    A cloud is what is seen from the sensor's place: turned far, it is what nobody sees. On a tenth
    of the household data turns of 23 instead of 180 degrees are worth 10 points.
    """
    yaw, roll, pitch = (_uniform(x, -limit, limit, chance) for limit in (0.4, 0.13, 0.13))
    x = x @ _turn(yaw, 0, 1) @ _turn(roll, 1, 2) @ _turn(pitch, 0, 2)
    sign = torch.where(_uniform(x, 0, 1, chance, 1) < mirror, -1.0, 1.0)
    x = x * torch.stack([torch.ones_like(sign), sign, torch.ones_like(sign)], 2)
    x = x * torch.exp(_uniform(x, -0.15, 0.15, chance, 1, 1))
    x = _noise(x, 0.008, chance)
    # As a cloud of few points is filled: with those that it has, in turn.
    order = _uniform(x, 0, 1, chance, x.shape[1]).argsort(1)
    kept = (_uniform(x, 0.5, 1.0, chance) * x.shape[1]).long().clamp(min=1)
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


def augment_picture(x: Tensor, chance: torch.Generator, mirror: float = MIRROR) -> Tensor:
    """An image as another kind of camera might have it: place, colours mixed to grey, blur.

    Seven of ten lose their colours to a random mix of them, a third becomes its negative: what is
    bright in an image may be dark in a thermal one, and an edge has no colour.
    """
    x = _warp(x, chance, mirror, turn=math.pi / 18, zoom=0.2, shift=0.08, padding="border")
    mix = _uniform(x, 0, 1, chance, 3, 1, 1)
    grey = (x * mix / mix.sum(1, keepdim=True)).sum(1, keepdim=True)
    x = torch.where(_uniform(x, 0, 1, chance, 1, 1, 1) < 0.7, grey, x)
    x = torch.where(_uniform(x, 0, 1, chance, 1, 1, 1) < 0.35, 1 - x, x)
    smooth = functional.avg_pool2d(x, 3, 1, 1)
    return torch.where(_uniform(x, 0, 1, chance, 1, 1, 1) < 0.3, smooth, x)


BEHIND = (6.0, 30.0)
"""How much another sound is fainter that is mixed in behind, dB."""

NEPER = math.log(10) / 10
"""Natural logarithm of a power, a decibel."""


def _behind(x: Tensor, chance: torch.Generator) -> Tensor:
    """Mix another sound of the batch behind half of the sounds, log-mel [B, 1, M, T].

    Powers add where phases are random. The level is that of what there is of the sound, so that a
    short one keeps its background: levels between sounds as in Tokozume et al., arXiv 1711.10282,
    who mix sounds of two classes and learn the ratio; here the louder one is named.
    """
    fainter = NEPER * _uniform(x, *BEHIND, chance, 1, 1, 1)
    peaks = x.mean(2, keepdim=True).amax(3, keepdim=True)
    other = x.roll(1, 0)
    other = other + peaks - peaks.roll(1, 0) - fainter
    mixed = torch.logaddexp(x, other.clamp(min=LOG_FLOOR))
    return torch.where(_uniform(x, 0, 1, chance, 1, 1, 1) < 0.5, mixed, x)


def augment_audio(
    x: Tensor,
    chance: torch.Generator,
    mirror: float = MIRROR,  # noqa: ARG001 - sound has no sides
) -> Tensor:
    """Louder or quieter, later, shorter, another sound behind it, bands of time and pitch missing.

    SpecAugment (Park et al., arXiv 1904.08779) masks bands; silence comes first where a sound is
    shorter than the input, as `encoders.audio.prepare` has it.
    """
    frames = x.shape[3]
    x = _behind(x, chance)
    place = torch.arange(frames, device=x.device)
    start = (_uniform(x, 0, 1, chance) * frames).long()
    index = (place + start[:, None]) % frames
    x = torch.gather(x, 3, index[:, None, None, :].expand_as(x))
    x = torch.clamp(x + _uniform(x, -1.5, 1.5, chance, 1, 1, 1), min=LOG_FLOOR)
    masked = _band(x, 2, 0.2, chance) | _band(x, 3, 0.25, chance)
    x = torch.where(masked, x.mean((2, 3), keepdim=True), x)
    length = torch.where(
        _uniform(x, 0, 1, chance) < 0.5, _uniform(x, 0.5, 1.0, chance), torch.ones(len(x)).to(x)
    )
    silent = place < ((1 - length) * frames)[:, None]
    return torch.where(silent[:, None, None, :], LOG_FLOOR, _noise(x, 0.1, chance))


AUGMENT: dict[str, Variation] = {
    "touch": augment_touch,
    "thermal": augment_thermal,
    "event": augment_event,
    "points": augment_points,
    "audio": augment_audio,
}
"""By student modality."""
