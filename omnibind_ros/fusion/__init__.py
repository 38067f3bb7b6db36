"""Fusion at run time: one embedding from any number of fresh ones.

A new fusion rule is one module, and one line in `FUSIONS`.
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
"""By the name of a fusion rule, the function that makes it from a bundle."""


def make_fusion(name: str, bundle: Bundle) -> tuple[Fusion, str]:
    """Make a fusion rule, or the quality-weighted mean if the bundle lacks what the rule needs.

    Args:
        name: A key of `FUSIONS`.
        bundle: The bundle.

    Returns:
        The fusion rule, and a sentence if the mean takes its place, else ''.
    """
    try:
        return FUSIONS[name](bundle), ""
    except BundleError as error:
        return MeanFusion(), f"{error}; until then the quality-weighted mean is used"
