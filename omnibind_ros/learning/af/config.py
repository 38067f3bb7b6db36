"""The configuration of the fusion's training: a dataclass, read from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnibind_ros.config import ParameterError, parameter
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.config_file import parse_section, read_yaml

OLD_NAMES = {"lying": "other_object"}
"""Names of parameters in version 0.1, and what they are now."""


@dataclass(frozen=True)
class FusionConfig:
    """How Adaptive Fusion is trained."""

    seed: int = parameter(0, "Seed of all random generators", low=0, high=2**31)
    left_out: list[str] = parameter([], "Classes without training samples, for unknown objects")
    splits: list[str] = parameter(
        ["validation"],
        "Splits to train on; on the students' own training objects, fusion would trust them too "
        "much",
    )
    held_back: float = parameter(
        0.25, "Share of the objects that only choose the best step", low=0.05, high=0.5
    )
    steps: int = parameter(200, "Steps of the optimizer, at most", low=1, high=10_000_000)
    batch_size: int = parameter(256, "Sets of members in a step", low=2, high=65_536)
    learning_rate: float = parameter(2e-3, "Highest learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.05, "Weight decay of AdamW", low=0, high=100)
    dropout: float = parameter(0.5, "Share of a token's values dropped", low=0, high=0.9)
    width: int = parameter(32, "Values of a token, a multiple of 4", low=4, high=1024)
    corrupt: float = parameter(
        0.15, "Probability that a member is corrupted; half of a set at most", low=0, high=1
    )
    other_object: float = parameter(
        0.4,
        "Share of the corrupted members that show another object, of usual quality and age",
        low=0,
        high=1,
    )
    mix: float = parameter(
        0.3, "Probability that a member is that of another object of the class", low=0, high=1
    )
    objective: str = parameter(
        "cross_entropy",
        "Loss: cross_entropy over the labels with their synonyms, at the bundle's temperature; or "
        "omnibind, that of the paper, over the labels' names at the temperature tau",
        choices=("cross_entropy", "omnibind"),
    )
    tau: float = parameter(0.05, "Temperature of the objective omnibind", low=0.001, high=1)
    regret: float = parameter(
        0.0,
        "Weight of a set's excess loss over its best modality alone; of cross_entropy",
        low=0,
        high=100,
    )
    refit: bool = parameter(
        True, "Whether to train anew, on the objects held back too, once the steps are chosen"
    )


def parse_fusion_config(data: Any) -> FusionConfig:
    """Make a configuration of what a YAML file holds.

    Raises:
        ParameterError: A key is unknown, or there under its old and its new name, or a value is not
            allowed.
    """
    if isinstance(data, Mapping):
        for old, new in OLD_NAMES.items():
            if old in data and new in data:
                raise ParameterError(f"parameter {old} is now {new}; give one of them")
        data = {OLD_NAMES.get(name, name): value for name, value in data.items()}
    return parse_section(FusionConfig, data)


def read_fusion_config(path: Path | None) -> FusionConfig:
    """Read a configuration; what it does not name has its default.

    Args:
        path: A YAML file; None for all defaults.

    Raises:
        TrainingError: It cannot be read, or has an unknown key or a value that is not allowed.
    """
    if path is None:
        return FusionConfig()
    try:
        return parse_fusion_config(read_yaml(path))
    except ParameterError as error:
        raise TrainingError(f"{path}: {error}") from error
