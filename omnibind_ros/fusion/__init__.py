"""Fusion at run time: any number of fresh embeddings in, one out.

A new rule is one module and one line in `FUSIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError

from .adaptive import AdaptiveFusion
from .base import Fused, Fusion
from .mean import MeanFusion

__all__ = ["FUSIONS", "AdaptiveFusion", "Fused", "Fusion", "MeanFusion", "make_fusion"]

FUSIONS: dict[str, Callable[[Bundle], Fusion]] = {
    "adaptive": AdaptiveFusion.load,
    "mean": lambda _bundle: MeanFusion(),
}
"""What makes a rule from a bundle, by the rule's name; the first is the default."""


def make_fusion(name: str, bundle: Bundle) -> tuple[Fusion, str]:
    """Make a fusion, or the quality-weighted mean where the bundle has not what it needs.

    Args:
        name: A key of `FUSIONS`.
        bundle: The bundle.

    Returns:
        The fusion, and a sentence if the mean had to stand in, else ''.
    """
    try:
        return FUSIONS[name](bundle), ""
    except BundleError as error:
        return MeanFusion(), f"{error}; until then the quality-weighted mean fuses in its place"
