"""The way of a robot past an object: where it stands, and when it presses its pad."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from omnibind_ros.simulation.objects.meshes import ObjectModel
from omnibind_ros.simulation.scene.camera import View, draw_view, mount, view_from

ANGLE = 45.0
"""Field of view of the robot's cameras, degrees."""

FILL = 0.8
"""Share of the picture's side that an object fills when the robot has come near enough."""

NEAREST = 0.25
"""Smallest distance between the cameras and the middle of the picture, metres. The robot comes no
nearer to a small object, which fills a smaller share of the picture then."""

SPEED = 0.5
"""Largest speed of the robot, metres a second."""

TURN = 0.35
"""Largest angular speed about the object, radians a second."""

SWAY = 30.0
"""The robot drives to and fro on an arc, so far to both sides of where it began, degrees."""

WALL = 65.0
"""Largest azimuth before an object that hangs on a wall, degrees."""

ROOM, ROOM_SWAY = 15.0, 20.0
"""In a room: largest azimuth where the robot begins, and how far it drives to both sides, degrees;
the objects beside it are in the way further aside."""

PERIOD, FREE = 3.0, 0.5
"""Seconds: the pad is pressed once in each period, and is free in its first part."""


@dataclass(frozen=True)
class Route:
    """The way past one object: to and fro on an arc about it, at one height.

    Attributes:
        target: What is in the middle of the pictures, metres, in the object's frame.
        distance: Of the cameras from it, metres.
        azimuth: Where the robot begins, about the target, degrees; 0 is the front.
        elevation: Of the cameras above the target, degrees.
        towards: The side to which it drives first, 1 (the object's left) or -1.
        hanging: Whether the object hangs on a wall, so that the arc ends before the wall.
        sway: How far it drives to both sides, degrees.
    """

    target: tuple[float, float, float]
    distance: float
    azimuth: float
    elevation: float
    towards: int = 1
    hanging: bool = False
    sway: float = SWAY

    @staticmethod
    def draw(model: ObjectModel, rng: np.random.Generator, *, in_room: bool = False) -> Route:
        """Draw a route that begins at a direction as `draw_view` draws them.

        The robot comes so near that the object, seen from the middle of the arc or from its ends,
        fills at most `FILL` of the picture's side.

        Args:
            model: The object.
            rng: Random generator.
            in_room: Whether the object has its back to a wall and others beside it.
        """
        view = draw_view(model, rng)
        away = np.subtract(view.position, view.target)
        elevation = math.asin(float(away[2] / np.linalg.norm(away)))
        azimuth = math.degrees(math.atan2(away[1], away[0]))
        sway = ROOM_SWAY if in_room else SWAY
        if in_room:
            azimuth = max(-ROOM, min(azimuth, ROOM))
        views = [
            view_from(model, (math.radians(azimuth + side), elevation), ANGLE, FILL)
            for side in (0.0, -sway, sway)
        ]
        distance = max(float(np.linalg.norm(np.subtract(v.position, v.target))) for v in views)
        return Route(
            target=views[0].target,
            distance=max(distance, NEAREST),
            azimuth=azimuth,
            elevation=math.degrees(elevation),
            towards=1 if rng.random() < 0.5 else -1,
            hanging=mount(model) == "wall",
            sway=sway,
        )

    def azimuth_at(self, second: float) -> float:
        """Return the azimuth, degrees: a sine whose largest speed is `SPEED` or `TURN`."""
        speed = min(SPEED / self.distance, TURN)
        phase = speed / math.radians(self.sway) * second
        azimuth = self.azimuth + self.towards * self.sway * math.sin(phase)
        return max(-WALL, min(azimuth, WALL)) if self.hanging else azimuth

    def view_at(self, second: float) -> View:
        """Return position and direction of the cameras, `second` after the robot's arrival."""
        azimuth, elevation = math.radians(self.azimuth_at(second)), math.radians(self.elevation)
        level = self.distance * math.cos(elevation)
        x, y, z = self.target
        place = (
            x + level * math.cos(azimuth),
            y + level * math.sin(azimuth),
            z + self.distance * math.sin(elevation),
        )
        return View(place, self.target, ANGLE)


def contact_at(second: float) -> int | None:
    """Return the number of the contact of the pad at a time since the arrival; None: it is free."""
    number, within = divmod(second + 1e-9, PERIOD)
    return int(number) if within >= FREE else None


INWARD = 0.5
"""How far the way between two objects bends towards the middle of the room: share of the distance
from there."""


@dataclass(frozen=True)
class Approach:
    """The way to an object, from where the robot stood before.

    Attributes:
        begin: View at its begin, in the object's frame.
        end: View at its end.
        middle: Of the room, metres, object's frame; the way bends towards it.
        seconds: How long it takes.
    """

    begin: View
    end: View
    middle: tuple[float, float, float]
    seconds: float

    def view_at(self, second: float) -> View:
        """Return position and direction of the cameras, `second` after the begin.

        A Bezier curve of second order, with speed 0 at both ends.
        """
        share = min(max(second / self.seconds, 0.0), 1.0)
        share = share * share * (3 - 2 * share)
        begin, end = np.asarray(self.begin.position), np.asarray(self.end.position)
        between = (begin + end) / 2
        middle = np.array([*self.middle[:2], between[2]])
        bend = between + INWARD * (middle - between)
        place = (1 - share) ** 2 * begin + 2 * share * (1 - share) * bend + share**2 * end
        target = (1 - share) * np.asarray(self.begin.target) + share * np.asarray(self.end.target)
        x, y, z = place.tolist()
        a, b, c = target.tolist()
        return View((x, y, z), (a, b, c), ANGLE)
