"""Parametric models: everyday things of random dimensions, for sensors that measure shape."""

from __future__ import annotations

import numpy as np
import trimesh

from .materials import Material
from .meshes import ObjectModel, model_of
from .parametric_kinds import KINDS
from .solids import turned

LIES = 4
"""Each thing of so many lies on another side than it stands on, where its kind may."""

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
    mesh = trimesh.util.concatenate(made.make(lambda low, high: float(rng.uniform(low, high)), rng))
    if made.falls and number % LIES == LIES - 1:
        axis = (1, 0, 0) if rng.random() < 0.5 else (0, 1, 0)
        mesh = turned(mesh, axis)
    name = made.names[0]
    material = Material(name, (0.6, 0.6, 0.6), 0.3, 1.0, None, SUBSTANCE)
    return model_of(
        mesh,
        material,
        object_id=f"parametric-{name.replace(' ', '-')}-{number}",
        name=name,
        category="",
        licence=LICENCE,
        author=AUTHOR,
    )
