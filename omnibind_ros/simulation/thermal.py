"""A thermal camera: apparent surface temperatures.

The model, for opaque grey bodies in an enclosure (Vollmer and Moellmann, Infrared Thermal Imaging,
2nd ed., chapter 2): a surface emits its own radiation and mirrors that of its surroundings,
T_apparent^4 = e T_surface^4 + (1 - e) T_mirrored^4, with total radiation (Stefan-Boltzmann) instead
of the band's, which is off by less than 0.5 K between 0 and 60 C. Emissivity e falls towards
grazing angles, 1 - e by Schlick's approximation (that of real metals rises there).

Surface temperatures come from objects/heat.py; other objects differ from the room by a little.
Walls, floor and window panes are warmed or cooled from behind, and outdoors dark surfaces and the
ground warm in the sun. Where the camera stands and what it makes of the radiation is in `infrared`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.units import ABSOLUTE_ZERO

from .infrared.camera import ThermalCamera, sense
from .infrared.station import Ground, draw_ground, draw_station
from .interface import Setup, Step, Subject
from .objects.heat import HotSpot, find_heat
from .objects.meshes import ObjectModel
from .objects.substances import SUBSTANCES
from .rendering.light import Light
from .scene.camera import Camera, View
from .scene.patterns import noise
from .scene.ray_casting import Hits, Scene, nearest, sample_textures
from .scene.surroundings import Surroundings

WIDTH, HEIGHT = 160, 120
"""Columns and rows that are computed."""

ROOM_HEIGHT = 3.0
"""Metres."""


@dataclass(frozen=True)
class ThermalSettings:
    """The temperatures of the moment, and the thermal camera.

    Its fields are stored with each sample.

    Attributes:
        air: Room or outdoor temperature, C.
        outside: Temperature behind outer walls and windows, C.
        wall: Walls' temperature less the air's, K.
        floor: Floor's temperature less the air's, K.
        sky: Apparent temperature of the open sky, C.
        sun: Rise of a black surface that faces the sun, K; 0 indoors.
        warmed: Share of that by which the ground is warmer.
        body: Temperature of the object less that of the air, before all else, K.
        ground: How the temperatures of floor, walls or ground vary.
        running: Whether the object is on, or was used lately.
        seed: Seed of the rises within their ranges, and of small differences between parts.
        camera: The camera.
    """

    air: float = 21.0
    outside: float = 10.0
    wall: float = -1.5
    floor: float = -1.0
    sky: float = -15.0
    sun: float = 0.0
    warmed: float = 0.4
    body: float = 0.0
    ground: Ground = field(default_factory=Ground)
    running: bool = True
    seed: int = 0
    camera: ThermalCamera = field(default_factory=ThermalCamera)

    @staticmethod
    def draw(
        model: ObjectModel, outdoors: bool, rng: np.random.Generator, *, moving: bool = False
    ) -> ThermalSettings:
        """Draw the temperatures and a camera.

        Args:
            model: The object; its name decides how often it is on.
            outdoors: Whether it is outdoors.
            rng: Random generator.
            moving: Whether the camera is that of a robot in motion; see `ThermalCamera.draw`.
        """
        outside = float(rng.uniform(-5, 34))
        air = outside if outdoors else float(rng.uniform(17, 27))
        heat = find_heat(model.name)
        sunny = outdoors and rng.random() < 0.6
        return ThermalSettings(
            air=air,
            outside=outside,
            wall=0.25 * (outside - air) * float(rng.uniform(0.2, 1)) + float(rng.normal(0, 0.7)),
            floor=float(rng.normal(2.5, 2.5) if outdoors else rng.normal(-0.5, 1.5)),
            sky=outside - float(rng.uniform(5, 40)),
            sun=float(rng.uniform(2, 22)) if sunny else 0.0,
            warmed=float(rng.uniform(0.15, 0.9)),
            body=float(rng.normal(0, 2.5)) if outdoors and not (heat and heat.alive) else 0.0,
            ground=draw_ground(float(model.size.max()), outdoors, rng),
            running=heat is not None and bool(rng.random() < heat.probability),
            seed=int(rng.integers(2**31)),
            camera=ThermalCamera.draw(rng, outdoors=outdoors, moving=moving),
        )


def render_thermal(
    scene: Scene,
    view: View,
    surroundings: Surroundings,
    light: Light,
    settings: ThermalSettings,
    rng: np.random.Generator,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Floats:
    """Take a thermal picture.

    Args:
        scene: The object.
        view: Position and direction of the camera.
        surroundings: The surroundings of the object.
        light: The light; outdoors the sun.
        settings: Temperatures and camera.
        rng: Random generator of the noise.
        width: Columns.
        height: Rows.

    Returns:
        float32, apparent temperatures, C, with as many rows as the camera has, or counts of a
        camera that stretches them (`infrared.camera`).
    """
    camera = Camera(view, width, height)
    origin = np.asarray(view.position, np.float32)
    directions = camera.directions()
    window = np.zeros((height, width), bool)
    window[camera.box(scene.mesh.vertices)] = True
    inside = np.flatnonzero(window)
    # Glass is opaque to thermal radiation: panes are surfaces like others.
    hits = nearest(scene, origin, directions[inside])
    far, planes = surroundings.trace(origin, directions)

    apparent = _background(surroundings, origin, directions, far, planes, settings)
    front = hits.hit & (hits.distance < far[inside])
    seen = inside[front]
    if len(seen):
        own = surface_temperatures(scene, hits, light, settings)[front]
        facing = np.clip(-np.einsum("ij,ij->i", hits.normals, directions[inside]), 0, 1)[front]
        bounced = directions[seen] + 2 * facing[:, None] * hits.normals[front]
        emissivity = np.array(
            [SUBSTANCES[each.substance].emissivity for each in scene.mesh.materials]
        )[hits.materials[front]]
        reflectance = (1 - emissivity) + emissivity * (1 - facing) ** 5
        mirrored = _mirrored(surroundings, bounced, settings)
        mixed = (1 - reflectance) * (own - ABSOLUTE_ZERO) ** 4 + reflectance * (
            mirrored - ABSOLUTE_ZERO
        ) ** 4
        apparent[seen] = mixed**0.25 + ABSOLUTE_ZERO
    return sense(apparent.reshape(height, width).astype(np.float32), settings.camera, rng)


def surface_temperatures(
    scene: Scene, hits: Hits, light: Light, settings: ThermalSettings
) -> NDArray[np.float64]:
    """Compute the temperature of the surfaces that rays hit; what is around it is not heated.

    Returns:
        float64 [N], C; meaningless where nothing is hit.
    """
    model, materials = scene.model, scene.mesh.materials
    rng = np.random.default_rng(settings.seed)
    # Parts differ a little in temperature; metal follows the air more closely.
    small = rng.normal(0.2, 0.35, len(materials))
    small *= [0.5 if SUBSTANCES[each.substance].metallic else 1.0 for each in materials]
    if model.opening:
        panes = np.array([each.substance == "glass" for each in materials])
        small += np.where(panes, 0.35, 0.12) * (settings.outside - settings.air)
    result = settings.air + settings.body + small[hits.materials]
    result += 0.4 * (hits.points[:, 2] - model.size[2] / 2)  # warm air rises: 0.4 K/m
    if settings.sun:
        colours = sample_textures(scene.mesh, np.maximum(hits.materials, 0), hits.uv)[:, :3]
        facing = np.maximum(hits.normals @ np.asarray(light.direction, np.float32), 0)
        result += settings.sun * facing * (1 - 0.8 * colours.mean(axis=1))
    heat = find_heat(model.name) if settings.running else None
    if heat is not None:
        share = heat.rise_at(settings.air)
        for spot in heat.spots:
            result += share * float(rng.uniform(*spot.rise)) * _weight(spot, scene, hits)
    return np.asarray(result, np.float64)


def _weight(spot: HotSpot, scene: Scene, hits: Hits) -> NDArray[np.float64]:
    """Return the share of a hot spot's rise at each point, 0..1, float64 [N]."""
    model = scene.model
    weight = np.where(scene.own(hits.materials), 1.0, 0.0)
    if spot.parts:
        names = [f"{each.name} {each.substance}".lower() for each in scene.mesh.materials]
        weight *= np.array([bool(re.search(spot.parts, name)) for name in names])[hits.materials]
    half = np.asarray(model.size, np.float64) / 2
    centres: list[NDArray[np.float64]] = []
    if spot.bulbs:
        centres = [np.asarray(bulb.position, np.float64) for bulb in model.lights]
        centres = centres or [np.array([0.0, 0.0, 1.5 * half[2]])]
    elif spot.at is not None:
        centres = [np.array([spot.at[0], spot.at[1], 2 * spot.at[2]]) * half]
    if centres:
        radius = spot.radius * float(model.size.max())
        gaps = [((hits.points - centre) ** 2).sum(axis=1) for centre in centres]
        weight *= np.exp(-np.min(gaps, axis=0) / (2 * radius**2))
    return weight


