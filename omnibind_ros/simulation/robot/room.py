"""A furnished room: objects along its walls, in the order in which a robot visits them.

The room's frame has its origin in the middle of the floor, z up; walls are at right angles to x and
y. An object at wall q has its back to it, and its front (x) points into the room: its frame is
turned to the left by q quarters. The robot drives round the room clockwise as seen from above: wall
0 is at the smallest x, then come those at the largest y, the largest x and the smallest y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.simulation.objects.meshes import ObjectModel
from omnibind_ros.simulation.objects.placing import QUARTERS, merged, moved, table
from omnibind_ros.simulation.rendering.light import Light, draw_light
from omnibind_ros.simulation.scene.camera import View, mount
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.scene.surroundings import (
    GAP,
    Surface,
    Surroundings,
    draw_room_surfaces,
)

LARGEST = 3.0
"""Longest side of an object that stands in the room, metres; larger ones are shown elsewhere."""

HEIGHT = 2.6
"""Of the room, metres."""

TABLE, TABLE_DEPTH, TABLE_MARGIN = 0.72, 0.6, 0.2
"""Height and depth of a table, and what it is wider than the thing on it on each side, metres."""

BETWEEN = 0.5
"""Metres between two objects at a wall."""

CORNER = 1.3
"""Metres at each end of a wall without an object."""

LEAST_SIDE = 4.5
"""Shortest side of the room, metres."""

BACK = 0.05
"""Metres between an object and the wall."""

WALLS = (0, 3, 2, 1)
"""Numbers of the walls in the order in which the robot passes them."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Where an object stands in the room.

    Attributes:
        position: Of its frame's origin, metres, room's frame.
        quarter: Quarters of a turn to the left, the number of its wall.
    """

    position: tuple[float, float, float]
    quarter: int

    def to_room(self, point: Sequence[float]) -> Vector:
        """Return a point of the object's frame in the room's, float64 [3]."""
        turn = QUARTERS[self.quarter].astype(np.float64)
        return np.asarray(turn @ np.asarray(point, np.float64) + self.position)

    def from_room(self, point: Sequence[float] | Vector) -> Vector:
        """Return a point of the room's frame in the object's, float64 [3]."""
        turn = QUARTERS[self.quarter].astype(np.float64)
        return np.asarray(turn.T @ (np.asarray(point, np.float64) - self.position))


@dataclass(frozen=True, eq=False)
class Room:
    """A room with its objects.

    Attributes:
        models: The objects, in the order in which the robot passes them.
        poses: Where they stand.
        size: Along x and y, metres.
        surfaces: Floor, ceiling and the four walls in the room's frame.
        sky: The room's light that shiny surfaces mirror, see `Surroundings`.
        light: In the room's frame.
    """

    models: tuple[ObjectModel, ...]
    poses: tuple[Pose, ...]
    size: tuple[float, float]
    surfaces: tuple[Surface, ...]
    sky: tuple[tuple[float, float, float], tuple[float, float, float]]
    light: Light

    @staticmethod
    def furnish(models: Sequence[ObjectModel], seed: int) -> Room:
        """Place objects along the walls of a room that is large enough.

        Args:
            models: The objects, for each of which `fits` is true.
            seed: Of walls, floor and light.
        """
        rng = np.random.default_rng([seed, 7])
        walls = _divided([_width(model) + BETWEEN for model in models])
        lengths = [sum(_width(models[n]) + BETWEEN for n in wall) + 2 * CORNER for wall in walls]
        size = (
            max(lengths[1], lengths[3], LEAST_SIDE),  # walls 3 and 1 are along x
            max(lengths[0], lengths[2], LEAST_SIDE),
        )
        poses = [
            pose
            for number, wall in zip(WALLS, walls, strict=True)
            for pose in _at_wall([models[n] for n in wall], number, size)
        ]
        surfaces, sky = draw_room_surfaces(size, HEIGHT, rng)
        light = draw_light(View((1.0, 0.0, 1.5), (0.0, 0.0, 1.0), 45.0), False, rng)
        return Room(tuple(models), tuple(poses), size, surfaces, sky, replace(light, lamps=True))

    def scene(self, place: int) -> Scene:
        """Return an object with everything around it, in its own frame."""
        pose, others = self.poses[place], []
        for number, (model, there) in enumerate(zip(self.models, self.poses, strict=True)):
            turn = there.quarter - pose.quarter
            if number != place:
                others.append(moved(model, turn, pose.from_room(there.position).tolist()))
            if _on_table(model):
                below = table(TABLE_DEPTH, _width(model), TABLE)
                floor = (*there.position[:2], GAP)
                others.append(moved(below, turn, pose.from_room(floor).tolist()))
        own = self.models[place]
        return Scene(own, mesh=merged(own, others))

    def surroundings(self, place: int) -> Surroundings:
        """Return floor, ceiling and walls in the frame of an object."""
        pose = self.poses[place]
        turn = QUARTERS[pose.quarter].astype(np.float64)
        origin = pose.from_room((0.0, 0.0, 0.0))
        moved_surfaces = []
        for surface in self.surfaces:
            x, y, z = (turn.T @ np.asarray(surface.normal)).round().tolist()
            level = abs(z) > 0.5  # the pattern of what is level turns with the frame
            moved_surfaces.append(
                replace(
                    surface,
                    normal=(x, y, z),
                    offset=float(surface.offset + np.array([x, y, z]) @ origin),
                    turn=surface.turn - (z * pose.quarter * math.pi / 2 if level else 0.0),
                    origin=(float(origin[0]), float(origin[1]), float(origin[2])),
                )
            )
        return Surroundings(tuple(moved_surfaces), self.sky, False)

    def light_at(self, place: int) -> Light:
        """Return the light in the frame of an object."""
        turn = QUARTERS[self.poses[place].quarter].astype(np.float64)
        x, y, z = (turn.T @ np.asarray(self.light.direction)).tolist()
        return replace(self.light, direction=(x, y, z))


def fits(model: ObjectModel) -> bool:
    """Return whether an object can stand in the room: not outdoors, no opening, not too large."""
    small = float(model.size.max()) <= LARGEST and float(model.size[2]) < HEIGHT
    return small and not model.opening and mount(model) != "outdoors"


def _on_table(model: ObjectModel) -> bool:
    return mount(model) == "table"


def _width(model: ObjectModel) -> float:
    """Return the length along the wall that an object takes, with its table, metres."""
    width = float(model.size[1])
    return max(width + 2 * TABLE_MARGIN, 0.6) if _on_table(model) else width


def _divided(widths: Sequence[float]) -> list[list[int]]:
    """Divide objects among four walls, in their order, so that the walls are about equally long."""
    middle = np.cumsum(widths) - np.asarray(widths) / 2
    wall = np.minimum((4 * middle / sum(widths)).astype(int), 3)
    return [np.flatnonzero(wall == number).tolist() for number in range(4)]


def _at_wall(models: Sequence[ObjectModel], wall: int, size: tuple[float, float]) -> list[Pose]:
    """Place objects at a wall, the first one where the robot comes from."""
    along = sum(_width(model) + BETWEEN for model in models)
    place = -along / 2
    half = size[wall % 2] / 2
    turn = QUARTERS[wall].astype(np.float64)
    poses = []
    for model in models:
        step = _width(model) + BETWEEN
        where = mount(model)
        depth = TABLE_DEPTH if where == "table" else float(model.size[0])
        away = depth / 2 + (1e-3 if where == "wall" else BACK)
        if where == "ceiling":
            away = max(away, 1.2)
        height = {
            "table": TABLE - GAP,
            "wall": min(model.elevation, HEIGHT - float(model.size[2])),
            "ceiling": HEIGHT - float(model.size[2]),
        }.get(where, 0.0)
        x, y, z = (turn @ np.array([away - half, place + step / 2, height])).tolist()
        poses.append(Pose((x, y, z), wall))
        place += step
    return poses
