"""Light in a scene, and the radiance that reaches a camera's pixels.

The reflection model is the usual one of real-time graphics: Lambert's law for matt light, a
normalised Blinn-Phong highlight with Schlick's approximation of Fresnel's formula, a mirror image of
the surroundings' colours, one soft key light with shadows, and ambient light from above and below
that is dimmed in crevices (Akenine-Moeller et al., Real-Time Rendering, 4th ed., chapters 9 and 11).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Camera, View
from .scene import Hits, Scene, sample_textures
from .substances import SUBSTANCES
from .surroundings import Surroundings

Floats = NDArray[np.float32]

BRIGHTEST = 3.0
"""Radiance, as a multiple of a white wall's, beyond which highlights are cut: a sensor saturates."""


@dataclass(frozen=True)
class Light:
    """The light in a scene.

    Attributes:
        direction: Unit, towards the key light (lamp, window or sun), object frame.
        key: Its strength and colour, linear RGB; 1 makes a white surface that faces it white.
        softness: How far its rays diverge from `direction`, radians.
        above: Ambient light from above, linear RGB.
        below: Ambient light from below.
        lamps: Whether the thing's own bulbs are on.
    """

    direction: tuple[float, float, float]
    key: tuple[float, float, float]
    softness: float
    above: tuple[float, float, float]
    below: tuple[float, float, float]
    lamps: bool


def draw_light(view: View, outdoors: bool, rng: np.random.Generator) -> Light:
    """Draw light that a person would switch on to see the thing: from above, not from behind it."""
    azimuth = math.radians(view.azimuth + float(rng.uniform(-90, 90)))
    elevation = math.radians(float(rng.uniform(30, 75)))
    direction = (
        math.cos(elevation) * math.cos(azimuth),
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
    )
    share = float(rng.uniform(0.45, 0.75) if outdoors else rng.uniform(0.25, 0.65))
    warm = float(rng.uniform(-0.04, 0.10))
    tint = np.array([1 + warm, 1.0, 1 - warm])
    red, green, blue = (share * tint).tolist()
    level = 1 - 0.8 * share
    sky = level * np.array([0.95, 1.0, 1.08]) if outdoors else level * tint[::-1] ** 0.3
    bounce = level * float(rng.uniform(0.35, 0.65))
    above = (float(sky[0]), float(sky[1]), float(sky[2]))
    softness = 0.01 if outdoors else float(rng.uniform(0.03, 0.15))
    return Light(
        direction, (red, green, blue), softness, above, (bounce, bounce, bounce),
        bool(rng.random() < 0.5),
    )  # fmt: skip


def to_linear(colour: NDArray[np.floating]) -> Floats:
    """Turn sRGB into linear light, both 0..1 (IEC 61966-2-1)."""
    colour = np.asarray(colour, np.float32)
    return np.where(
        colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** np.float32(2.4)
    ).astype(np.float32)


