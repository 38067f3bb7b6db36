"""The students: one small network a modality, from its prepared input to a unit embedding.

Pictures of any kind (gel, temperature, voxel grid, log-mel spectrogram) become three channels of
colour and go to the first stages of the image teacher's own network, which they may begin as
(backbone.py): on 835 thermal pictures that named 51% of test objects, and a residual network of
ten layers from random weights 30%. ImageNet's weights are where the literature
begins for log-mel (PSLA, arXiv 2102.01243), gel images (Touch and Go, arXiv 2211.12498) and voxel
grids of events (N-ImageNet, arXiv 2112.01041), too.
Points go, with the covariances of their neighbourhoods (FoldingNet, arXiv 1712.07262), to the
shared layers and maximum of PointNet (arXiv 1612.00593), which see no order; edge convolutions
(DGCNN, arXiv 1801.07829) over as many points took twice as long to train.

Only operators that TensorRT's ONNX parser supports; every shape is static but the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.encoders.manifest import TensorSpec

from .backbone import CHANNELS, Backbone

NEIGHBOURS = 16
"""Nearest points that make a point's neighbourhood, itself among them."""

_FIRST, _SECOND, _DIAGONAL = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2], [0, 3, 5]
"""The six entries of a symmetric 3x3 matrix, and those on its diagonal."""


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


class _Head(nn.Module):
    """From features to a unit embedding."""

    def __init__(self, n_in: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(n_in, size)

    def forward(self, features: Tensor) -> Tensor:
        projected = self.project(self.dropout(features))
        return projected / (projected.square().sum(1, keepdim=True) + 1e-12).sqrt()


class PictureStudent(nn.Module):
    """The first layers of the image teacher over a picture with any number of channels."""

    def __init__(
        self,
        spec: TensorSpec,
        size: int,
        dropout: float,
        taught: bool = False,
        start: Callable[[], tuple[nn.Module, int]] | None = None,
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, C, H, W].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            taught: Whether it begins with the teacher's weights.
            start: Makes what comes first and tells its channels; None for batch normalisation,
                which learns the scale of the input.

        Raises:
            TrainingError: The teacher's weights are not installed.
        """
        super().__init__()
        channels = spec.shape[1]
        self.start, channels = start() if start else (nn.BatchNorm2d(channels), channels)
        self.colour = nn.Sequential(nn.Conv2d(channels, 3, 1, bias=False), nn.BatchNorm2d(3))
        self.body = Backbone()
        if taught:
            self.body.take_over()
        self.head = _Head(2 * CHANNELS, size, dropout)

    def begin_as(self, state: Mapping[str, Any]) -> None:
        """Take over layers and head of another student of pictures, whatever its input."""
        for name in ("body", "head"):
            part = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(name)}
            getattr(self, name).load_state_dict(part)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of prepared samples [B, C, H, W]."""
        x = self.body(self.colour(self.start(x)))
        # Mean and maximum, as PANNs do: what fills the picture, and what is there somewhere.
        return self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


class PointStudent(nn.Module):
    """Each point with the shape around it, then PointNet: the order of points is all one.

    Clouds are brought to one size, since a room is a hundred times as large as a cup and batch
    normalisation would see little but rooms; the size itself joins the features at the end.
    """

    def __init__(
        self,
        spec: TensorSpec,
        size: int,
        dropout: float,
        taught: bool = False,  # noqa: ARG002 - the image teacher has no layers for points
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, P, 3].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            taught: Of no effect: it always begins with random weights.
        """
        super().__init__()
        self.count = spec.shape[1]
        self.local = _shared(3 + 6, 64, 64)
        self.points = _shared(64 + 3, 128, 256)
        self.hidden = nn.Sequential(
            nn.Linear(2 * 256 + 1, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU()
        )
        self.head = _Head(256, size, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of clouds [B, P, 3], metres around their centroid."""
        radius = (x.square().sum(2).mean(1)[:, None, None] + 1e-6).sqrt()
        place = (x / radius).transpose(1, 2)
        local = self.local(torch.cat([place, self._shape(place)], 1)[..., None])
        each = self.points(torch.cat([local, place[..., None]], 1))
        whole = [each.amax((2, 3)), each.mean((2, 3)), radius[:, 0].log()]
        return self.head(self.hidden(torch.cat(whole, 1)))

    def _shape(self, place: Tensor) -> Tensor:
        """Return the covariances of each point's neighbourhood, [B, 6, P], their trace 1.

        They say whether it is an edge, a plane or neither, and how it lies.
        """
        square = place.square().sum(1)
        product = place.transpose(1, 2) @ place
        distance = square[:, :, None] + square[:, None, :] - 2 * product
        nearest = distance.topk(NEIGHBOURS, dim=2, largest=False).indices
        index = nearest.reshape(-1, 1, self.count * NEIGHBOURS).expand(-1, 3, -1)
        around = torch.gather(place, 2, index).reshape(-1, 3, self.count, NEIGHBOURS)
        apart = around - around.mean(3, keepdim=True)
        products = (apart[:, _FIRST] * apart[:, _SECOND]).mean(3)
        trace = products[:, _DIAGONAL].sum(1, keepdim=True)
        return products / (trace + 1e-6)


def _shared(*widths: int) -> nn.Sequential:
    """Return layers that see each place by itself, as 1x1 convolutions."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(*layers)


def _thermal(spec: TensorSpec, size: int, dropout: float, taught: bool) -> nn.Module:
    return PictureStudent(spec, size, dropout, taught, lambda: (Standardise(), 2))


def _event(spec: TensorSpec, size: int, dropout: float, taught: bool) -> nn.Module:
    bins = spec.shape[1]
    return PictureStudent(spec, size, dropout, taught, lambda: (Edges(bins), 2 * bins))


STUDENTS: dict[str, Callable[[TensorSpec, int, float, bool], nn.Module]] = {
    "touch": PictureStudent,
    "thermal": _thermal,
    "event": _event,
    "points": PointStudent,
    "audio": PictureStudent,
}
"""What builds a student, by modality."""

PICTURES = tuple(name for name, student in STUDENTS.items() if student is not PointStudent)
"""The modalities whose students can begin as the image teacher."""


def build(
    modality: str,
    embedding_size: int,
    spec: TensorSpec,
    dropout: float = 0.2,
    taught: bool = False,
) -> nn.Module:
    """Build an untrained student.

    Args:
        modality: A student modality.
        embedding_size: D.
        spec: Its input; `specs.STUDENT_SPECS` has those of the shipped students.
        dropout: Share of features that training drops before the projection.
        taught: Whether a student of pictures begins with the image teacher's weights.

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
