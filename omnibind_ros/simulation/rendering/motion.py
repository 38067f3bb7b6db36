"""A camera in motion: short random movements, and the frames on the way.

An event camera needs many frames, a few milliseconds apart. Light and surfaces stay the same in
such a time. So one frame, the keyframe, is shaded in full, and the others take their intensities
from it: rays are cast for every frame, and a point that is visible in the keyframe has the same
intensity. That is exact for matt surfaces; highlights, which should move, stay on the surface.
Points that are hidden in the keyframe, in strips of a few pixels beside edges, take the intensity
of the nearest point that is as far away.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.scene.camera import Camera, View
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.scene.surroundings import Surroundings

from .light import Light
from .radiance import radiance

_STEP = 1.5
"""About how many pixels the picture moves from one frame to the next, at most."""

_FAR = 1e4
_MARGIN = 1.15
_FINER = 1.25
_REACH = 8
"""Radius in pixels in which the intensity of a hidden point is searched."""


@dataclass(frozen=True)
class Motion:
    """A movement from one view to another, uniform.

    Attributes:
        start: View at the start.
        end: View at the end.
    """

    start: View
    end: View

    def at(self, share: float) -> View:
        """Return the view at a share (0..1) of the way."""

        def between(a: float, b: float) -> float:
            return a + (b - a) * share

        ax, ay, az = self.start.position
        bx, by, bz = self.end.position
        cx, cy, cz = self.start.target
        dx, dy, dz = self.end.target
        return View(
            (between(ax, bx), between(ay, by), between(az, bz)),
            (between(cx, dx), between(cy, dy), between(cz, dz)),
            between(self.start.angle, self.end.angle),
            between(self.start.roll, self.end.roll),
        )

    def pixels(self, width: int, height: int) -> float:
        """Return about how many pixels the middle and the corners of the picture move."""
        first, last = (Camera(view, width, height) for view in (self.start, self.end))
        reach = np.linalg.norm(np.subtract(self.start.target, self.start.position))
        corners = first.directions().reshape(height, width, 3)[:: height - 1, :: width - 1]
        rays = np.concatenate([corners.reshape(-1, 3), first.view.rotation[:, 2][None]])
        points = np.asarray(self.start.position) + reach * rays
        moved = last.project(points)[:, :2] - first.project(points)[:, :2]
        return float(np.abs(np.clip(moved, -1e4, 1e4)).max())

    @staticmethod
    def draw(
        view: View,
        rng: np.random.Generator,
        width: int = 128,
        limits: tuple[float, float] = (2.0, 9.0),
    ) -> Motion:
        """Draw a movement around a view: sideways, turning, nearing, rolling.

        Args:
            view: The view in the middle of the movement.
            rng: Random generator.
            width: Columns and rows of the picture.
            limits: Least and most pixels of that picture by which the object moves, shared at
                random between a translation and a turn of the camera.
        """
        camera = Camera(view, width, width)
        rotation = view.rotation.astype(float)
        distance = float(np.linalg.norm(np.subtract(view.target, view.position)))
        angle, pixels = rng.uniform(0, 2 * np.pi), rng.uniform(*limits)
        shift = pixels / camera.focal * distance * np.array([np.cos(angle), np.sin(angle)])
        share = rng.uniform(0.2, 0.8)
        nearing = rng.normal(0, 0.01) * distance * rotation[:, 2]
        move = rotation[:, :2] @ (shift * share) + nearing
        turn = rotation[:, :2] @ (shift * (1 - share)) + move
        roll = float(rng.normal(0, 0.8))
        return Motion(
            *(_moved(view, sign * move, sign * turn, sign * roll) for sign in (-0.5, 0.5))
        )


def _moved(view: View, move: NDArray[np.float64], turn: NDArray[np.float64], roll: float) -> View:
    x, y, z = (float(v) for v in np.add(view.position, move))
    a, b, c = (float(v) for v in np.add(view.target, turn))
    return View((x, y, z), (a, b, c), view.angle, view.roll + roll)


@dataclass(frozen=True, eq=False)
class Keyframe:
    """The frame that is shaded in full.

    Attributes:
        camera: Its camera.
        grey: Linear intensity, float32 [H, W].
        depth: Distance of the farthest point around each pixel, metres, float32 [H, W].
    """

    camera: Camera
    grey: Floats
    depth: Floats

    @staticmethod
    def of(
        scene: Scene, surroundings: Surroundings, camera: Camera, light_on_pixels: Floats
    ) -> Keyframe:
        """Make a keyframe of the light on a camera's pixels, linear RGB, float32 [H, W, 3]."""
        # Luminance (Rec. 709); the lens's blur also keeps textures from flickering.
        grey = light_on_pixels @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        # The farthest of neighbours: towards the horizon distance grows fast from row to row.
        depth = cv2.dilate(_distances(scene, surroundings, camera), np.ones((3, 3), np.uint8))
        blurred = cv2.GaussianBlur(grey, (0, 0), 0.45 * _FINER)
        return Keyframe(camera, np.asarray(blurred, np.float32), np.asarray(depth, np.float32))


