"""The students: one small network a modality, from its prepared input to a unit embedding.

Pictures of any kind (gel, temperature, voxel grid, log-mel spectrogram, a drawn cloud) become three
channels of colour and go to the first stages of the image teacher's own network, which they may
begin as (backbone.py), or as a network that learnt from images (image_student.py). ImageNet's
weights are where the literature begins for log-mel (PSLA, arXiv 2102.01243), gel images (Touch and
Go, arXiv 2211.12498) and voxel grids of events (N-ImageNet, arXiv 2112.01041), too; and clouds
drawn from several sides are classified by networks of images as well as by those of points
(SimpleView, Goyal et al., arXiv 2106.05304).

Only operators that TensorRT's ONNX parser supports; every shape is static but the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import PictureStudent
from .points import PointStudent


class Standardise(nn.Module):
    """A thermal picture as two channels: its contrast, and its temperatures.

    The scene's own mean and deviation go, since a room's temperature says little of what is in it;
    how warm things are stays, in units that a network likes.
    """

    def forward(self, celsius: Tensor) -> Tensor:
        """Return [B, 2, H, W] for degrees Celsius, [B, 1, H, W]."""
        apart = celsius - celsius.mean((2, 3), keepdim=True)
        deviation = (apart.square().mean((2, 3), keepdim=True) + 0.01).sqrt()
        return torch.cat([apart / deviation, (celsius - 22.0) / 10.0], 1)


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


def _thermal(spec: TensorSpec, size: int, dropout: float, taught: bool) -> PictureStudent:
    return PictureStudent(spec, size, dropout, taught, lambda: (Standardise(), 2))


def _event(spec: TensorSpec, size: int, dropout: float, taught: bool) -> PictureStudent:
    bins = spec.shape[1]
    return PictureStudent(spec, size, dropout, taught, lambda: (Edges(bins), 2 * bins))


STUDENTS: dict[str, Callable[[TensorSpec, int, float, bool], PictureStudent]] = {
    "touch": PictureStudent,
    "thermal": _thermal,
    "event": _event,
    "points": PointStudent,
    "audio": PictureStudent,
}
"""What builds a student, by modality."""


def build(
    modality: str,
    embedding_size: int,
    spec: TensorSpec,
    dropout: float = 0.2,
    taught: bool = False,
) -> PictureStudent:
    """Build an untrained student.

    Args:
        modality: A student modality.
        embedding_size: D.
        spec: Its input; `specs.STUDENT_SPECS` has those of the shipped students.
        dropout: Share of features that training drops before the projection.
        taught: Whether it begins with the image teacher's weights.

    Returns:
        A network: float [B, ...] as the spec says -> unit embeddings [B, D].

    Raises:
        TrainingError: The teacher's weights are wanted, and not installed.
    """
    return STUDENTS[modality](spec, embedding_size, dropout, taught)


def parameter_count(model: nn.Module) -> int:
    """Return the number of values that a network learns or keeps."""
    tensors: Sequence[Any] = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() for tensor in tensors)
