"""How surfaces reflect light.

The model is the usual one of real-time graphics: Lambert's law for matt light, a normalised
Blinn-Phong highlight with Schlick's approximation of Fresnel's formula, and a mirror image of the
surroundings' colours (Akenine-Moeller et al., Real-Time Rendering, 4th ed., chapter 9).
"""

from __future__ import annotations

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.simulation.objects.substances import SUBSTANCES
from omnibind_ros.simulation.scene.ray_casting import Hits, Scene, sample_textures
from omnibind_ros.simulation.scene.surroundings import Surroundings

from .light import Light, to_linear


def irradiance(light: Light, normals: Floats, shadow: Floats, open_sky: Floats) -> Floats:
    """Compute the light that falls on surfaces.

    Args:
        light: The light.
        normals: float32 [N, 3], unit.
        shadow: float32 [N], share of the key light that arrives.
        open_sky: float32 [N], share of the ambient light that arrives.

    Returns:
        float32 [N, 3], linear RGB.
    """
    facing = np.maximum(normals @ np.asarray(light.direction, np.float32), 0) * shadow
    up = (0.5 + 0.5 * normals[:, 2:3]) * open_sky[:, None]
    down = (0.5 - 0.5 * normals[:, 2:3]) * open_sky[:, None]
    above, below = np.asarray(light.above, np.float32), np.asarray(light.below, np.float32)
    key = np.asarray(light.key, np.float32)
    return np.asarray(facing[:, None] * key + up * above + down * below, np.float32)


def surface_light(
    scene: Scene,
    surroundings: Surroundings,
    light: Light,
    hits: Hits,
    directions: Floats,
    shadow: Floats,
    open_sky: Floats,
) -> Floats:
    """Compute the light that the object reflects, and that its own lamps give.

    Args:
        scene: The object, with what is around it.
        surroundings: The surroundings that it mirrors.
        light: The light.
        hits: Where rays hit it, [N].
        directions: float32 [N, 3], the rays'.
        shadow: float32 [N], share of the key light that arrives.
        open_sky: float32 [N], share of the ambient light that arrives.

    Returns:
        float32 [N, 3], linear RGB.
    """
    mesh = scene.mesh
    substances = [SUBSTANCES[each.substance] for each in mesh.materials]
    # The highlights of the model count, too: a material's name does not tell of varnish.
    gloss = np.array([each.specular for each in mesh.materials], np.float32)
    rough = np.array([each.roughness for each in substances], np.float32) * (1 - 0.3 * gloss)
    metallic = np.array([each.metallic for each in substances])[hits.materials]
    base = np.array([each.reflectance for each in substances], np.float32)[hits.materials, None]
    roughness = np.clip(rough, 0.08, 1)[hits.materials, None]

    albedo = to_linear(sample_textures(mesh, hits.materials, hits.uv)[:, :3])
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
    reflected = mirrored(surroundings, light, bounced) * (1 - 0.7 * roughness)
    reflected *= open_sky[:, None]

    total = matt * irradiance(light, hits.normals, shadow, open_sky) + highlight
    total += np.where(metallic[:, None], 1.0, (1 - roughness) ** 2) * fresnel * reflected
    if light.lamps and scene.model.lights:
        total += _glow(scene, hits, albedo)
    return np.asarray(total, np.float32)


def mirrored(surroundings: Surroundings, light: Light, directions: Floats) -> Floats:
    """Return roughly what a mirror shows in a direction: light above, floor below."""
    # A smooth transition from floor to ceiling, as rough mirrors show it.
    up = 1 / (1 + np.exp(-8 * directions[:, 2:3]))
    floor = np.asarray(surroundings.surfaces[0].colour, np.float32)
    low = to_linear(floor) * np.asarray(light.below, np.float32) * 1.5
    high = to_linear(surroundings.sky_colour(np.maximum(directions, 0)))
    return np.asarray(low * (1 - up) + high * np.asarray(light.above, np.float32) * up * 1.3)


def _glow(scene: Scene, hits: Hits, albedo: Floats) -> Floats:
    """Return the light of the object's own bulbs on its parts, by the inverse square law."""
    total = np.zeros_like(albedo)
    warm = np.array([1.0, 0.85, 0.62], np.float32)
    for bulb in scene.model.lights:
        gap = hits.points - np.asarray(bulb.position, np.float32)
        radius = max(bulb.diameter / 2, 0.04)
        strength = 1 / (1 + np.einsum("ij,ij->i", gap, gap) / (2 * radius) ** 2)
        total += (2.0 * strength / len(scene.model.lights) ** 0.5)[:, None] * warm
    return total * (0.3 + 0.7 * albedo)


def through_panes(
    scene: Scene,
    surroundings: Surroundings,
    light: Light,
    hits: Hits,
    directions: Floats,
    behind: Floats,
) -> Floats:
    """Blend transparent parts over the light from behind them.

    Args:
        scene: The object.
        surroundings: The surroundings that its panes mirror.
        light: The light.
        hits: Where rays hit them, [N].
        directions: float32 [N, 3], the rays'.
        behind: float32 [N, 3], linear RGB.

    Returns:
        float32 [N, 3], linear RGB.
    """
    colours = sample_textures(scene.mesh, hits.materials, hits.uv)
    opacity = np.array([each.opacity for each in scene.mesh.materials], np.float32)
    cover = np.clip(opacity[hits.materials], 0.08, 0.9)[:, None]
    facing = np.clip(-np.einsum("ij,ij->i", hits.normals, directions), 0, 1)[:, None]
    fresnel = 0.05 + 0.95 * (1 - facing) ** 5
    bounced = directions + 2 * facing * hits.normals
    one = np.ones(len(hits), np.float32)
    tint = to_linear(colours[:, :3])
    body = tint * irradiance(light, hits.normals, one, one)
    mixed = cover * body + (1 - cover) * behind * (0.6 + 0.4 * tint)
    return np.asarray(
        (1 - fresnel) * mixed + fresnel * mirrored(surroundings, light, bounced), np.float32
    )
