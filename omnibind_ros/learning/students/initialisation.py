"""Builds a student with the weights that it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.config import TrainingConfig, TrainingError

from .files import load_student
from .registry import build


def build_initialised(
    modality: str,
    spec: TensorSpec,
    size: int,
    config: TrainingConfig,
    image_student: Mapping[str, Any] | None,
) -> nn.Module:
    """Build a student as configured, with the weights that it begins with.

    Args:
        modality: The student's.
        spec: Its input.
        size: Values of an embedding, D.
        config: Of the run.
        image_student: Weights of the image student, if there is one.

    Raises:
        TrainingError: The weights are missing, or of another network.
    """
    _, schedule = config.of(modality)
    pretrained = config.pretrained(modality) and not schedule.student
    model: Any = build(modality, size, spec, schedule.dropout, pretrained, schedule.architecture)
    if image_student is not None and config.initialisation(modality) == "image":
        model.load_image_student(image_student)
    if schedule.student:
        _load_from(model, modality, Path(schedule.student).expanduser())
    return model


def _load_from(model: nn.Module, modality: str, path: Path) -> None:
    """Give a network the weights of a trained student.

    Raises:
        TrainingError: There is no such student, or it is of another modality or size.
    """
    trained, _, content = load_student(path)
    if content["modality"] != modality:
        raise TrainingError(
            f"{path} is a student of {content['modality']}, not of {modality}; set "
            f"overrides.{modality}.student to one of {modality}"
        )
    try:
        model.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        raise TrainingError(
            f"{path} has other sizes than a student here ({' '.join(str(error).split())[:120]}); "
            "train one from the beginning"
        ) from error
