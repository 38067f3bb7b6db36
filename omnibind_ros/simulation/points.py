"""Depth cameras and LiDARs: points on the side of an object that faces the sensor.

Range noise of a depth camera that triangulates grows with the square of the range (Khoshelham and
Elberink, Accuracy and Resolution of Kinect Depth Data, Sensors 2012: 1.4 mm at 1 m); that of a
LiDAR is constant (about a centimetre in makers' data sheets). Rays are lost at random, on surfaces
seen at a grazing angle, and on those that are shiny or dark; most go through glass.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats

from .interface import Setup, Step, Subject
from .objects.substances import SUBSTANCES
from .scene.camera import Camera, View
from .scene.ray_casting import Scene, nearest, sample_textures
from .scene.surroundings import Surroundings

MOST = 2048
"""Most points of a sample."""

RAYS = 24_000
"""Rays of a depth camera that show the object; the points are drawn from them."""


@dataclass(frozen=True)
class PointSettings:
    """The parameters of a range sensor; its fields are stored with each sample.

    Attributes:
        pattern: A depth camera's grid of pixels, or a LiDAR's rings.
        constant: Range noise that does not depend on the range, standard deviation, m.
        quadratic: Range noise at 1 m that grows with the square of the range, m.
        lost: Share of rays lost at random.
        glass: Share of rays that transparent parts reflect; the others go through.
        grazing: Cosine of the angle to the normal below which nothing is returned.
        rings: Angle between a LiDAR's rings, degrees.
        step: Angle between a ring's points, degrees.
        ground: Share of the points that may lie on floor or wall near the object; 0 for none.
        flying: Share of points that lie between the object and the background.
    """

    pattern: Literal["depth camera", "lidar"] = "depth camera"
    constant: float = 0.0
    quadratic: float = 1.4e-3
    lost: float = 0.05
    glass: float = 0.2
    grazing: float = 0.1
    rings: float = 0.7
    step: float = 0.2
    ground: float = 0.0
    flying: float = 0.01

    @staticmethod
    def draw(rng: np.random.Generator) -> PointSettings:
        """Draw a sensor: a depth camera in seven of ten samples, else a LiDAR."""
        lidar = bool(rng.random() < 0.3)
        return PointSettings(
            pattern="lidar" if lidar else "depth camera",
            constant=float(rng.uniform(0.004, 0.015) if lidar else 0.0),
            quadratic=0.0 if lidar else float(rng.uniform(0.7e-3, 2.5e-3)),
            lost=float(rng.uniform(0.01, 0.2)),
            glass=float(rng.uniform(0.08, 0.35)),
            grazing=float(rng.uniform(0.05, 0.2)),
            rings=float(rng.uniform(0.35, 1.2)),
            step=float(rng.uniform(0.1, 0.3)),
            ground=float(rng.uniform(0.02, 0.15)) if rng.random() < 0.4 else 0.0,
            flying=float(rng.uniform(0.0, 0.02)),
        )


def render_points(
    scene: Scene,
    view: View,
    surroundings: Surroundings,
    settings: PointSettings,
    rng: np.random.Generator,
    most: int = MOST,
) -> Floats:
    """Measure distances of an object in many directions.

    Args:
        scene: The object.
        view: Position and direction of the sensor.
        surroundings: The surroundings of the object.
        settings: The sensor.
        rng: Random generator of noise and of the choice of points.
        most: Most points.

    Returns:
        float32 [N, 3], N <= most, metres, sensor frame: x forward along the line of sight, y left,
        z up (ROS REP 103), in no order. N is 0 if nothing is returned.
    """
    origin = np.asarray(view.position, np.float32)
    directions = _rays(scene, view, settings)
    hits = nearest(scene, origin, directions, rng.random(len(directions)) < settings.glass)
    far, _ = surroundings.trace(origin, directions)
    on_object = hits.hit & (hits.distance < far)
    distance = np.where(on_object, hits.distance, far)
    returned = rng.random(len(directions)) >= settings.lost
    returned &= ~on_object | _reflects(
        scene, hits.materials, hits.uv, hits.normals, directions, settings, rng
    )
    returned &= np.isfinite(distance)
    chosen = _choose(
        on_object & returned,
        ~on_object & returned,
        origin,
        directions,
        distance,
        scene,
        settings,
        most,
        rng,
    )

    ranges = distance[chosen].astype(np.float64)
    flying = (rng.random(len(chosen)) < settings.flying) & np.isfinite(far[chosen])
    ranges[flying] += rng.random(int(flying.sum())) * np.maximum(
        far[chosen][flying] - ranges[flying], 0
    )
    spread = settings.constant + settings.quadratic * ranges**2
    ranges = np.maximum(ranges + spread * rng.standard_normal(len(ranges)), 1e-3)
    local = directions[chosen] @ view.rotation  # right, down, forward
    ahead = np.stack([local[:, 2], -local[:, 0], -local[:, 1]], axis=1)
    return np.asarray(ahead * ranges[:, None], np.float32)


def _rays(scene: Scene, view: View, settings: PointSettings) -> Floats:
    """Return the directions of the rays around the object, float32 [N, 3]."""
    camera = Camera(view, 400, 400)
    rows, columns = camera.box(scene.model.vertices, margin=12)
    if settings.pattern == "depth camera":
        extent = (rows.stop - rows.start) * (columns.stop - columns.start)
        scale = math.sqrt(RAYS / max(extent, 1))
        side = max(8, round(400 * scale))
        fine = Camera(view, side, side)
        rows, columns = fine.box(scene.model.vertices, margin=max(1, side // 32))
        grid = fine.directions().reshape(side, side, 3)
        return np.ascontiguousarray(grid[rows, columns].reshape(-1, 3))
    # Rings about the sensor's upright axis, as of a LiDAR that faces the same way.
    half = view.angle / 2
    over = math.degrees(math.atan(math.sqrt(2) * math.tan(math.radians(half))))
    step = min(settings.step, 2 * over / 64)
    rings = min(settings.rings, 2 * over / 24)
    azimuths = np.radians(np.arange(-over, over, step))
    elevations = np.radians(np.arange(-over, over, rings))
    azimuth, elevation = (each.reshape(-1) for each in np.meshgrid(azimuths, elevations))
    local = np.stack(
        [
            -np.cos(elevation) * np.sin(azimuth),
            -np.sin(elevation),
            np.cos(elevation) * np.cos(azimuth),
        ],
        axis=1,
    )
    return np.asarray(local @ view.rotation.T, np.float32)


def _reflects(
    scene: Scene,
    materials: NDArray[np.int32],
    uv: Floats,
    normals: Floats,
    directions: Floats,
    settings: PointSettings,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Draw which rays the object returns, bool [N]."""
    facing = -np.einsum("ij,ij->i", normals, directions)
    index = np.maximum(materials, 0)
    substances = [SUBSTANCES[each.substance] for each in scene.model.materials]
    shiny = np.array([each.metallic and each.roughness < 0.3 for each in substances])[index]
    dark = sample_textures(scene.model, index, uv)[:, :3].mean(axis=1) < 0.08
    probability = np.where(shiny, 0.75, 1.0) * np.where(dark, 0.75, 1.0)
    return np.asarray((facing > settings.grazing) & (rng.random(len(facing)) < probability))


