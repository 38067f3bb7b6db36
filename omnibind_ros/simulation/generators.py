"""Random generators: one a modality, so that one sensor's draws do not change another's."""

from __future__ import annotations

from typing import cast

import numpy as np

from omnibind_ros.modalities import MODALITIES, OWN


def modality_generators(
    rng: np.random.Generator,
) -> tuple[np.random.Generator, dict[str, np.random.Generator]]:
    """Make a generator for what the sensors share, and one for each modality.

    They depend on `rng` and on the modality alone: not on which other modalities are installed.

    Args:
        rng: The generator that they are derived from.

    Returns:
        The shared generator; and by modality its own.
    """
    shared, *children = rng.spawn(1 + len(OWN))
    generators = {modality.name: child for modality, child in zip(OWN, children, strict=True)}
    parent = cast("np.random.SeedSequence", shared.bit_generator.seed_seq)
    for name, modality in MODALITIES.items():
        if name not in generators:  # a modality of another package
            key = (*parent.spawn_key, modality.number)
            generators[name] = np.random.default_rng(
                np.random.SeedSequence(parent.entropy, spawn_key=key)
            )
    return shared, generators
