"""Parametric models: everyday things of random dimensions, for sensors that measure shape."""

from __future__ import annotations

import numpy as np
import trimesh

from .materials import Material
from .meshes import ObjectModel, model_of
from .parametric_kinds import KINDS

SUBSTANCE = "plastic"
"""Substance of all of them: it returns every ray that meets it steeply enough."""


LICENCE, AUTHOR = "Apache-2.0", "omnibind_ros"


def parametric_model(kind: int, number: int, seed: int = 0) -> ObjectModel:
    """Make one thing.

    Args:
        kind: Which of `KINDS`.
        number: Which thing of the kind; each has other dimensions.
        seed: Seed of all dimensions.

    Returns:
        The model: metres, z up, grey; the same arguments give the same one.

    Raises:
        IndexError: There is no such kind.
    """
    made = KINDS[kind]
    rng = np.random.default_rng([seed, kind, number])
    parts = made.make(lambda low, high: float(rng.uniform(low, high)), rng)
    name = made.names[0]
    material = Material(name, (0.6, 0.6, 0.6), 0.3, 1.0, None, SUBSTANCE)
    return model_of(
        trimesh.util.concatenate(parts),
        material,
        object_id=f"parametric-{name.replace(' ', '-')}-{number}",
        name=name,
        category="",
        licence=LICENCE,
        author=AUTHOR,
    )
