"""Fusion at run time: any number of fresh embeddings in, one out.

A new rule is one module and one line in `FUSIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

from .base import Fused, Fusion
from .mean import MeanFusion

__all__ = ["FUSIONS", "Fused", "Fusion", "MeanFusion"]

FUSIONS: dict[str, Callable[[], Fusion]] = {"mean": MeanFusion}
