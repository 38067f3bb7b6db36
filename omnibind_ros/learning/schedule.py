"""How fast a network learns, step by step."""

from __future__ import annotations

import math
from typing import Any

from torch import nn


def learning_rate(step: int, steps: int, highest: float, warmup: float) -> float:
    """Return the rate of a step: a straight rise, then half a cosine to zero."""
    rising = max(warmup * steps, 1.0)
    if step < rising:
        return highest * (step + 1) / rising
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))


def decayed(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return groups of parameters for AdamW: biases and norms are not pulled to zero."""
    weights = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
