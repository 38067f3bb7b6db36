"""The students: one small network a modality, from its prepared input to a unit embedding.

Pictures of any kind (gel, temperature, voxel grid, log-mel spectrogram) go to a residual network of
ten layers (He et al., arXiv 1512.03385), a quarter of the width of the original; on the tens of
thousands of samples at hand, and on two cores, that is where the small networks of the
literature meet: PANNs' shortest ones for log-mel (arXiv 1912.10211), ResNet-18 for gel images
(Touch and Go, arXiv 2211.12498) and for voxel grids of events (N-ImageNet, arXiv 2112.01041).
Points go, with the covariances of their neighbourhoods (FoldingNet, arXiv 1712.07262), to the
shared layers and maximum of PointNet (arXiv 1612.00593), which see no order; edge convolutions
(DGCNN, arXiv 1801.07829) over as many points took twice as long to train.

Only operators that TensorRT's ONNX parser supports; every shape is static but the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.encoders.manifest import TensorSpec

WIDTHS = (32, 64, 128, 256)
"""Channels of the stem and of the three residual blocks, each of which halves the sides."""

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


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation beside a shortcut; halves the sides."""

    def __init__(self, n_in: int, n_out: int) -> None:
        """Create a block from n_in to n_out channels."""
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, 2, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(n_out)
        self.second = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential(
            nn.Conv2d(n_in, n_out, 1, 2, bias=False), nn.BatchNorm2d(n_out)
        )
        # Starts as the shortcut alone (Goyal et al., arXiv 1706.02677).
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H / 2, W / 2]."""
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(inner)) + self.shortcut(x))


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
    """A residual network of ten layers over a picture with any number of channels."""

    def __init__(
        self,
        spec: TensorSpec,
        size: int,
        dropout: float,
        start: Callable[[], tuple[nn.Module, int]] | None = None,
    ) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, C, H, W].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            start: Makes what comes first and tells its channels; None for batch normalisation,
                which learns the scale of the input.
        """
        super().__init__()
        channels = spec.shape[1]
        self.start, channels = start() if start else (nn.BatchNorm2d(channels), channels)
        self.stem = nn.Conv2d(channels, WIDTHS[0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(WIDTHS[0])
        self.blocks = nn.Sequential(*(Residual(*pair) for pair in pairwise(WIDTHS)))
        self.head = _Head(2 * WIDTHS[-1], size, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit embeddings [B, D] of prepared samples [B, C, H, W]."""
        x = functional.relu(self.stem_norm(self.stem(self.start(x))))
        x = self.blocks(x)
        # Mean and maximum, as PANNs do: what fills the picture, and what is there somewhere.
        return self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


class PointStudent(nn.Module):
    """Each point with the shape around it, then PointNet: the order of points is all one.

    Clouds are brought to one size, since a room is a hundred times as large as a cup and batch
    normalisation would see little but rooms; the size itself joins the features at the end.
    """

    def __init__(self, spec: TensorSpec, size: int, dropout: float) -> None:
        """Create a network.

        Args:
            spec: Its input, [1, P, 3].
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
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


def _thermal(spec: TensorSpec, size: int, dropout: float) -> nn.Module:
    return PictureStudent(spec, size, dropout, lambda: (Standardise(), 2))


def _event(spec: TensorSpec, size: int, dropout: float) -> nn.Module:
    bins = spec.shape[1]
    return PictureStudent(spec, size, dropout, lambda: (Edges(bins), 2 * bins))


STUDENTS: dict[str, Callable[[TensorSpec, int, float], nn.Module]] = {
    "touch": PictureStudent,
    "thermal": _thermal,
    "event": _event,
    "points": PointStudent,
    "audio": PictureStudent,
}
"""What builds a student, by modality."""


def build(modality: str, embedding_size: int, spec: TensorSpec, dropout: float = 0.2) -> nn.Module:
    """Build an untrained student.

    Args:
        modality: A student modality.
        embedding_size: D.
        spec: Its input; `specs.STUDENT_SPECS` has those of the shipped students.
        dropout: Share of features that training drops before the projection.

    Returns:
        A network: float [B, ...] as the spec says -> unit embeddings [B, D].
    """
    return STUDENTS[modality](spec, embedding_size, dropout)


def parameter_count(model: nn.Module) -> int:
    """Return the number of values that a network learns or keeps."""
    tensors: Sequence[Any] = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() for tensor in tensors)
