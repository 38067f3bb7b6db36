"""Two students of one modality side by side, and one projection of what all their stages see.

A student that was trained on other sensors of the kind, and the image teacher's layers, which know
no sensor: what one of them does not see, the other one may. It computes for twice as long as one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.encoders.manifest import TensorSpec

from .picture import CHANNELS, STAGES, Head, PictureStudent, pooled, unit
from .points import PointStudent, radius_of

POOLED = tuple(sum(stage.blocks for stage in STAGES[: n + 1]) - 1 for n in range(1, len(STAGES)))
"""Last blocks of the stages whose activations are pooled."""

LAST = 2 * 2 * CHANNELS
"""Number of the last features, those of both last stages: distances are measured on them."""


class PairStudent(PictureStudent):
    """Two students of a modality and their common projection.

    Measured with few examples of real sensors (a linear classifier on the features, in percent of
    samples of other objects, 300 samples of ten classes): events of digits 91, where one student's
    last stage has 84 to 88; spoken digits 89 (71 to 80).
    """

    def __init__(
        self, spec: TensorSpec, size: int, dropout: float, pretrained: bool = False
    ) -> None:
        """Create both as the modality's own network.

        Args:
            spec: Their input; its name is the modality.
            size: Values of an embedding, D.
            dropout: Share of features that training drops before the projection.
            pretrained: Whether they begin with the image teacher's weights.

        Raises:
            TrainingError: The input does not suit them, or the weights are not installed.
        """
        from .registry import student_module  # noqa: PLC0415 - the registry names this module

        build = student_module(spec.name).build
        nn.Module.__init__(self)
        self.first, self.second = (build(spec, size, dropout, pretrained) for _ in range(2))
        with torch.no_grad():
            width = self.eval().all_features(torch.zeros(1, *spec.shape[1:])).shape[1]
        self.head = Head(width, size, dropout)

    @classmethod
    def of(
        cls, spec: TensorSpec, size: int, dropout: float, pair: tuple[nn.Module, nn.Module]
    ) -> PairStudent:
        """Join two trained students; the projection is untrained."""
        joined = cls(spec, size, dropout)
        joined.first, joined.second = pair
        return joined.eval()

    def all_features(self, x: Tensor) -> Tensor:
        """Return what is projected, [B, F], the last stages of both at the end."""
        stages = [stages_of(each, x) for each in students_of(self)]
        early = [part for of in stages for part in of[:-1]]
        return torch.cat([*early, *(of[-1] for of in stages)], 1)

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit embeddings [B, D] and the features of both, [B, F]."""
        features = self.all_features(x)
        return unit(self.head.project(self.head.dropout(features))), features


def stages_of(student: PictureStudent, x: Tensor) -> list[Tensor]:
    """Return the pooled activations of each stage but the first, [B, 2 * channels] each.

    Early layers see textures and edges, which say more of a gel or of a spectrogram than the late
    ones, which see objects. Of clouds [B, P, 3] the size comes first, [B, 1].
    """
    found = [radius_of(x)[:, 0].log()] if x.dim() == 3 else []
    body = student.body
    y = functional.relu6(body.stem_norm(body.stem(student.colours(x))))
    for number, block in enumerate(body.blocks):
        y = block(y)
        if number in POOLED:
            found.append(pooled(y))
    return found


def students_of(network: PictureStudent) -> tuple[PictureStudent, ...]:
    """Return the students that a network is made of: both of a pair, else itself."""
    return (network.first, network.second) if isinstance(network, PairStudent) else (network,)


def projections_of(network: PictureStudent) -> tuple[nn.Module, ...]:
    """Return what makes an embedding of the features, and of the size of a cloud."""
    return (network.head, network.large) if isinstance(network, PointStudent) else (network.head,)