def _background(
    surroundings: Surroundings,
    origin: Floats,
    directions: Floats,
    far: Floats,
    planes: NDArray[np.int32],
    settings: ThermalSettings,
) -> NDArray[np.float64]:
    """Compute the apparent temperatures of the surroundings, C, float64 [N]."""
    apparent = _mirrored(surroundings, directions, settings)
    cloudy = noise(settings.seed % 8, (12.0, 40.0))
    for number, surface in enumerate(surroundings.surfaces):
        mask = planes == number
        points = origin + far[mask, None] * directions[mask]
        upright = abs(surface.normal[2]) < 0.5
        level = settings.air + (settings.floor if surface.normal[2] > 0.5 else settings.wall)
        if surface.normal[2] > 0.5 and surroundings.outdoors:
            level += settings.warmed * settings.sun
        axis = [int(abs(surface.normal[0]) > 0.5), 2] if upright else [0, 1]
        # Warm air rises; walls are endless here, so the height is limited.
        rise = 0.4 * np.clip(points[:, 2], -ROOM_HEIGHT, ROOM_HEIGHT) if upright else 0.0
        apparent[mask] = level + settings.ground.rise(points, axis, cloudy) + rise
    return apparent


def _mirrored(
    surroundings: Surroundings, directions: Floats, settings: ThermalSettings
) -> NDArray[np.float64]:
    """Return the apparent temperature in a direction far from the object, C, float64 [N]."""
    up = np.clip(directions[:, 2].astype(np.float64), -1, 1)
    below = settings.air + settings.floor
    above = np.full(len(up), settings.air + 0.5)
    if surroundings.outdoors:  # near the horizon the sky is as warm as the air
        above = settings.air + (settings.sky - settings.air) * np.sqrt(np.maximum(up, 0))
    share = 1 / (1 + np.exp(-12 * up))
    return np.asarray(below * (1 - share) + above * share)


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[Floats, dict[str, Any]]:
    """Take one thermal picture; see the room's description."""
    view, surroundings = draw_station(subject.model, setup, rng)
    settings = ThermalSettings.draw(subject.model, surroundings.outdoors, rng)
    picture = render_thermal(subject.scene, view, surroundings, setup.light, settings, rng)
    station = {"view": asdict(view), "outdoors": surroundings.outdoors}
    return picture, {**asdict(settings), **station}


class Stream:
    """A thermal camera in motion; the temperatures stay."""

    rate = 9.0

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw temperatures and a camera; see the room's description."""
        outdoors = step.surroundings.outdoors
        self._settings = ThermalSettings.draw(subject.model, outdoors, rng, moving=True)
        self._rng = rng

    def read(self, step: Step) -> Floats:
        """Return a thermal picture, float32 [120, 160], C."""
        scene, surroundings = step.subject.visible, step.surroundings
        return render_thermal(scene, step.view, surroundings, step.light, self._settings, self._rng)
