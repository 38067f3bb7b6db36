"""The surroundings of an object: floor or table, walls, open ground and sky."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.objects.meshes import ObjectModel

from .camera import View, mount
from .patterns import SIDE, VARIANTS, pattern

Colour = tuple[float, float, float]

WALLS: tuple[Colour, ...] = (
    (0.93, 0.92, 0.90),
    (0.88, 0.86, 0.80),
    (0.80, 0.82, 0.84),
    (0.86, 0.80, 0.70),
    (0.74, 0.80, 0.76),
    (0.70, 0.76, 0.84),
    (0.82, 0.72, 0.66),
    (0.62, 0.62, 0.62),
    (0.90, 0.87, 0.72),
    (0.55, 0.60, 0.66),
)
"""Colours of painted walls, sRGB."""

FLOORS: dict[str, tuple[Colour, ...]] = {
    "planks": (
        (0.62, 0.45, 0.30),
        (0.50, 0.35, 0.22),
        (0.75, 0.60, 0.43),
        (0.38, 0.27, 0.19),
        (0.66, 0.58, 0.50),
    ),
    "tiles": ((0.82, 0.80, 0.76), (0.66, 0.64, 0.62), (0.72, 0.58, 0.48), (0.45, 0.46, 0.48)),
    "carpet": ((0.60, 0.56, 0.50), (0.45, 0.48, 0.54), (0.58, 0.42, 0.38), (0.40, 0.44, 0.38)),
    "concrete": ((0.62, 0.61, 0.59), (0.50, 0.50, 0.50)),
}
"""Floors' patterns and their colours, sRGB."""

GROUNDS: dict[str, tuple[Colour, ...]] = {
    "grass": ((0.36, 0.45, 0.20), (0.30, 0.40, 0.16), (0.46, 0.48, 0.26)),
    "concrete": ((0.48, 0.47, 0.46), (0.36, 0.36, 0.37), (0.60, 0.57, 0.52)),
}
"""Open ground, sRGB."""


GAP = -1e-3
"""Height of the ground, metres: at 0 it would hide flat objects."""

HAZE, SKY, GREENERY = (
    np.asarray(colour, np.float32)
    for colour in ((0.93, 0.95, 0.97), (0.62, 0.78, 0.95), (0.45, 0.52, 0.34))
)
"""Colours outside of windows, sRGB."""


