"""The configuration of the fusion's training: a dataclass, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnibind_ros.config import ParameterError, parameter
from omnibind_ros.learning.config import TrainingError, parse_section, read_yaml


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
    steps: int = parameter(200, "Steps of the optimizer, at most", low=1, high=10_000_000)
    batch_size: int = parameter(256, "Sets of members in a step", low=2, high=65_536)
    learning_rate: float = parameter(2e-3, "Highest learning rate of AdamW", low=1e-7, high=1)
    weight_decay: float = parameter(0.05, "Weight decay of AdamW", low=0, high=100)
    dropout: float = parameter(0.5, "Share of a token's values dropped", low=0, high=0.9)
    width: int = parameter(32, "Values of a token, a multiple of 4", low=4, high=1024)
    corrupt: float = parameter(
        0.15, "Chance that a member is corrupted; half of a set at most", low=0, high=1
    )
    lying: float = parameter(
        0.2, "Share of the corrupted who show another object, and look whole", low=0, high=1
    )
    mix: float = parameter(
        0.3, "Chance that a member is that of another object of the class", low=0, high=1
    )
    regret: float = parameter(
        0.0, "Weight of what a set loses against its best modality alone", low=0, high=100
    )
    refit: bool = parameter(
        True, "Whether the objects held back are learnt from too, once the steps are chosen"
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
