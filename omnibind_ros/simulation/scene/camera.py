"""Positions and directions of sensors: pinhole cameras, and views that a robot would have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.objects.meshes import ObjectModel

FRONT_SHARE = 0.8
"""Share of views of free-standing objects from the front, which is the side that people and robots
mostly see. The other views are from any side."""

FRONT_SPREAD = 35.0
"""Standard deviation of front views' azimuth, degrees."""

HANGING_SPREAD = 22.0
"""Standard deviation of azimuth in front of a wall, degrees; never more than 65."""

EYE_HEIGHT = (0.5, 1.6)
"""Height of a robot's cameras above the floor, metres."""

TABLE_TOP = 0.5
"""Objects whose longest side is shorter than this, in metres, stand on a table."""

FILL = (0.74, 0.94)
"""Share of the picture's side that the object fills."""

ANGLES = (28.0, 55.0)
"""Field of view of the picture's shorter side, degrees."""


@dataclass(frozen=True)
class View:
    """Position and direction of a sensor, in the object's frame.

    Attributes:
        position: Of the sensor, metres.
        target: The point in the middle of the picture, metres.
        angle: Field of view of the picture's shorter side, degrees.
        roll: About the line of sight, degrees, clockwise as seen by the sensor.
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    angle: float
    roll: float = 0.0

    @property
    def azimuth(self) -> float:
        """Side that is seen: 0 the front, 90 the object's left, degrees."""
        return math.degrees(math.atan2(self.position[1], self.position[0]))

    @property
    def rotation(self) -> Floats:
        """Axes right, down and forward as columns, float32 [3, 3]."""
        forward = np.subtract(self.target, self.position)
        forward /= max(float(np.linalg.norm(forward)), 1e-9)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        if np.linalg.norm(right) < 1e-6:  # straight up or down
            right = np.array([0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        turn = math.radians(self.roll)
        across = math.cos(turn) * right + math.sin(turn) * down
        below = math.cos(turn) * down - math.sin(turn) * right
        return np.stack([across, below, forward], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion.

    Attributes:
        view: Its position and direction.
        width: Columns.
        height: Rows.
    """

    view: View
    width: int
    height: int

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        shorter = min(self.width, self.height)
        return shorter / 2 / math.tan(math.radians(self.view.angle) / 2)

    def directions(self) -> Floats:
        """Return each pixel's ray, float32 [height * width, 3], unit, object frame, by rows."""
        across = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal
        down = (np.arange(self.height) + 0.5 - self.height / 2) / self.focal
        grid = np.empty((self.height, self.width, 3), np.float32)
        grid[..., 0] = across
        grid[..., 1] = down[:, None]
        grid[..., 2] = 1
        grid /= np.linalg.norm(grid, axis=2, keepdims=True)
        return np.asarray(grid.reshape(-1, 3) @ self.view.rotation.T, np.float32)

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Project points into the picture.

        Args:
            points: [N, 3], metres, object frame.

        Returns:
            float64 [N, 3]: column, row, and depth along the line of sight in metres; where the
            depth is not positive, column and row are meaningless.
        """
        seen = (np.asarray(points, np.float64) - self.view.position) @ self.view.rotation
        depth = np.where(np.abs(seen[:, 2]) < 1e-9, 1e-9, seen[:, 2])
        column = seen[:, 0] / depth * self.focal + self.width / 2
        row = seen[:, 1] / depth * self.focal + self.height / 2
        return np.stack([column, row, seen[:, 2]], axis=1)

    def box(self, points: NDArray[np.floating], margin: int = 2) -> tuple[slice, slice]:
        """Return the rows and columns that may show any of these points."""
        column, row, depth = self.project(points).T
        if (depth < 0.01).any():
            return slice(0, self.height), slice(0, self.width)
        rows = _span(row, self.height, margin)
        return rows, _span(column, self.width, margin)


def _span(values: NDArray[np.float64], count: int, margin: int) -> slice:
    low = min(max(math.floor(values.min()) - margin, 0), count)
    high = min(max(math.ceil(values.max()) + margin, low), count)
    return slice(low, high)


def mount(model: ObjectModel) -> str:
    """Return where an object stands or hangs: floor, table, wall, ceiling or outdoors."""
    top = model.elevation + float(model.size[2])
    if model.category in ("Exterior", "Vehicles") and model.elevation < 0.05:
        return "outdoors"
    if model.elevation > 1.0 and 2.45 <= top <= 3.05 and model.category == "Lights":
        return "ceiling"
    if "ceiling" in model.name.lower():
        return "ceiling"
    if model.opening or model.elevation > 0.05:
        return "wall"
    return "table" if float(model.size.max()) < TABLE_TOP else "floor"


def draw_view(model: ObjectModel, rng: np.random.Generator) -> View:
    """Draw a view that a robot might have of an object.

    The azimuth is mostly near the front (`FRONT_SHARE`). The sensor is at the height of a robot's,
    but above objects on a table and below lamps. The object fills `FILL` of the picture and is a
    little off its middle.
    """
    where = mount(model)
    azimuth = _draw_azimuth(where, rng)
    angle = float(rng.uniform(*ANGLES))
    reach = float(np.linalg.norm(model.size)) / 2 / math.tan(math.radians(angle) / 2)
    elevation = _draw_elevation(model, where, reach, rng)
    fill = float(rng.uniform(*FILL))
    roll = float(rng.normal(0, 1.5))
    right, down = (float(value) for value in rng.uniform(-0.4, 0.4, 2))
    view = view_from(model, (azimuth, elevation), angle, fill, (right, down), roll)
    x, y, z = view.position
    if where in ("floor", "table", "outdoors"):
        z = max(z, 0.05 * float(model.size[2]) + 0.02)
    return View((x, y, z), view.target, angle, roll)


def view_from(
    model: ObjectModel,
    direction: tuple[float, float],
    angle: float,
    fill: float,
    aside: tuple[float, float] = (0.0, 0.0),
    roll: float = 0.0,
) -> View:
    """Return the view of an object from a direction, at the distance where it fills the picture.

    Args:
        model: The object.
        direction: Azimuth and elevation of the sensor, radians.
        angle: Field of view of the picture's shorter side, degrees.
        fill: Share of the picture's side that the object fills.
        aside: Where it is in the picture, left and up, as shares of the room that it leaves on a
            side: -1 to 1 keep it whole.
        roll: As in `View`, degrees.
    """
    azimuth, elevation = direction
    points = _hull_points(model)
    middle = np.array([0.0, 0.0, float(model.size[2]) / 2])
    towards = np.array(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
        ]
    )
    slope = math.tan(math.radians(angle) / 2)
    turn = _view(middle, towards, 1.0, angle, roll).rotation.astype(np.float64)
    target, distance = _frame(points, middle, turn, fill * slope)
    slack = (1 - fill) * distance * slope
    return _view(target + turn[:, :2] @ np.array(aside) * slack, towards, distance, angle, roll)


def _frame(
    points: NDArray[np.floating],
    target: NDArray[np.float64],
    turn: NDArray[np.float64],
    slope: float,
) -> tuple[NDArray[np.float64], float]:
    """Find the nearest place from which points fill a square of the picture.

    Args:
        points: [N, 3].
        target: First guess of the point in the middle, float64 [3].
        turn: Axes right, down and forward as columns, float64 [3, 3].
        slope: Tangent of half the square's angle.

    Returns:
        The target for which the square is in the middle of the picture, and the distance from it.
    """

    def distance_from(target: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        local = (points - target) @ turn
        aside = np.abs(local[:, :2]).max(axis=1)
        # Far enough that each point is in the square, and none is at the sensor itself.
        near = 0.05 * float(np.ptp(local, axis=0).max())
        return local, float((np.maximum(aside / slope, near) - local[:, 2]).max())

    for _ in range(10):
        local, distance = distance_from(target)
        seen = local[:, :2] / (distance + local[:, 2:])
        middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
        # Half the way: with a long object seen from its end, the full way would not converge.
        target = target + turn[:, :2] @ middle * distance / 2
    return target, distance_from(target)[1]


def _view(
    target: NDArray[np.float64],
    towards: NDArray[np.float64],
    distance: float,
    angle: float,
    roll: float,
) -> View:
    x, y, z = (target + distance * towards).tolist()
    a, b, c = target.tolist()
    return View((x, y, z), (a, b, c), angle, roll)


def _draw_azimuth(where: str, rng: np.random.Generator) -> float:
    """Draw the azimuth of the sensor, radians."""
    if where == "wall":
        return math.radians(float(np.clip(rng.normal(0, HANGING_SPREAD), -65, 65)))
    if rng.random() < FRONT_SHARE:
        return math.radians(float(rng.normal(0, FRONT_SPREAD)))
    return float(rng.uniform(-math.pi, math.pi))


def _draw_elevation(
    model: ObjectModel, where: str, distance: float, rng: np.random.Generator
) -> float:
    """Draw the sensor's elevation angle above the object, radians."""
    if where == "ceiling":
        return math.radians(float(rng.uniform(-35, -5)))
    if where == "table":
        flat = float(model.size[2]) < 0.25 * float(model.size[:2].max())
        return math.radians(float(rng.uniform(30, 65) if flat else rng.uniform(8, 35)))
    height = float(rng.uniform(*EYE_HEIGHT))
    middle = model.elevation + float(model.size[2]) / 2
    natural = math.degrees(math.atan2(height - middle, max(distance, 0.3)))
    if where == "wall":
        return math.radians(float(np.clip(natural, -30, 30)))
    flat = float(model.size[2]) < 0.1 * float(model.size[:2].max())
    low, high = (22, 50) if flat else (3, 30)
    return math.radians(float(np.clip(natural, low, high)))


def _hull_points(model: ObjectModel, most: int = 2000) -> NDArray[np.float32]:
    """Return some of the vertices that are in triangles, among them those at the extremes."""
    used = np.unique(model.triangles)
    points = model.vertices[used]
    extremes = np.concatenate([points.argmin(axis=0), points.argmax(axis=0)])
    return np.concatenate([points[:: max(1, len(points) // most)], points[extremes]])