def _choose(
    on_object: NDArray[np.bool_],
    ground: NDArray[np.bool_],
    origin: Floats,
    directions: Floats,
    distance: Floats,
    scene: Scene,
    settings: PointSettings,
    most: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Draw the rays that become points: on the object, and a few on the ground around it."""
    first = np.flatnonzero(on_object)
    near = np.zeros(0, np.intp)
    if settings.ground:
        near = np.flatnonzero(ground)
        points = origin + distance[near, None] * directions[near]
        reach = 0.6 * float(np.linalg.norm(scene.model.size))
        middle = np.array([0, 0, float(scene.model.size[2]) / 2], np.float32)
        near = near[np.linalg.norm(points - middle, axis=1) < reach]
        share = settings.ground / (1 - settings.ground)
        near = rng.permutation(near)[: int(share * min(len(first), most))]
    first = rng.permutation(first)[: most - len(near)]
    return np.concatenate([first, near])


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[Floats, dict[str, Any]]:
    """Measure points once; see the room's description."""
    settings = PointSettings.draw(rng)
    points = render_points(subject.scene, setup.view, setup.surroundings, settings, rng)
    return points, asdict(settings)


class Stream:
    """A range sensor in motion."""

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a sensor; see the room's description."""
        self._settings, self._rng = PointSettings.draw(rng), rng

    def read(self, step: Step) -> Floats:
        """Return points, float32 [N, 3], metres, sensor frame."""
        scene, surroundings = step.subject.scene, step.surroundings
        return render_points(scene, step.view, surroundings, self._settings, self._rng)
