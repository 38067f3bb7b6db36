"""The parametric part of the household set: clouds of made-up things, for training alone.

The catalogue has few small things: one can, no tube, two packets. A range sensor sees size and
shape alone, and these can be made.
"""

from __future__ import annotations

import functools

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.storage.item import Item
from omnibind_ros.simulation.objects.meshes import MeshError
from omnibind_ros.simulation.objects.parametric import AUTHOR, LICENCE, parametric_model
from omnibind_ros.simulation.objects.parametric_kinds import KINDS
from omnibind_ros.simulation.points import simulate_alone
from omnibind_ros.simulation.scene.ray_casting import Scene

from .class_map import PARAMETRIC

VIEWS = 8
"""Clouds of each thing."""

FEWEST = 40
"""Points that a cloud must have; each view is drawn again until it has them."""

TRIALS = 20
"""Views that are drawn at most."""


def parametric_count(things: int) -> int:
    """Return the number of clouds of so many things of each kind."""
    return things * len(KINDS) * VIEWS


def parametric_item(index: int, seed: int) -> Item:
    """Return a cloud of a made-up thing, not yet measured.

    Args:
        index: Which one: views of a thing follow one another, then comes the next kind.
        seed: Seed of all dimensions and views.
    """
    place, view = divmod(index, VIEWS)
    number, kind = divmod(place, len(KINDS))
    made = KINDS[kind]
    name = int(np.random.default_rng([seed, index]).integers(len(made.names)))

    def load() -> Floats:
        return _measured(kind, number, view, seed)

    return Item(
        key=f"parametric-{index:07d}",
        label=made.label,
        object_id=f"parametric/{made.names[0]} {number}",
        split="train",
        modalities={"points": load},
        origin={"points": "simulated"},
        source=PARAMETRIC,
        licence=LICENCE,
        author=AUTHOR,
        meta={"name": made.names[name]},
    )


def _measured(kind: int, number: int, view: int, seed: int) -> Floats:
    scene = _scene(kind, number, seed)
    rng = np.random.default_rng([seed, kind, number, view])
    for _ in range(TRIALS):
        points, _meta = simulate_alone(scene, rng)
        if len(points) >= FEWEST:
            return points
    name = KINDS[kind].names[0]
    raise SkipError(f"{name} {number}", f"fewer than {FEWEST} points in {TRIALS} views")


@functools.lru_cache(maxsize=1)
def _scene(kind: int, number: int, seed: int) -> Scene:
    """Return a thing, ready for ray casting; the last one is kept, as its views follow."""
    try:
        return Scene(parametric_model(kind, number, seed))
    except MeshError as error:
        raise SkipError(KINDS[kind].names[0], str(error)) from error
