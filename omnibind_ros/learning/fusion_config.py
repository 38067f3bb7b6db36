"""The configuration of the fusion's training: a dataclass, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnibind_ros.config import ParameterError, parameter

from .config import TrainingError, parse_section, read_yaml


@dataclass(frozen=True)
class FusionConfig:
    """How Adaptive Fusion is trained."""

    seed: int = parameter(0, "Decides all chance", low=0, high=2**31)
    left_out: list[str] = parameter([], "Classes that training does not see, to be unknown later")
    splits: list[str] = parameter(
        ["validation"],
        "Splits to learn from; students know their training objects too well for the fusion to "
        "learn there whom to trust",
    )
    held_back: float = parameter(
        0.25, "Share of the objects kept back to choose the best step by", low=0.05, high=0.5
    )
    steps: int = parameter(1000, "Steps of the optimizer of a round", low=1, high=10_000_000)
    batch_size: int = parameter(256, "Sets of members in a step", low=2, high=65_536)
    learning_rate: float = parameter(1e-3, "Highest learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.05, "Weight decay of AdamW", low=0, high=100)
    dropout: float = parameter(0.3, "Share of a token's values dropped", low=0, high=0.9)
    width: int = parameter(64, "Values of a token, a multiple of 4", low=4, high=1024)
    residual: bool = parameter(True, "Whether there is a residual beside the weights")
    pull: float = parameter(
        10.0, "Weight of the residual's square, which pulls it to nothing", low=0, high=1000
    )
    corrupt: float = parameter(
        0.3, "Chance that a member is corrupted; half of a set at most", low=0, high=1
    )
    mix: float = parameter(
        0.3, "Chance that a member is that of another object of the class", low=0, high=1
    )
    blame: float = parameter(
        0.1, "Weight of the pull of the weights to those who are right", low=0, high=100
    )
    regret: float = parameter(
        1.0, "Weight of what a set loses against its best modality alone", low=0, high=100
    )
    rounds: int = parameter(
        2, "Trainings, each at the temperature that suited the one before", low=1, high=10
    )


def read_fusion_config(path: Path | None) -> FusionConfig:
    """Read a configuration; what it does not name has its default.

    Args:
        path: A YAML file; None for all defaults.

    Raises:
        TrainingError: It cannot be read, or has a key or value that cannot be.
    """
    if path is None:
        return FusionConfig()
    try:
        return parse_section(FusionConfig, read_yaml(path))
    except ParameterError as error:
        raise TrainingError(f"{path}: {error}") from error