@dataclass(frozen=True)
class Surface:
    """A plane with a pattern.

    Attributes:
        normal: Unit, into the room.
        offset: normal . x on the plane, metres, object frame.
        colour: sRGB 0..1.
        kind: One of the kinds in `patterns.MAKERS`.
        variant: Which of them.
        scale: Metres along a pattern's side.
        turn: Of the pattern in its plane, radians.
        shine: Share of a mirror image, 0 matt.
        origin: Where the pattern begins, metres, object frame.
    """

    normal: tuple[float, float, float]
    offset: float
    colour: Colour
    kind: str
    variant: int
    scale: float
    turn: float
    shine: float = 0.0
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Surroundings:
    """Planes around the object, and the sky or a room's light beyond them.

    Attributes:
        surfaces: Planes.
        sky: Colours at the horizon and overhead, sRGB, where no plane is; in a room, the light
            that shiny surfaces mirror.
        outdoors: Whether the object is outdoors.
        hole: The part of the wall that is cut out for a door or window: smallest and largest y,
            smallest and largest z, in metres; None for no part.
    """

    surfaces: tuple[Surface, ...]
    sky: tuple[Colour, Colour]
    outdoors: bool
    hole: tuple[float, float, float, float] | None = None

    def trace(self, origin: Floats, directions: Floats) -> tuple[Floats, NDArray[np.int32]]:
        """Find the nearest plane along rays.

        Args:
            origin: float32 [3] or [N, 3], metres.
            directions: float32 [N, 3].

        Returns:
            The distance, float32 [N], inf where there is none; and the plane's number, -1 there.
        """
        nearest = np.full(len(directions), np.inf, np.float32)
        which = np.full(len(directions), -1, np.int32)
        out = np.zeros(len(directions), bool)
        for number, surface in enumerate(self.surfaces):
            normal = np.asarray(surface.normal, np.float32)
            slope = directions @ normal
            height = np.asarray(origin, np.float32) @ normal - surface.offset
            with np.errstate(divide="ignore", invalid="ignore"):
                distance = np.where(slope < -1e-5, -height / slope, np.inf)
            closer = (distance > 0) & (distance < nearest)
            nearest = np.where(closer, distance, nearest).astype(np.float32)
            which[closer] = number
            if self.hole and surface.normal == (1.0, 0.0, 0.0):
                out |= (distance > 0) & self._in_hole(origin, directions, distance)
        # The room ends at its wall.
        nearest[out] = np.inf
        which[out] = -1
        return nearest, which

    def _in_hole(self, origin: Floats, directions: Floats, distance: Floats) -> NDArray[np.bool_]:
        reach = np.where(np.isfinite(distance), distance, 0)
        y, z = (origin + reach[:, None] * directions)[:, 1:].T
        left, right, low, high = self.hole or (0.0, 0.0, 0.0, 0.0)
        return np.asarray((y > left) & (y < right) & (z > low) & (z < high))

    def colours(self, which: NDArray[np.int32], points: Floats, spacing: Floats) -> Floats:
        """Look up the planes' colours.

        Args:
            which: int32 [N], planes' numbers, none negative.
            points: float32 [N, 3], on them, metres.
            spacing: float32 [N], distance between neighbouring rays there, metres; patterns finer
                than that fade, as they would blur.

        Returns:
            float32 [N, 3], sRGB.
        """
        result = np.empty((len(which), 3), np.float32)
        for number in np.unique(which):
            surface = self.surfaces[number]
            mask = which == number
            shade = self._shade(surface, points[mask], spacing[mask])
            result[mask] = np.clip(np.asarray(surface.colour, np.float32) * shade[:, None], 0, 1)
        return result

    def _shade(self, surface: Surface, points: Floats, spacing: Floats) -> Floats:
        normal = np.asarray(surface.normal, np.float64)
        # Axes in the plane: along the floor, or along the wall and up.
        first = np.cross(normal, (0, 0, 1)) if abs(normal[2]) < 0.9 else np.array([1.0, 0, 0])
        first /= np.linalg.norm(first)
        second = np.cross(normal, first)
        cos, sin = math.cos(surface.turn), math.sin(surface.turn)
        axes = np.stack([cos * first + sin * second, cos * second - sin * first], axis=1)
        where = (points - np.asarray(surface.origin, np.float32)) @ axes.astype(np.float32)
        where *= SIDE / surface.scale
        cell = np.floor(where).astype(np.int64)
        share = (where - cell).astype(np.float32)
        picture = pattern(surface.kind, surface.variant)
        x0, y0 = cell[:, 0] % SIDE, cell[:, 1] % SIDE
        x1, y1 = (x0 + 1) % SIDE, (y0 + 1) % SIDE
        u, v = share[:, 0], share[:, 1]
        upper = picture[y0, x0] * (1 - u) + picture[y0, x1] * u
        lower = picture[y1, x0] * (1 - u) + picture[y1, x1] * u
        value = upper * (1 - v) + lower * v
        fade = np.clip(spacing * SIDE / surface.scale / 8, 0, 1)
        return np.asarray(value * (1 - fade) + fade, np.float32)

    def sky_colour(self, directions: Floats) -> Floats:
        """Return the colours in directions where no plane is, float32 [N, 3], sRGB."""
        height = np.clip(directions[:, 2:3], 0, 1) ** 0.6
        low, high = (np.asarray(colour, np.float32) for colour in self.sky)
        return np.asarray(low + (high - low) * height, np.float32)

    def view_out(self, directions: Floats) -> Floats:
        """Return the colours seen through the hole: sky, haze and plants, float32 [N, 3], sRGB."""
        height = directions[:, 2:3]
        sky = HAZE + (SKY - HAZE) * np.clip(height, 0, 1) ** 0.5
        green = 1 / (1 + np.exp(60 * (height + 0.03)))
        return np.asarray(sky * (1 - green) + GREENERY * green, np.float32)


def draw_open_ground(rng: np.random.Generator) -> Surroundings:
    """Draw open ground under the sky."""
    kind = str(rng.choice(list(GROUNDS), p=[0.4, 0.6]))
    ground = _surface((0, 0, 1), GAP, kind, GROUNDS[kind], (1.0, 3.0), rng)
    haze = rng.uniform(0.75, 0.95)
    blue = rng.uniform(0, 1)
    overhead = (0.75 - 0.45 * blue, 0.80 - 0.25 * blue, 0.86)
    return Surroundings((ground,), ((haze, haze, min(haze + 0.03, 1.0)), overhead), True)


def draw_room_surfaces(
    size: tuple[float, float], height: float, rng: np.random.Generator
) -> tuple[tuple[Surface, ...], tuple[Colour, Colour]]:
    """Draw floor, ceiling and four walls of a room, and its light.

    Args:
        size: Along x and y, metres; the middle of the floor is the origin.
        height: Metres.
        rng: Random generator.

    Returns:
        The surfaces, the floor first; and `Surroundings.sky`.
    """
    kind = str(rng.choice(["planks", "tiles", "carpet"], p=[0.6, 0.2, 0.2]))
    floor = _surface((0, 0, 1), GAP, kind, FLOORS[kind], (1.2, 2.4), rng, 0.5)
    ceiling = _surface((0, 0, -1), -height, "plain", WALLS[:2], (2.0, 3.0), rng)
    kind = str(rng.choice(["plain", "plaster", "stripes"], p=[0.5, 0.4, 0.1]))
    wall = _surface((1, 0, 0), -size[0] / 2, kind, WALLS, (1.0, 2.5), rng)
    walls = [
        replace(wall, normal=(x, y, 0.0), offset=-size[0 if x else 1] / 2)
        for x, y in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
    ]
    light = float(rng.uniform(0.8, 1.0))
    warm = float(rng.uniform(0, 0.08))
    dim = float(rng.uniform(0.3, 0.6))
    return (floor, ceiling, *walls), ((dim, dim, dim), (light, light - warm / 2, light - warm))


