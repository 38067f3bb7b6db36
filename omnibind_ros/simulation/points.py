"""Depth cameras and LiDARs: points on the side of an object that faces the sensor.

Range noise of a depth camera that triangulates grows with the square of the range (Khoshelham and
Elberink, Accuracy and Resolution of Kinect Depth Data, Sensors 2012: 1.4 mm at 1 m); that of a
LiDAR is constant (about a centimetre in makers' data sheets). Cameras of structured light give
steps of disparity, which grow likewise; stereo cameras give waves. Rays are lost at random, in
patches, at edges, on surfaces seen at a grazing angle, and on those that are shiny or dark; most go
through glass. Points at edges may lie between object and background.
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
from .ranging.frames import PointFrame
from .ranging.sight import find_edges, in_sight, neighbour_distances
from .scene.camera import Camera, View, draw_view, mount
from .scene.ray_casting import Scene, nearest, sample_textures
from .scene.surroundings import Surroundings, draw_surroundings

MOST = 4096
"""Most points of a sample."""

FEWEST = 64
"""Least of the numbers of points that a sensor is drawn to give."""

RAYS = 24_000
"""Rays of a depth camera; the points are drawn from them."""


@dataclass(frozen=True)
class PointSettings:
    """The parameters of a range sensor; its fields are stored with each sample.

    Attributes:
        pattern: A depth camera's grid of pixels, or a LiDAR's rings.
        most: Most points that it gives.
        constant: Range noise that does not depend on the range, standard deviation, m.
        quadratic: Range noise at 1 m that grows with the square of the range, m.
        disparity: Step of the reciprocal of the depth, 1/m; 0 for none. A Kinect has 0.0029: an
            eighth of a pixel, at a focal length of 580 pixels and a base of 75 mm.
        wave: Noise at 1 m that is alike at neighbouring points and grows with the square of the
            range, m.
        resolution: Step of the range, m; 0 for none.
        lost: Share of rays lost at random.
        patches: Radii of round patches whose rays are lost, as shares of the object's angle.
        edges: Share of rays lost at edges of the object.
        cut: Share of the object that is out of the picture, at one side.
        glass: Share of rays that transparent parts reflect; the others go through.
        grazing: Cosine of the angle to the normal below which nothing is returned.
        rings: Angle between a LiDAR's rings, degrees.
        step: Angle between a ring's points, degrees.
        ground: Share of the points that may lie on floor, wall or neighbours; 0 for none.
        reach: How far such points may be from the object's middle, as a share of its diagonal.
        neighbours: Sizes of boxes beside the object, as shares of its diagonal.
        flying: Share of points at edges that lie between the object and the background.
    """

    pattern: Literal["depth camera", "lidar"] = "depth camera"
    most: int = MOST
    constant: float = 0.0
    quadratic: float = 1.4e-3
    disparity: float = 0.0
    wave: float = 0.0
    resolution: float = 0.0
    lost: float = 0.05
    patches: tuple[float, ...] = ()
    edges: float = 0.0
    cut: float = 0.0
    glass: float = 0.2
    grazing: float = 0.1
    rings: float = 0.7
    step: float = 0.2
    ground: float = 0.0
    reach: float = 0.6
    neighbours: tuple[float, ...] = ()
    flying: float = 0.01

    @staticmethod
    def draw(rng: np.random.Generator) -> PointSettings:
        """Draw a sensor: a depth camera in seven of ten samples, else a LiDAR."""
        lidar = bool(rng.random() < 0.3)
        kind = "" if lidar else str(rng.choice(["structured light", "stereo", "time of flight"]))
        structured, stereo = kind == "structured light", kind == "stereo"
        ground = float(rng.uniform(0.05, 0.7)) if rng.random() < 0.5 else 0.0
        near = ground > 0 and rng.random() < 0.3
        flat = not lidar and not structured
        return PointSettings(
            pattern="lidar" if lidar else "depth camera",
            most=round(float(np.exp(rng.uniform(math.log(FEWEST), math.log(MOST))))),
            constant=float(rng.uniform(0.004, 0.02) if lidar else rng.uniform(0, 0.002)),
            quadratic=0.0 if lidar else float(10 ** rng.uniform(-3.5, -2.4)),
            disparity=float(10 ** rng.uniform(-3.3, -2.3)) if structured else 0.0,
            wave=float(rng.uniform(0, 4e-3)) if stereo else 0.0,
            resolution=float(rng.choice([0.001, 0.002, 0.01])) if lidar or flat else 0.0,
            lost=float(rng.uniform(0.01, 0.3)),
            patches=_several(rng, (0.03, 0.15), 4) if rng.random() < 0.4 else (),
            edges=float(rng.uniform(0, 0.6)) if rng.random() < 0.5 else 0.0,
            cut=float(rng.uniform(0.05, 0.35)) if rng.random() < 0.2 else 0.0,
            glass=float(rng.uniform(0.08, 0.35)),
            grazing=float(rng.uniform(0.05, 0.25)),
            rings=float(rng.uniform(0.35, 1.5)),
            step=float(rng.uniform(0.1, 0.4)),
            ground=ground,
            reach=float(rng.uniform(0.6, 1.5)),
            neighbours=_several(rng, (0.15, 0.7), 3) if near else (),
            flying=float(rng.uniform(0.0, 0.3)),
        )


def _several(rng: np.random.Generator, limits: tuple[float, float], most: int) -> tuple[float, ...]:
    return tuple(rng.uniform(*limits, int(rng.integers(1, most))).tolist())


def render_points(
    scene: Scene,
    view: View,
    surroundings: Surroundings,
    settings: PointSettings,
    rng: np.random.Generator,
    most: int | None = None,
) -> Floats:
    """Measure distances of an object in many directions.

    Args:
        scene: The object.
        view: Position and direction of the sensor.
        surroundings: The surroundings of the object.
        settings: The sensor.
        rng: Random generator of noise and of the choice of points.
        most: Most points; None for that of the settings.

    Returns:
        float32 [N, 3], N <= most, metres, sensor frame: x forward along the line of sight, y left,
        z up (ROS REP 103), in no order. N is 0 if nothing is returned.
    """
    origin = np.asarray(view.position, np.float32)
    directions, shape = _rays(scene, view, settings)
    hits = nearest(scene, origin, directions, rng.random(len(directions)) < settings.glass)
    far, _ = surroundings.trace(origin, directions)
    if settings.neighbours:
        far = np.minimum(
            far, neighbour_distances(scene, settings.neighbours, origin, directions, rng)
        )
    own = scene.own(hits.materials)
    far = np.where(own, far, np.minimum(far, hits.distance))  # what is around the object
    on_object = own & (hits.distance < far)
    distance = np.where(on_object, hits.distance, far)
    size = float(np.linalg.norm(scene.model.size))
    edge, behind = find_edges(on_object, distance, shape, 0.1 * size)
    local = directions @ view.rotation  # right, down, forward
    returned = rng.random(len(directions)) >= settings.lost
    returned &= ~on_object | _reflects(
        scene, hits.materials, hits.uv, hits.normals, directions, settings, rng
    )
    returned &= np.isfinite(distance)
    if settings.edges:
        returned &= ~edge | (rng.random(len(edge)) >= settings.edges)
    returned &= in_sight(local, on_object, settings.patches, settings.cut, rng)
    reached = np.asarray(
        origin + np.where(np.isfinite(distance), distance, 0)[:, None] * directions, np.float32
    )
    chosen = _choose(
        on_object & returned,
        ~on_object & returned,
        reached,
        scene,
        settings,
        settings.most if most is None else most,
        rng,
    )

    ranges = distance[chosen].astype(np.float64)
    flying = edge[chosen] & (rng.random(len(chosen)) < settings.flying)
    gap = np.minimum(behind[chosen] - distance[chosen], 0.5 * size)[flying]
    ranges[flying] += rng.random(int(flying.sum())) * np.maximum(gap, 0)
    ranges = _measured(ranges, local[chosen], settings, rng)
    ahead = np.stack([local[chosen, 2], -local[chosen, 0], -local[chosen, 1]], axis=1)
    return np.asarray(ahead * ranges[:, None], np.float32)


def _measured(
    ranges: NDArray[np.float64], local: Floats, settings: PointSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return ranges [N] with the sensor's noise and steps; rays right, down and forward [N, 3]."""
    spread = settings.constant + settings.quadratic * ranges**2
    noisy = ranges + spread * rng.standard_normal(len(ranges))
    if settings.wave:
        angles = np.arctan2(local[:, :2], local[:, 2:]).astype(np.float64)
        turns = rng.normal(0, 2 * np.pi / math.radians(4), (2, 4))
        waves = np.sin(angles @ turns + rng.uniform(0, 2 * np.pi, 4)).mean(axis=1)
        noisy += settings.wave * ranges**2 * waves * math.sqrt(2 * 4)
    noisy = np.maximum(noisy, 1e-3)
    if settings.disparity:
        depth = np.maximum(noisy * local[:, 2], 1e-3)
        steps = np.maximum(np.round(1 / (depth * settings.disparity)), 1)
        noisy *= 1 / (steps * settings.disparity) / depth
    if settings.resolution:
        noisy = np.round(noisy / settings.resolution) * settings.resolution
    return np.maximum(noisy, 1e-3)


