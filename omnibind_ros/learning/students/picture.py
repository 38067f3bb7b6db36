"""The network of a picture of any kind, and random variations of pictures.

A picture (gel, temperature, voxel grid, log-mel spectrogram, a drawn cloud) becomes three channels
of colour and goes through the first layers of the image teacher's own network, EfficientNet-Lite0
up to its fifth stage (Tan and Le, arXiv 1905.11946, without squeeze-and-excitation and with ReLU6);
then it is pooled and projected. These layers may begin with the image teacher's weights
(`pretrained`), which come from ImageNet, as the literature begins for log-mel (PSLA, arXiv
2102.01243), gel images (Touch and Go, arXiv 2211.12498) and voxel grids of events (N-ImageNet,
arXiv 2112.01041).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.config import TrainingError

from .pretrained import load_pretrained

MIRROR = 0.5
"""Default probability that a sample is mirrored: most objects are as good the other way round."""


class Stage(NamedTuple):
    """Blocks of one resolution: kernel, stride of the first, expansion, channels, how many."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


STEM = 32
STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
)
CHANNELS = STAGES[-1].channels
"""Channels of the backbone's features."""


def _norm(channels: int) -> nn.BatchNorm2d:
    # The original's momentum of 0.01 would keep ImageNet's statistics through a short training.
    return nn.BatchNorm2d(channels, eps=1e-3)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow; with a shortcut where the shapes allow it."""

    def __init__(self, n_in: int, stage: Stage, stride: int) -> None:
        """Create a block of a stage from n_in channels, with a stride."""
        super().__init__()
        wide = n_in * stage.expansion
        self.expand: nn.Module | None = None
        if stage.expansion > 1:
            self.expand = nn.Conv2d(n_in, wide, 1, bias=False)
            self.expand_norm = _norm(wide)
        self.depthwise = nn.Conv2d(
            wide, wide, stage.kernel, stride, stage.kernel // 2, groups=wide, bias=False
        )
        self.depthwise_norm = _norm(wide)
        self.project = nn.Conv2d(wide, stage.channels, 1, bias=False)
        self.project_norm = _norm(stage.channels)
        self.shortcut = stride == 1 and n_in == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, channels, H / stride, W / stride] for [B, n_in, H, W]."""
        y = x
        if self.expand is not None:
            y = functional.relu6(self.expand_norm(self.expand(y)))
        y = functional.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.shortcut else y


