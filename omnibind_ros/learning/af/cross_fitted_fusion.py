"""Calibrates a fusion by cross-fitting where it was trained on what else would measure it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.manifest import Calibration

from .calibration import fit_likeness, fit_thresholds
from .config import FusionConfig
from .contradiction_limits import fit_contradiction
from .corruptions import members_of
from .cross_fitting import Folds, Fuse
from .embeddings import EmbeddingSet
from .files import TrainedFusion
from .network import FusionNetwork
from .scale import set_scale
from .training import fit, initial_network, sampler_of


def calibrate_across(
    trained: TrainedFusion, data: EmbeddingSet, config: FusionConfig
) -> tuple[Calibration, dict[str, Any]] | None:
    """Calibrate a fusion on predictions of fusions that have not seen the object.

    For each fold of the objects a fusion is trained on the others, for as many steps as the whole
    one and with its temperature and scale, which are three numbers.

    Args:
        trained: The fusion of all objects, which is the one that is used.
        data: Embeddings as for `train_fusion`.
        config: How it was trained.

    Returns:
        The calibration, as `calibrate_fusion` returns it, and the figures across the folds
        (`Folds.figures`); None if the objects cannot be divided.

    Raises:
        TrainingError: The loss of a fusion is not finite.
    """
    known, unknown = (part.split(*config.splits) for part in data.without_classes(config.left_out))
    known = known.samples(np.asarray(known.present.any(1)))
    folds = Folds.of(known)
    if folds is None:
        return None
    others = [folds.others(fold) for fold in range(folds.count)]
    if min(len(np.unique(part.labels)) for part in others) < 2:
        return None
    fuses = [_fusion_of(trained, part, config) for part in others]
    fuse = folds.fuse(fuses)
    thresholds = fit_thresholds(folds.data, unknown, fuse)
    complete = folds.data.complete()
    likeness = fit_likeness(fuse(complete), complete.labels) if len(complete) else None
    contradiction = fit_contradiction(known, trained.temperature, trained.agreement)
    calibration = Calibration(trained.temperature, 0.0, thresholds, likeness, contradiction)
    return calibration, folds.figures(fuse)


def _fusion_of(trained: TrainedFusion, samples: EmbeddingSet, config: FusionConfig) -> Fuse:
    """Train a fusion like another one on some samples, and return how it fuses."""
    temperature = trained.temperature
    network, objective = initial_network(samples, temperature, config)
    steps = int(trained.figures["steps"])
    if steps:
        fit(
            network,
            sampler_of(samples, temperature, config, config.seed),
            lambda sets: objective(network, sets),
            config,
            stop=steps,
        )
    evidence = trained.network.evidence
    set_scale(network, (float(evidence.log_scale), float(evidence.growth)))
    return fuse_with(network, temperature)


def fuse_with(network: FusionNetwork, temperature: float) -> Callable[[EmbeddingSet], Floats]:
    """Return how a network fuses samples."""
    trained = TrainedFusion(network.eval(), temperature, {})
    return lambda part: np.asarray(trained.fuse(members_of(part, temperature))[0], np.float32)