def _rays(scene: Scene, view: View, settings: PointSettings) -> tuple[Floats, tuple[int, int]]:
    """Return the directions of the rays around the object, float32 [H * W, 3], and H and W."""
    camera = Camera(view, 400, 400)
    aside = 0.25 if settings.ground else 0.03
    rows, columns = camera.box(scene.model.vertices, margin=round(400 * aside))
    if settings.pattern == "depth camera":
        extent = (rows.stop - rows.start) * (columns.stop - columns.start)
        scale = math.sqrt(RAYS / max(extent, 1))
        side = max(8, round(400 * scale))
        fine = Camera(view, side, side)
        rows, columns = fine.box(scene.model.vertices, margin=max(1, round(side * aside)))
        grid = fine.directions().reshape(side, side, 3)[rows, columns]
        return np.ascontiguousarray(grid.reshape(-1, 3)), grid.shape[:2]
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
    rays = np.asarray(local @ view.rotation.T, np.float32)
    return rays, (len(elevations), len(azimuths))


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
    substances = [SUBSTANCES[each.substance] for each in scene.mesh.materials]
    shiny = np.array([each.metallic and each.roughness < 0.3 for each in substances])[index]
    dark = sample_textures(scene.mesh, index, uv)[:, :3].mean(axis=1) < 0.08
    probability = np.where(shiny, 0.75, 1.0) * np.where(dark, 0.75, 1.0)
    return np.asarray((facing > settings.grazing) & (rng.random(len(facing)) < probability))