def moving_frames(
    scene: Scene,
    surroundings: Surroundings,
    light: Light,
    motion: Motion,
    shape: tuple[int, int],
    rng: np.random.Generator,
    still: bool = False,
) -> Floats:
    """Render a scene from a moving camera.

    Args:
        scene: The object.
        surroundings: Its surroundings.
        light: The light.
        motion: The movement of the camera.
        shape: Rows and columns.
        rng: Random generator of the light's sampling.
        still: Whether the camera stands still, and the object moves instead, before a wall of the
            surroundings' mean intensity.

    Returns:
        Linear intensity, float32 [K, H, W], at K equal steps from start to end, K at least 2.
    """
    height, width = shape
    middle = motion.at(0.5)
    wide = View(middle.position, middle.target, min(middle.angle * _MARGIN, 170.0), middle.roll)
    camera = Camera(wide, round(width * _FINER), round(height * _FINER))
    light_on_pixels = radiance(scene, camera, surroundings, light, rng)
    keyframe = Keyframe.of(scene, surroundings, camera, light_on_pixels)
    return frames_between(scene, surroundings, keyframe, motion, shape, still=still)


def frames_between(
    scene: Scene,
    surroundings: Surroundings,
    keyframe: Keyframe,
    motion: Motion,
    shape: tuple[int, int],
    most: int = 10,
    first: bool = True,
    still: bool = False,
) -> Floats:
    """Make the frames of a movement from a keyframe.

    Args:
        scene: The object.
        surroundings: Its surroundings.
        keyframe: It should show all that the moving camera sees.
        motion: The movement of the camera.
        shape: Rows and columns.
        most: Most frames, at least 2.
        first: Whether to make the frame at the start, too.
        still: Whether the surroundings stand still: they have their mean intensity.

    Returns:
        Linear intensity, float32 [K, H, W], at equal steps from start to end.
    """
    height, width = shape
    count = int(np.clip(np.ceil(motion.pixels(width, height) / _STEP) + 1, 2, most))
    frames, level = [], 0.0
    for share in np.linspace(0, 1, count)[0 if first else 1 :]:
        camera = Camera(motion.at(float(share)), width, height)
        distance = _distances(scene, surroundings, camera)
        frame = _from_keyframe(camera, distance, keyframe)
        if still:
            around = distance >= _surroundings_distances(surroundings, camera)
            level = level or float(frame[around].mean() if around.any() else frame.mean())
            frame[around] = level
        frames.append(frame)
    return np.stack(frames)


def _surroundings_distances(surroundings: Surroundings, camera: Camera) -> Floats:
    """Return the distance of what is around the object, metres, float32 [H, W]."""
    origin = np.asarray(camera.view.position, np.float32)
    distance, _ = surroundings.trace(origin, camera.directions())
    return np.minimum(distance, _FAR).reshape(camera.height, camera.width)


def _distances(scene: Scene, surroundings: Surroundings, camera: Camera) -> Floats:
    """Return the distance of each pixel's point, metres, float32 [H, W]; panes count as air."""
    origin = np.asarray(camera.view.position, np.float32)
    directions = camera.directions()
    distance = _surroundings_distances(surroundings, camera)
    window = camera.box(scene.mesh.vertices)
    rays = directions.reshape(camera.height, camera.width, 3)[window]
    hits = scene.cast(origin, rays.reshape(-1, 3))
    distance[window] = np.minimum(distance[window], hits.distance.reshape(rays.shape[:2]))
    return np.asarray(distance, np.float32)


def _from_keyframe(camera: Camera, distance: Floats, keyframe: Keyframe) -> Floats:
    """Return a camera's frame, with the intensities of the keyframe."""
    shape = distance.shape
    position = np.asarray(camera.view.position, np.float32)
    points = position + distance.reshape(-1, 1) * camera.directions()
    # For remap, the middles of pixels are at integers.
    place = keyframe.camera.project(points).astype(np.float32)[:, :2] - np.float32(0.5)
    columns = np.ascontiguousarray(place[:, 0].reshape(shape))
    rows = np.ascontiguousarray(place[:, 1].reshape(shape))
    edge = cv2.BORDER_REPLICATE
    frame = cv2.remap(keyframe.grey, columns, rows, cv2.INTER_LINEAR, borderMode=edge)
    # A point is hidden in the keyframe if something nearer is at its pixel.
    nearest = cv2.remap(keyframe.depth, columns, rows, cv2.INTER_NEAREST, borderMode=edge)
    away = np.linalg.norm(points - np.asarray(keyframe.camera.view.position, np.float32), axis=1)
    hidden = nearest < 0.97 * away.reshape(shape)
    return _filled(np.asarray(frame, np.float32), hidden, distance)


def _filled(frame: Floats, hidden: NDArray[np.bool_], distance: Floats) -> Floats:
    """Give hidden pixels the intensity of the nearest visible one that is at least as far."""
    if not hidden.any():
        return frame
    rows, columns = np.nonzero(hidden)
    at_row = np.clip(rows[:, None] + _AROUND[:, 0], 0, frame.shape[0] - 1)
    at_column = np.clip(columns[:, None] + _AROUND[:, 1], 0, frame.shape[1] - 1)
    alike = distance[at_row, at_column] > 0.97 * distance[rows, columns][:, None]
    similar = alike & ~hidden[at_row, at_column]
    first = similar.argmax(axis=1)
    known = similar.any(axis=1)
    pick = np.arange(len(rows))
    values = frame[at_row[pick, first], at_column[pick, first]]
    filled = frame.copy()
    filled[rows[known], columns[known]] = values[known]
    return filled


def _around() -> NDArray[np.intp]:
    offsets = np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1].reshape(2, -1).T
    return offsets[np.argsort(np.hypot(*offsets.T), kind="stable")][1:]


_AROUND = _around()