def to_srgb(linear: NDArray[np.floating]) -> Floats:
    """Turn linear light into sRGB, both 0..1 (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1).astype(np.float32)
    return np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear ** np.float32(1 / 2.4) - 0.055
    ).astype(np.float32)


def radiance(
    scene: Scene,
    camera: Camera,
    surroundings: Surroundings,
    light: Light,
    rng: np.random.Generator,
) -> Floats:
    """Compute the light that reaches each pixel, one ray a pixel.

    Returns:
        float32 [height, width, 3], linear RGB, 1 for a white wall in full light.
    """
    origin = np.asarray(camera.view.position, np.float32)
    directions = camera.directions()
    picture = np.empty((camera.height * camera.width, 3), np.float32)

    shape = (camera.height, camera.width)
    rows, columns = camera.box(scene.model.vertices)
    window = np.zeros(shape, bool)
    window[rows, columns] = True
    inside = np.flatnonzero(window)
    opaque = scene.cast(origin, directions[inside])
    far, planes = surroundings.trace(origin, directions)
    solid = inside[opaque.hit & (opaque.distance < far[inside])]
    hits = _select(opaque, opaque.hit & (opaque.distance < far[inside]))

    behind = np.ones(len(directions), bool)
    behind[solid] = False
    ground = np.flatnonzero(behind & (planes >= 0))
    heaven = np.flatnonzero(behind & (planes < 0))
    # Daylight is brighter than rooms, but for an exposure that shows both.
    beyond = surroundings.view_out if surroundings.hole else surroundings.sky_colour
    picture[heaven] = to_linear(beyond(directions[heaven]))

    points = origin + far[ground, None] * directions[ground]
    normals = np.asarray([surface.normal for surface in surroundings.surfaces], np.float32)
    facing = normals[planes[ground]]
    shadow, open_sky = _visibility(scene, light, points, facing, ground, shape, rng)
    spacing = far[ground] / camera.focal
    albedo = to_linear(surroundings.colours(planes[ground], points, spacing))
    picture[ground] = albedo * _irradiance(light, facing, shadow, open_sky)

    if len(solid):
        shadow, open_sky = _visibility(scene, light, hits.points, hits.normals, solid, shape, rng)
        picture[solid] = _surface_light(
            scene, surroundings, light, hits, directions[solid], shadow, open_sky
        )
    if scene.transparent.any():
        nearest = np.minimum(far[inside], np.where(opaque.hit, opaque.distance, np.inf))
        panes = scene.cast(origin, directions[inside], transparent=True)
        front = panes.hit & (panes.distance < nearest)
        seen = inside[front]
        picture[seen] = _through_panes(
            scene, surroundings, light, _select(panes, front), directions[seen], picture[seen]
        )
    return np.minimum(picture, BRIGHTEST).reshape(*shape, 3)


def _select(hits: Hits, mask: NDArray[np.bool_]) -> Hits:
    return Hits(
        hits.hit[mask], hits.distance[mask], hits.points[mask], hits.normals[mask],
        hits.uv[mask], hits.triangles[mask], hits.materials[mask],
    )  # fmt: skip


def _visibility(
    scene: Scene,
    light: Light,
    points: Floats,
    normals: Floats,
    pixels: NDArray[np.intp],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Tell how much of the key light and of the surrounding light reaches points.

    One ray a point for each, in a random direction; neighbouring pixels are averaged, as their
    shadows are alike.

    Returns:
        Both 0..1, float32 [N].
    """
    size = float(np.linalg.norm(scene.model.size))
    start = points + normals * (1e-3 * size)
    middle = np.array([0, 0, float(scene.model.size[2]) / 2], np.float32)

    towards = rng.standard_normal((len(points), 3), dtype=np.float32) * light.softness
    towards += np.asarray(light.direction, np.float32)
    lit = _near_ray(start, towards, middle, size / 2)
    lit &= (normals @ np.asarray(light.direction, np.float32)) > 0
    shadow = np.zeros(len(points), np.float32)
    shadow[lit] = scene.occluded(start[lit], towards[lit])

    around = rng.standard_normal((len(points), 3), dtype=np.float32)
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-6)
    around += normals  # distributed by the cosine law
    # A fixed half of the points is enough after averaging.
    row, column = np.divmod(pixels, shape[1])
    near = _near_ray(start, around, middle, size / 2) & ((row + column) % 2 == 0)
    closed = np.zeros(len(points), np.float32)
    closed[near] = scene.occluded(start[near], around[near], 0.6 * size)
    weight = ((row + column) % 2 == 0).astype(np.float32)

    sharp = shape[0] / 224
    shadow = _average(shadow, np.ones_like(shadow), pixels, shape, 0.8 * sharp)
    closed = _average(closed, weight, pixels, shape, 2.5 * sharp)
    return 1 - shadow, 1 - closed


def _near_ray(start: Floats, towards: Floats, middle: Floats, radius: float) -> NDArray[np.bool_]:
    """Tell which rays pass within a sphere."""
    to_middle = middle - start
    along = np.einsum("ij,ij->i", to_middle, towards)
    length = np.einsum("ij,ij->i", towards, towards)
    along = np.maximum(along, 0) / np.maximum(length, 1e-12)
    gap = to_middle - along[:, None] * towards
    return np.asarray(np.einsum("ij,ij->i", gap, gap) < radius**2)


def _average(
    values: Floats, weight: Floats, pixels: NDArray[np.intp], shape: tuple[int, int], sigma: float
) -> Floats:
    """Average over neighbouring pixels of the same set."""
    planes = np.zeros((*shape, 2), np.float32)
    flat = planes.reshape(-1, 2)
    flat[pixels, 0] = values * weight
    flat[pixels, 1] = weight
    blurred = cv2.GaussianBlur(planes, (0, 0), sigma).reshape(-1, 2)[pixels]
    return np.asarray(blurred[:, 0] / np.maximum(blurred[:, 1], 1e-6), np.float32)


def _irradiance(light: Light, normals: Floats, shadow: Floats, open_sky: Floats) -> Floats:
    facing = np.maximum(normals @ np.asarray(light.direction, np.float32), 0) * shadow
    up = (0.5 + 0.5 * normals[:, 2:3]) * open_sky[:, None]
    down = (0.5 - 0.5 * normals[:, 2:3]) * open_sky[:, None]
    above, below = np.asarray(light.above, np.float32), np.asarray(light.below, np.float32)
    key = np.asarray(light.key, np.float32)
    return np.asarray(facing[:, None] * key + up * above + down * below, np.float32)


