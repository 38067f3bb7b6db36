"""Kinds of small things: fruit, vegetables, packaging, tools, things of a desk and a wardrobe.

Lengths in metres, as in `parametric_kinds`.
"""

from __future__ import annotations

import numpy as np

from .parametric_kind import Draw, Kind, Make, slab
from .solids import Mesh, block, cushion, globe, moved, revolved, rod, turned, vessel


def _round(wide: tuple[float, float], tall: tuple[float, float], point: float = 0.0) -> Make:
    """Return the maker of ellipsoids, narrower towards the top by a share of the width."""

    def make(u: Draw, _: np.random.Generator) -> list[Mesh]:
        across, high = u(*wide), u(*tall)
        angles = np.linspace(-np.pi / 2, np.pi / 2, 24)
        radii = across / 2 * np.cos(angles) * (1 - point * (np.sin(angles) + 1) / 2)
        radii[[0, -1]] = 0.0
        heights = high / 2 * (np.sin(angles) + 1)
        return [revolved(*zip(radii.tolist(), heights.tolist(), strict=True))]

    return make


def _onion(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide = u(0.025, 0.045)
    profile = (
        (0.4, 0.02),
        (0.9, 0.35),
        (1, 0.75),
        (0.75, 1.3),
        (0.25, 1.65),
        (0.12, 2.1),
        (0, 2.1),
    )
    return [revolved((0, 0), *[(wide * across, wide * up) for across, up in profile])]


def _sweet_pepper(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.033, 0.045), u(0.08, 0.12)
    profile = ((0.55, 0), (0.85, 0.35), (1, 0.8), (0.7, 0.97), (0.2, 0.9), (0.12, 1.1), (0, 1.1))
    mesh = revolved((0, 0), *[(wide * across, high * up) for across, up in profile])
    corners = np.asarray(mesh.vertices).copy()
    angle = np.arctan2(corners[:, 1], corners[:, 0])
    corners[:, :2] *= (1 + 0.08 * np.cos(4 * angle))[:, None]  # four lobes
    mesh.vertices = corners
    return [mesh]


def _carrot(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, long = u(0.012, 0.022), u(0.13, 0.2)
    body = revolved((0, 0), (wide * 0.25, long * 0.1), (wide, long * 0.95), (0, long))
    return [moved(turned(body, (0, 1, 0)), z=wide)]


def _mushroom(u: Draw, _: np.random.Generator) -> list[Mesh]:
    stem, cap = u(0.008, 0.014), u(0.02, 0.04)
    upper = ((cap, 0.025), (cap * 0.9, 0.025 + cap * 0.45), (0, 0.025 + cap * 0.75))
    return [revolved((0, 0), (stem, 0), (stem, 0.025), *upper)]


def _hat(u: Draw, _: np.random.Generator) -> list[Mesh]:
    """A cap: half a globe, hollow, with a peak."""
    wide = u(0.085, 0.1)
    high = wide * u(1.0, 1.3)
    angles = np.linspace(0, np.pi / 2, 10)
    outside = [(wide * np.cos(a), high * np.sin(a)) for a in angles]
    inside = [(0.96 * r, 0.96 * h) for r, h in reversed(outside)]
    crown = revolved(*[(float(max(r, 0)), float(h)) for r, h in (*outside, *inside)])
    peak = revolved(
        (wide * 0.6, 0.0), (wide * 1.75, -0.012), (wide * 1.75, -0.008), (wide * 0.6, 0.004)
    )
    corners = np.asarray(peak.vertices).copy()
    front = corners[:, 0] > 0
    corners[~front, 0] = 0.0
    corners[:, 1] *= 0.75
    peak.vertices = corners
    return [crown, peak]


def _torch(u: Draw, _: np.random.Generator) -> list[Mesh]:
    grip, head, long = u(0.012, 0.02), u(0.022, 0.035), u(0.13, 0.24)
    profile = ((grip, 0), (grip, long * 0.68), (head, long * 0.82), (head, long), (0, long))
    return [moved(turned(revolved((0, 0), *profile), (0, 1, 0)), z=head)]


def _light_bulb(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.026, 0.034), u(0.1, 0.12)
    profile = ((0.42, 0), (0.42, 0.25), (0.55, 0.4), (1, 0.72), (0.85, 0.92), (0, 1))
    return [revolved((0, 0), *[(wide * across, high * up) for across, up in profile])]


def _stapler(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, long = u(0.028, 0.04), u(0.1, 0.16)
    upper = block(long, wide * 0.8, 0.02)
    corners = np.asarray(upper.vertices).copy()
    corners[corners[:, 0] > 0, 2] += u(0.012, 0.03)  # open at the front
    upper.vertices = corners
    return [block(long, wide, 0.012), moved(upper, z=0.014)]


def _spoon(u: Draw, _: np.random.Generator) -> list[Mesh]:
    bowl, long = u(0.015, 0.035), u(0.1, 0.22)
    dish = revolved((0, 0), (bowl * 0.7, 0.004), (bowl, 0.011), (bowl * 0.9, 0.011), (0, 0.004))
    dish.apply_scale([1.4, 1, 1])
    return [dish, moved(block(long, 0.009, 0.003), x=bowl + long / 2, z=0.01)]


def _hammer(u: Draw, _: np.random.Generator) -> list[Mesh]:
    head, long, thick = u(0.08, 0.13), u(0.25, 0.36), u(0.012, 0.018)
    shaft = turned(rod(thick, long), (0, 1, 0))
    return [moved(shaft, z=thick), moved(block(0.03, head, 0.03), x=long)]


def _screwdriver(u: Draw, _: np.random.Generator) -> list[Mesh]:
    grip, long = u(0.011, 0.018), u(0.08, 0.18)
    profile = ((grip, 0), (grip, 0.09), (0.004, 0.1), (0.004, 0.1 + long), (0, 0.1 + long))
    return [moved(turned(revolved((0, 0), *profile), (0, 1, 0)), z=grip)]


def _laptop(u: Draw, _: np.random.Generator) -> list[Mesh]:
    deep, wide, lean = u(0.2, 0.27), u(0.29, 0.38), u(0.1, 0.6)
    screen = block(0.008, wide, deep)
    corners = np.asarray(screen.vertices).copy()
    corners[:, 0] -= lean * corners[:, 2]
    screen.vertices = corners
    return [block(deep, wide, u(0.015, 0.025)), moved(screen, x=-deep / 2)]


def _monitor(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, stand = u(0.38, 0.7), u(0.08, 0.2)
    foot = block(u(0.15, 0.25), u(0.18, 0.3), 0.02)
    panel = moved(block(u(0.02, 0.06), wide, wide * u(0.55, 0.8)), z=stand)
    return [foot, block(0.03, 0.06, stand + 0.1), panel]


def _jar(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.03, 0.05), u(0.07, 0.15)
    profile = ((1, 0), (1, 0.72), (0.8, 0.8), (0.85, 0.8), (0.85, 1), (0, 1))
    return [revolved((0, 0), *[(wide * across, high * up) for across, up in profile])]


def _tub(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim, high = u(0.035, 0.07), u(0.05, 0.11)
    return [vessel(brim * 0.8, brim, high, 0.003), moved(rod(brim * 1.04, 0.006), z=high)]


def _spray_bottle(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.035, 0.05), u(0.15, 0.2)
    profile = ((1, 0), (1, 0.7), (0.35, 0.95), (0.35, 1.15), (0, 1.15))
    body = revolved((0, 0), *[(wide * across, high * up) for across, up in profile])
    return [body, moved(block(u(0.07, 0.1), 0.025, 0.03), x=0.015, z=high * 1.12)]


def _toilet_roll(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high, core = u(0.045, 0.065), u(0.09, 0.26), 0.02
    return [revolved((core, 0), (wide, 0), (wide, high), (core, high), (core, 0))]


SMALL = (
    Kind("fruit", ("lemon", "lime"), _round((0.045, 0.065), (0.06, 0.09))),
    Kind("fruit", ("pear",), _round((0.055, 0.08), (0.08, 0.12), 0.55)),
    Kind("fruit", ("peach", "plum", "kiwi"), _round((0.04, 0.075), (0.038, 0.072))),
    Kind("fruit", ("melon",), _round((0.13, 0.22), (0.13, 0.26))),
    Kind("vegetable", ("tomato",), _round((0.05, 0.085), (0.04, 0.065))),
    Kind("vegetable", ("potato",), _round((0.045, 0.075), (0.06, 0.12))),
    Kind("vegetable", ("onion", "garlic"), _onion),
    Kind("vegetable", ("pepper", "sweet pepper"), _sweet_pepper),
    Kind("vegetable", ("carrot",), _carrot),
    Kind("vegetable", ("mushroom",), _mushroom),
    Kind("hat", ("cap", "baseball cap", "hat"), _hat),
    Kind("torch", ("torch", "flashlight"), _torch),
    Kind("light bulb", ("light bulb",), _light_bulb),
    Kind("stapler", ("stapler",), _stapler),
    Kind("spoon", ("spoon", "ladle"), _spoon),
    Kind("hammer", ("hammer",), _hammer),
    Kind("screwdriver", ("screwdriver",), _screwdriver),
    Kind("laptop", ("laptop", "notebook computer"), _laptop, falls=False),
    Kind("computer monitor", ("computer monitor", "screen"), _monitor, falls=False),
    Kind("jar", ("jar", "food jar", "glass jar"), _jar),
    Kind("tub", ("yoghurt cup", "tub", "pot of cream"), _tub),
    Kind("bottle", ("spray bottle",), _spray_bottle),
    Kind("paper roll", ("toilet roll", "paper roll", "kitchen roll"), _toilet_roll),
    Kind("box", ("tissue box", "box of tissues"), slab(0.12, 0.22, 0.08)),
    Kind("sponge", ("sponge",), slab(0.07, 0.11, 0.04)),
    Kind("calculator", ("calculator",), slab(0.08, 0.15, 0.015)),
    Kind(
        "pillow",
        ("pillow", "cushion"),
        lambda u, rng: [cushion(u(0.1, 0.18), u(0.35, 0.6), u(0.35, 0.5), rng)],
    ),
    Kind(
        "packet",
        ("snack pack", "bag of sweets", "bag of food"),
        lambda u, rng: [cushion(u(0.03, 0.07), u(0.08, 0.13), u(0.08, 0.15), rng)],
    ),
    Kind("candle", ("tea light",), lambda u, _: [rod(u(0.018, 0.03), u(0.012, 0.03))]),
    Kind("fruit", ("grapefruit",), lambda u, _: [globe(u(0.045, 0.065))]),
)
"""Those of small things; see `parametric_kinds.KINDS`."""
