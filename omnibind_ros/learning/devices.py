"""The devices and the precision that a training runs in."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric

from .config import TrainingConfig, TrainingError


def make_fabric(config: TrainingConfig) -> Fabric:
    """Return the Fabric that runs a training as configured, launched.

    Raises:
        TrainingError: The machine does not have these devices or this precision.
    """
    precision: Any = config.precision
    if precision == "auto":
        gpu = torch.cuda.is_available() and config.accelerator in ("auto", "gpu", "cuda")
        half = "bf16-mixed" if gpu and torch.cuda.is_bf16_supported() else "16-mixed"
        precision = half if gpu else "32-true"
    try:
        fabric = Fabric(
            accelerator=config.accelerator,
            devices=config.devices,
            num_nodes=config.nodes,
            precision=precision,
        )
    except Exception as error:
        raise TrainingError(
            f"the accelerator {config.accelerator} with {config.devices} devices and precision "
            f"{precision} cannot be had ({' '.join(str(error).split())[:160]}); change "
            "accelerator, devices or precision"
        ) from error
    fabric.launch()
    return fabric