def _surface_light(
    scene: Scene,
    surroundings: Surroundings,
    light: Light,
    hits: Hits,
    directions: Floats,
    shadow: Floats,
    open_sky: Floats,
) -> Floats:
    """Compute the light that the thing itself reflects, and gives where a lamp is on."""
    model = scene.model
    made_of = [SUBSTANCES[each.substance] for each in model.materials]
    # Authors' highlights count too: varnish and lacquer are not in a material's name.
    gloss = np.array([each.specular for each in model.materials], np.float32)
    rough = np.array([each.roughness for each in made_of], np.float32) * (1 - 0.3 * gloss)
    metallic = np.array([each.metallic for each in made_of])[hits.materials]
    base = np.array([each.reflectance for each in made_of], np.float32)[hits.materials, None]
    roughness = np.clip(rough, 0.08, 1)[hits.materials, None]

    albedo = to_linear(sample_textures(model, hits.materials, hits.uv)[:, :3])
    mirror = np.where(metallic[:, None], np.maximum(albedo, 0.1), base)
    matt = np.where(metallic[:, None], 0.5 * albedo, albedo)

    facing = np.clip(-np.einsum("ij,ij->i", hits.normals, directions), 0, 1)[:, None]
    fresnel = mirror + np.maximum(1 - roughness - mirror, 0) * (1 - facing) ** 5

    towards = np.asarray(light.direction, np.float32)
    half = towards - directions
    half /= np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-6)
    exponent = np.clip(2 / roughness**4 - 2, 0.1, 2000)
    peak = np.clip(np.einsum("ij,ij->i", hits.normals, half), 0, 1)[:, None] ** exponent
    lit = (np.maximum(hits.normals @ towards, 0) * shadow)[:, None]
    highlight = fresnel * (exponent + 8) / 8 * peak * lit * np.asarray(light.key, np.float32)

    bounced = directions + 2 * facing * hits.normals
    mirrored = _mirrored(surroundings, light, bounced) * (1 - 0.7 * roughness)
    mirrored *= open_sky[:, None]

    total = matt * _irradiance(light, hits.normals, shadow, open_sky) + highlight
    total += np.where(metallic[:, None], 1.0, (1 - roughness) ** 2) * fresnel * mirrored
    if light.lamps and model.lights:
        total += _glow(scene, hits, albedo)
    return np.asarray(total, np.float32)


def _mirrored(surroundings: Surroundings, light: Light, directions: Floats) -> Floats:
    """Return what a mirror shows in a direction, roughly: light above, floor below."""
    # A smooth passage from floor to ceiling, as rough mirrors show it.
    up = 1 / (1 + np.exp(-8 * directions[:, 2:3]))
    floor = np.asarray(surroundings.surfaces[0].colour, np.float32)
    low = to_linear(floor) * np.asarray(light.below, np.float32) * 1.5
    high = to_linear(surroundings.sky_colour(np.maximum(directions, 0)))
    return np.asarray(low * (1 - up) + high * np.asarray(light.above, np.float32) * up * 1.3)


def _glow(scene: Scene, hits: Hits, albedo: Floats) -> Floats:
    """Light of the thing's own bulbs on its parts, by the inverse square law."""
    total = np.zeros_like(albedo)
    warm = np.array([1.0, 0.85, 0.62], np.float32)
    for bulb in scene.model.lights:
        gap = hits.points - np.asarray(bulb.position, np.float32)
        radius = max(bulb.diameter / 2, 0.04)
        strength = 1 / (1 + np.einsum("ij,ij->i", gap, gap) / (2 * radius) ** 2)
        total += (2.0 * strength / len(scene.model.lights) ** 0.5)[:, None] * warm
    return total * (0.3 + 0.7 * albedo)


def _through_panes(
    scene: Scene,
    surroundings: Surroundings,
    light: Light,
    hits: Hits,
    directions: Floats,
    behind: Floats,
) -> Floats:
    """Blend transparent parts over what is behind them."""
    colours = sample_textures(scene.model, hits.materials, hits.uv)
    opacity = np.array([each.opacity for each in scene.model.materials], np.float32)
    cover = np.clip(opacity[hits.materials], 0.08, 0.9)[:, None]
    facing = np.clip(-np.einsum("ij,ij->i", hits.normals, directions), 0, 1)[:, None]
    fresnel = 0.05 + 0.95 * (1 - facing) ** 5
    bounced = directions + 2 * facing * hits.normals
    one = np.ones(len(hits), np.float32)
    tint = to_linear(colours[:, :3])
    body = tint * _irradiance(light, hits.normals, one, one)
    mixed = cover * body + (1 - cover) * behind * (0.6 + 0.4 * tint)
    return np.asarray(
        (1 - fresnel) * mixed + fresnel * _mirrored(surroundings, light, bounced), np.float32
    )