class Backbone(nn.Module):
    """Pictures [B, 3, H, W] to features [B, CHANNELS, H / 16, W / 16]."""

    def __init__(self) -> None:
        """Create it with random weights."""
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self.stem_norm = _norm(STEM)
        blocks = []
        channels = STEM
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(InvertedResidual(channels, stage, 1 if number else stage.stride))
                channels = stage.channels
        self.blocks = nn.Sequential(*blocks)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # He et al., arXiv 1502.01852
                nn.init.kaiming_normal_(layer.weight)
        # Channels last: a step of training takes less than half the time on a processor.
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return features [B, CHANNELS, H / 16, W / 16] of pictures [B, 3, H, W]."""
        features: Tensor = self.blocks(functional.relu6(self.stem_norm(self.stem(x))))
        return features


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


def unit(vectors: Tensor) -> Tensor:
    """Return vectors [B, D] at length one; those of length zero stay."""
    return vectors / (vectors.square().sum(1, keepdim=True) + 1e-12).sqrt()


class PictureStudent(nn.Module):
    """The first layers of the image teacher over a picture with any number of channels."""

    def __init__(
        self,
        spec: TensorSpec,
        size: int,
        dropout: float,
        pretrained: bool = False,
        start: Callable[[], tuple[nn.Module, int]] | None = None,
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, C, H, W].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            pretrained: Whether the backbone begins with the image teacher's weights.
            start: Makes the first layers, and returns them with their number of channels; None:
                batch normalisation, which learns the scale of the input.

        Raises:
            TrainingError: The input is no picture, or the teacher's weights are not installed.
        """
        super().__init__()
        if len(spec.shape) != 4:
            raise TrainingError(
                f"the input {spec.name} has the shape {list(spec.shape)} and is no picture "
                "[1, C, H, W]; choose another architecture"
            )
        channels = spec.shape[1]
        self.start, channels = start() if start else (nn.BatchNorm2d(channels), channels)
        self.colour = nn.Sequential(nn.Conv2d(channels, 3, 1, bias=False), nn.BatchNorm2d(3))
        self.body = Backbone()
        if pretrained:
            load_pretrained(self.body)
        self.head = Head(2 * CHANNELS, size, dropout)

    def load_image_student(self, state: Mapping[str, Any]) -> None:
        """Take the weights of backbone and head from another student, whatever its input."""
        for name in ("body", "head"):
            part = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(name)}
            getattr(self, name).load_state_dict(part)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of prepared samples [B, C, H, W]."""
        return self.outputs(x)[0]

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit embeddings [B, D] and the features that they project, [B, 2 * CHANNELS]."""
        features = self.features(x)
        return self.head(features), features

    def features(self, x: Tensor) -> Tensor:
        """Return the features that the head projects, [B, 2 * CHANNELS]."""
        return pooled(self.body(self.colour(self.start(x))))

    def colours(self, x: Tensor) -> Tensor:
        """Return what the layers of the image teacher get, [B, 3, H, W], of samples [B, ...]."""
        coloured: Tensor = self.colour(self.start(x))
        return coloured


def pooled(x: Tensor) -> Tensor:
    """Return mean and maximum [B, 2 * C] of activations [B, C, H, W] (PANNs, arXiv 1912.10211)."""
    return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def uniform(x: Tensor, low: float, high: float, generator: torch.Generator, *shape: int) -> Tensor:
    """Return random numbers between two limits for each sample of a batch, [B, *shape]."""
    drawn = torch.rand((len(x), *shape), generator=generator, device=x.device, dtype=x.dtype)
    return low + (high - low) * drawn


def add_noise(x: Tensor, deviation: float | Tensor, generator: torch.Generator) -> Tensor:
    """Return a batch with Gaussian noise of a standard deviation added to each value."""
    drawn = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x + deviation * drawn


def warp(
    x: Tensor,
    generator: torch.Generator,
    mirror: float,
    *,
    turn: float,
    zoom: float,
    shift: float,
    padding: str,
) -> Tensor:
    """Mirror, turn (radians), scale and shift (share of the side) pictures [B, C, H, W]."""
    angle = uniform(x, -turn, turn, generator)
    scale = torch.exp(uniform(x, -zoom, zoom, generator))
    side = torch.where(uniform(x, 0, 1, generator) < mirror, -1.0, 1.0)
    offset = 2 * uniform(x, -shift, shift, generator, 2)
    ratio = x.shape[2] / x.shape[3]  # keeps turned pictures from shearing
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    rows = [
        torch.stack([cosine * side, -sine * ratio, offset[:, 0]], 1),
        torch.stack([sine * side / ratio, cosine, offset[:, 1]], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode=padding, align_corners=False)


def random_band(x: Tensor, axis: int, share: float, generator: torch.Generator) -> Tensor:
    """Return a mask, bool [B, 1, ..., length, ..., 1]: one band along an axis for each sample.

    Args:
        x: The batch.
        axis: Along which the band lies.
        share: Largest width of a band, as a share of the axis.
        generator: Draws width and place.
    """
    length = x.shape[axis]
    width = uniform(x, 0, share * length, generator)
    start = uniform(x, 0, 1, generator) * (length - width)
    place = torch.arange(length, device=x.device, dtype=x.dtype)
    inside = (place >= start[:, None]) & (place < (start + width)[:, None])
    shape = [len(x)] + [1] * (x.dim() - 1)
    shape[axis] = length
    return inside.reshape(shape)
