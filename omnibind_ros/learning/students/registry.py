"""Which networks students can have; nothing here imports torch before a network is built."""

from __future__ import annotations

import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.modalities import STUDENTS, has_part, part

if TYPE_CHECKING:
    from torch import nn


class Architecture(NamedTuple):
    """A network for students.

    Attributes:
        builder: `module:name` of what builds it, called as `build` of a modality's module.
        image_initialisation: Whether it has the parts of the image student and may begin with its
            weights, or those of the image teacher. One that has not begins with random weights.
    """

    builder: str
    image_initialisation: bool


_ROOM = "learning.students"
_HERE = f"omnibind_ros.{_ROOM}"

STUDENT_MODALITIES = tuple(name for name in STUDENTS if has_part(_ROOM, name))
"""The modalities that have a student, in the order of `MODALITIES`."""

ARCHITECTURES = {
    "picture": Architecture(f"{_HERE}.picture:PictureStudent", image_initialisation=True),
    "pair": Architecture(f"{_HERE}.pair:PairStudent", image_initialisation=False),
    "three_views": Architecture(f"{_HERE}.points:PointStudent", image_initialisation=True),
}
"""By the name that `schedule.architecture` gives; without a name, a student has its modality's own
network. To add one, write a module with a builder, and a line here."""


def student_module(modality: str) -> ModuleType:
    """Return the module of a student modality; `omnibind_ros.learning.students` documents it.

    Raises:
        KeyError: There is no such modality; the text is a sentence.
        ImportError: It has no student, or its module cannot be imported.
    """
    return part(_ROOM, modality)


def image_initialisation(modality: str, architecture: str = "") -> bool:
    """Return whether a student may begin with the weights of the image student."""
    if architecture:
        return ARCHITECTURES[architecture].image_initialisation
    return bool(student_module(modality).IMAGE_INITIALISATION)


def build(
    modality: str,
    embedding_size: int,
    spec: TensorSpec,
    dropout: float = 0.2,
    pretrained: bool = False,
    architecture: str = "",
) -> Any:
    """Build an untrained student.

    Args:
        modality: A student modality.
        embedding_size: D.
        spec: Its input; encoders/MODALITY.py has that of the shipped student, `INPUT`.
        dropout: Share of features that training drops before the projection.
        pretrained: Whether it begins with the image teacher's weights.
        architecture: A key of `ARCHITECTURES`; '' for the modality's own network.

    Returns:
        A `torch.nn.Module`: float [B, ...] as the spec describes it -> unit embeddings [B, D].

    Raises:
        TrainingError: The architecture does not take such an input, or the teacher's weights are
            wanted and not installed.
    """
    builder = (
        pkgutil.resolve_name(ARCHITECTURES[architecture].builder)
        if architecture
        else student_module(modality).build
    )
    return builder(spec, embedding_size, dropout, pretrained)


def parameter_count(model: nn.Module) -> int:
    """Return the number of values that a network learns or keeps."""
    return sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))
