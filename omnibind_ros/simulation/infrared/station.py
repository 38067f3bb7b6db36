"""Where a thermal camera stands, and the ground that it sees behind the object.

A robot's thermal camera sees what the robot's other cameras see. Many recordings of persons,
animals and vehicles are others: taken outdoors, from a mast or a drone, of a thing that fills a
small part of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.interface import Setup
from omnibind_ros.simulation.objects.meshes import ObjectModel
from omnibind_ros.simulation.scene.camera import View, view_from
from omnibind_ros.simulation.scene.surroundings import Surroundings, draw_open_ground

_OUTDOORS = 0.6
"""Share of the persons and animals that are seen outdoors."""
_FROM_ABOVE = 0.35
"""Share of what is outdoors that is seen from above."""
_SMALL = 0.35
"""Share of the things that fill less of the picture than those of other sensors."""


@dataclass(frozen=True)
class Patch:
    """A rectangle on the ground that is warmer or colder: shade, a drain, a track, a kerb.

    Attributes:
        middle: x and y, metres.
        half: Half of its length and width, metres.
        turn: Radians.
        rise: Its temperature less that of the ground, K.
    """

    middle: tuple[float, float]
    half: tuple[float, float]
    turn: float
    rise: float


@dataclass(frozen=True)
class Ground:
    """How the temperature of the ground or floor varies.

    Attributes:
        coarse: Amplitude of wide variations, K.
        fine: Amplitude of narrow ones, K.
        size: Of the wide ones, metres.
        patches: Warmer and colder rectangles.
    """

    coarse: float = 0.15
    fine: float = 0.0
    size: float = 4.0
    patches: tuple[Patch, ...] = ()

    def rise(
        self, points: Floats, axes: list[int], texture: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the temperature less the mean one, K, float64 [N].

        Args:
            points: On the surface, [N, 3], metres.
            axes: The two of x, y and z along the surface.
            texture: A square pattern that repeats, about -1..1.
        """
        side = len(texture)
        place = points[:, axes].astype(np.float64)

        def along(metres: float) -> NDArray[np.float64]:
            cells = np.floor(place * (side / metres)).astype(np.int64) % side
            return np.asarray(texture[cells[:, 0], cells[:, 1]], np.float64)

        result = self.coarse * along(self.size)
        if self.fine:
            result += self.fine * along(self.size / 5)
        for patch in self.patches:
            x, y = (place - patch.middle).T
            cosine, sine = math.cos(patch.turn), math.sin(patch.turn)
            inside = np.abs(cosine * x + sine * y) < patch.half[0]
            inside &= np.abs(cosine * y - sine * x) < patch.half[1]
            result[inside] += patch.rise
        return result


def draw_ground(size: float, outdoors: bool, rng: np.random.Generator) -> Ground:
    """Draw the ground under a thing.

    Args:
        size: Longest side of the thing, metres.
        outdoors: Whether it is outdoors.
        rng: Random generator.
    """
    if not outdoors:
        return Ground(coarse=float(rng.uniform(0.05, 0.3)), fine=float(rng.uniform(0, 0.1)))
    patches = tuple(
        Patch(
            middle=(float(rng.normal(0, 1.5 * size)), float(rng.normal(0, 1.5 * size))),
            half=(size * float(rng.uniform(0.1, 3.0)), size * float(rng.uniform(0.05, 0.6))),
            turn=float(rng.uniform(0, math.pi)),
            rise=float(rng.normal(0, 3.0)),
        )
        for _ in range(int(rng.integers(0, 5)))
    )
    coarse, fine = (float(math.exp(rng.uniform(math.log(0.15), math.log(2.0)))) for _ in range(2))
    return Ground(coarse, fine, size * float(rng.uniform(2, 8)), patches)


def draw_station(
    model: ObjectModel, setup: Setup, rng: np.random.Generator
) -> tuple[View, Surroundings]:
    """Draw where the thermal camera of a sample stands.

    Args:
        model: The object.
        setup: What the sensors of the sample share; most samples keep its surroundings.
        rng: Random generator.

    Returns:
        The view, and the surroundings.
    """
    view, surroundings = setup.view, setup.surroundings
    if model.category == "Characters" and rng.random() < _OUTDOORS:
        surroundings = draw_open_ground(rng)
    fill = float(rng.uniform(0.25 if surroundings.outdoors else 0.55, 0.9))
    if surroundings.outdoors and rng.random() < _FROM_ABOVE:
        direction = float(rng.uniform(-math.pi, math.pi)), math.radians(float(rng.uniform(30, 88)))
        aside = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.6, 0.6))
        angle = float(rng.uniform(8, 45))
        return view_from(model, direction, angle, fill, aside), surroundings
    if rng.random() < _SMALL:
        slope = math.tan(math.radians(view.angle) / 2) / fill
        view = replace(view, angle=min(math.degrees(2 * math.atan(slope)), 100.0))
    return view, surroundings