def draw_surroundings(model: ObjectModel, view: View, rng: np.random.Generator) -> Surroundings:
    """Draw surroundings that suit the object and the view."""
    where = mount(model)
    size = float(model.size.max())
    if where == "outdoors":
        return draw_open_ground(rng)
    surfaces = []
    if where == "table":
        kind = str(rng.choice(["planks", "plain", "concrete"], p=[0.6, 0.3, 0.1]))
        colours = WALLS if kind == "plain" else FLOORS[kind]
        surfaces.append(_surface((0, 0, 1), GAP, kind, colours, (0.6, 1.6), rng, 0.5))
    elif where == "floor":
        kind = str(rng.choice(list(FLOORS), p=[0.5, 0.2, 0.2, 0.1]))
        surfaces.append(_surface((0, 0, 1), GAP, kind, FLOORS[kind], (1.2, 2.4), rng, 0.5))
    elif where == "wall":
        kind = str(rng.choice(list(FLOORS), p=[0.5, 0.2, 0.2, 0.1]))
        below = -model.elevation
        surfaces.append(_surface((0, 0, 1), below, kind, FLOORS[kind], (1.2, 2.4), rng))
    elif where == "ceiling":
        colours = WALLS[:2]
        surfaces.append(
            _surface((0, 0, -1), -float(model.size[2]), "plain", colours, (2.0, 3.0), rng)
        )
    surfaces.extend(_walls(model, view, where, size, rng))
    light = float(rng.uniform(0.75, 1.0))
    warm = float(rng.uniform(0, 0.1))
    room = (light, light - warm / 2, light - warm)
    dim = float(rng.uniform(0.3, 0.6))
    hole = None
    if model.opening:
        half = 0.46 * float(model.size[1])
        hole = (-half, half, 0.04 * float(model.size[2]), 0.96 * float(model.size[2]))
    return Surroundings(tuple(surfaces), ((dim, dim, dim), room), False, hole)


def _walls(
    model: ObjectModel, view: View, where: str, size: float, rng: np.random.Generator
) -> list[Surface]:
    """Draw a wall behind the object, and often one beside it."""
    kind = str(
        rng.choice(
            ["plain", "plaster", "stripes", "bricks", "tiles"], p=[0.45, 0.3, 0.1, 0.07, 0.08]
        )
    )
    colours = ((0.60, 0.36, 0.28), (0.85, 0.83, 0.80)) if kind == "bricks" else WALLS
    scale = (1.0, 2.5)
    if where == "wall":
        back = -float(model.size[0]) / 2 + 1e-3
        if model.opening:  # half the thickness of the wall is behind a door
            back = -0.02
        return [_surface((1, 0, 0), back, kind, colours, scale, rng)]
    # The wall opposite the sensor; objects with their back to it stand nearer to it.
    quarter = round(view.azimuth / 90) * math.pi / 2
    normal = np.array([round(math.cos(quarter)), round(math.sin(quarter)), 0])
    half = float(np.abs(normal[:2]) @ model.size[:2]) / 2
    near = where == "floor" and quarter == 0
    gap = float(rng.uniform(0.02, 0.5) if near else rng.uniform(0.6, 4) * max(size, 0.5))
    first = _surface(tuple(normal), -half - gap, kind, colours, scale, rng)
    walls = [first]
    if rng.random() < 0.4:
        side = np.array([-normal[1], normal[0], 0]) * rng.choice([-1, 1])
        half = float(np.abs(side[:2]) @ model.size[:2]) / 2
        offset = -half - float(rng.uniform(0.3, 2.0)) * size
        # The sensor stays inside the room.
        offset = min(offset, float(side @ np.asarray(view.position)) - 0.1)
        walls.append(replace(first, normal=(float(side[0]), float(side[1]), 0.0), offset=offset))
    return walls


def _surface(
    normal: tuple[float, float, float],
    offset: float,
    kind: str,
    colours: tuple[Colour, ...],
    scale: tuple[float, float],
    rng: np.random.Generator,
    shiny: float = 0.0,
) -> Surface:
    base = np.asarray(colours[int(rng.integers(len(colours)))])
    tint = np.clip(base * rng.uniform(0.85, 1.1) + rng.normal(0, 0.02, 3), 0.02, 1)
    red, green, blue = tint.tolist()
    quarters = int(rng.integers(2)) if kind in ("planks", "tiles") and normal[2] else 0
    return Surface(
        (float(normal[0]), float(normal[1]), float(normal[2])),
        float(offset),
        (red, green, blue),
        kind,
        int(rng.integers(VARIANTS)),
        float(rng.uniform(*scale)),
        quarters * math.pi / 2 + (float(rng.uniform(0, math.pi)) if kind == "carpet" else 0.0),
        float(rng.uniform(0.02, 0.15)) if rng.random() < shiny else 0.0,
    )