def _choose(
    on_object: NDArray[np.bool_],
    ground: NDArray[np.bool_],
    points: Floats,
    scene: Scene,
    settings: PointSettings,
    most: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Draw the rays that become points: on the object, and some on the ground around it."""
    first = np.flatnonzero(on_object)
    near = np.zeros(0, np.intp)
    if settings.ground:
        near = np.flatnonzero(ground)
        reach = settings.reach * float(np.linalg.norm(scene.model.size))
        middle = np.array([0, 0, float(scene.model.size[2]) / 2], np.float32)
        near = near[np.linalg.norm(points[near] - middle, axis=1) < reach]
        most_near = min(
            settings.ground * most, settings.ground / (1 - settings.ground) * len(first)
        )
        near = rng.permutation(near)[: int(most_near)]
    first = rng.permutation(first)[: most - len(near)]
    return np.concatenate([first, near])


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[Floats, dict[str, Any]]:
    """Measure points once; see the room's description."""
    return _measure(subject.scene, setup.view, setup.surroundings, rng)


def simulate_alone(scene: Scene, rng: np.random.Generator) -> tuple[Floats, dict[str, Any]]:
    """Measure points of an object that no other sensor measures.

    Args:
        scene: The object.
        rng: Random generator of view, surroundings, sensor and noise.

    Returns:
        As `simulate`.
    """
    view = draw_view(scene.model, rng)
    return _measure(scene, view, draw_surroundings(scene.model, view, rng), rng)


def _measure(
    scene: Scene, view: View, surroundings: Surroundings, rng: np.random.Generator
) -> tuple[Floats, dict[str, Any]]:
    settings = PointSettings.draw(rng)
    frame = PointFrame.draw(view, mount(scene.model), rng)
    points = render_points(scene, view, surroundings, settings, rng)
    return frame.of(points, view), {**asdict(settings), "frame": asdict(frame)}


class Stream:
    """A range sensor in motion."""

    rate = 5.0
    steady = True

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a sensor; see the room's description."""
        self._settings, self._rng = PointSettings.draw(rng), rng

    def read(self, step: Step) -> Floats:
        """Return points, float32 [N, 3], metres, sensor frame."""
        scene, surroundings = step.subject.visible, step.surroundings
        return render_points(scene, step.view, surroundings, self._settings, self._rng)
