"""Scales the sum of the members, so that probabilities are right for sets of every size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from .network import FusionNetwork

Scale = tuple[float, float]
"""`log_scale` and `growth` of `network.EvidenceWeights`."""


def fit_scale(network: FusionNetwork, cross_entropy: Callable[[], float]) -> Scale:
    """Return the scale of least cross-entropy; the network is left with another.

    Args:
        network: Trained.
        cross_entropy: Measures the network as it is, on sets of all sizes without corruption, of
            objects that it was not trained on.
    """

    def loss(scale: npt.NDArray[np.float64]) -> float:
        set_scale(network, (float(scale[0]), float(scale[1])))
        return cross_entropy()

    found = minimize(
        loss,
        np.zeros(2),
        method="Nelder-Mead",
        bounds=[(-3.0, 1.5), (-1.5, 1.5)],
        options={
            "initial_simplex": [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)],
            "xatol": 0.03,
            "fatol": 1e-4,
        },
    )
    return float(found.x[0]), float(found.x[1])


def set_scale(network: FusionNetwork, scale: Scale) -> None:
    """Give a network a scale."""
    network.evidence.log_scale.fill_(scale[0])
    network.evidence.growth.fill_(scale[1])
