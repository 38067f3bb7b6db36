"""The kinds of parametric models: everyday things, and the ranges of their dimensions.

The ranges are of what shops sell: a drink can is 53 to 66 mm wide, a cereal box about
30 x 20 x 7 cm. Lengths in metres. Nothing here is made after a single thing. Tools, fruit and other
small things are in `parametric_small`.
"""

from __future__ import annotations

import numpy as np

from .parametric_kind import Draw, Kind, slab
from .parametric_small import SMALL
from .solids import (
    Mesh,
    bent_rod,
    block,
    cushion,
    globe,
    legs,
    moved,
    revolved,
    ring,
    rod,
    turned,
    vessel,
)


def _mug(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim, high = u(0.035, 0.05), u(0.075, 0.115)
    handle = ring(high * u(0.22, 0.32), u(0.004, 0.008), brim * 0.98 + 0.006, high / 2)
    return [vessel(brim * u(0.85, 1.1), brim, high, u(0.003, 0.006)), handle]


def _glass(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim = u(0.028, 0.042)
    return [vessel(brim * u(0.65, 1), brim, u(0.08, 0.16), 0.003)]


def _bottle(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high, shoulder = u(0.03, 0.05), u(0.18, 0.33), u(0.5, 0.72)
    neck, top = wide * u(0.28, 0.5), min(shoulder + u(0.12, 0.22), 0.9)
    upper = ((wide * 0.85, high * (shoulder + 0.06)), (neck, high * top), (neck, high), (0, high))
    return [revolved((0, 0), (wide, 0), (wide, high * shoulder), *upper)]


def _flat_bottle(u: Draw, _: np.random.Generator) -> list[Mesh]:
    high = u(0.2, 0.32)
    lower = ((0, 0), (1, 0), (1, high * 0.65), (0.6, high * 0.8))
    mesh = revolved(*lower, (0.3, high * 0.86), (0.3, high), (0, high))
    mesh.apply_scale([u(0.04, 0.07), u(0.025, 0.04), 1])
    return [mesh]


def _bowl(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high, wall = u(0.06, 0.13), u(0.04, 0.09), 0.004
    outside = ((0, 0), (wide * 0.45, 0), (wide * 0.8, high * 0.4), (wide, high))
    inside = (
        (wide - wall, high),
        (wide * 0.8 - wall, high * 0.4 + wall),
        (wide * 0.42, wall * 1.5),
    )
    return [revolved(*outside, *inside, (0, wall * 1.5))]


def _plate(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.08, 0.15), u(0.012, 0.03)
    rim = ((wide, high), (wide - 0.004, high), (wide * 0.58, 0.005))
    return [revolved((0, 0), (wide * 0.6, 0), *rim, (0, 0.005))]


def _vase(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.04, 0.1), u(0.15, 0.4)
    outside = ((0.6, 0), (1, 0.35), (0.8, 0.6), (0.35, 0.82), (0.55, 1), (0.5, 1), (0.3, 0.82))
    profile = [(wide * across, high * up) for across, up in outside]
    return [revolved((0, 0), *profile, (0, high * 0.7))]


def _pail(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim = u(0.1, 0.16)
    return [vessel(brim * u(0.7, 0.85), brim, u(0.2, 0.32), 0.004)]


def _bin(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim = u(0.12, 0.22)
    return [vessel(brim * u(0.75, 1), brim, u(0.28, 0.7), 0.005)]


def _ball(u: Draw, rng: np.random.Generator) -> list[Mesh]:
    sizes = (0.02, 0.034, 0.037, 0.1, 0.11, 0.12)  # table tennis, tennis, baseball, large balls
    return [globe(float(rng.choice(sizes)) * u(0.9, 1.1))]


def _apple(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide = u(0.032, 0.045)
    mesh = moved(globe(wide), z=-wide)
    corners = np.asarray(mesh.vertices).copy()
    across = np.linalg.norm(corners[:, :2], axis=1) / wide
    dent = wide * 0.25 * np.exp(-((across / 0.35) ** 2))
    corners[:, 2] = corners[:, 2] * 0.9 - np.sign(corners[:, 2]) * dent
    mesh.vertices = corners
    return [mesh]


def _orange(u: Draw, _: np.random.Generator) -> list[Mesh]:
    return [globe(u(0.035, 0.048))]


def _banana(u: Draw, _: np.random.Generator) -> list[Mesh]:
    return [bent_rod(u(0.09, 0.14), u(0.015, 0.02), u(1.1, 1.7))]


def _book(u: Draw, rng: np.random.Generator) -> list[Mesh]:
    wide, long, thick = u(0.1, 0.23), u(0.15, 0.3), u(0.008, 0.05)
    return [block(wide, long, thick) if rng.random() < 0.6 else block(thick, wide, long)]


def _milk_carton(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.06, 0.1), u(0.14, 0.22)
    roof = block(wide, wide, wide * 0.4)
    corners = np.asarray(roof.vertices).copy()
    corners[corners[:, 2] > 0, 0] = 0.0  # a ridge along y
    roof.vertices = corners
    return [block(wide, wide, high), moved(roof, z=high)]


def _can(u: Draw, _: np.random.Generator) -> list[Mesh]:
    return [rod(u(0.026, 0.043), u(0.08, 0.14))]


def _canister(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.04, 0.07), u(0.1, 0.2)
    return [rod(wide, high), moved(rod(wide * 1.04, 0.012), z=high - 0.006)]


def _tin(u: Draw, rng: np.random.Generator) -> list[Mesh]:
    high = u(0.04, 0.09)
    if rng.random() < 0.6:
        return [rod(u(0.06, 0.12), high)]
    return [block(u(0.1, 0.2), u(0.15, 0.27), high)]


def _pan(u: Draw, _: np.random.Generator) -> list[Mesh]:
    brim, high, long = u(0.09, 0.16), u(0.03, 0.06), u(0.15, 0.22)
    handle = turned(rod(0.009, long), (0, 1, 0))
    return [vessel(brim * 0.85, brim, high, 0.004), moved(handle, x=brim, z=high * 0.9)]


def _pot(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.08, 0.14), u(0.08, 0.2)
    handles = [ring(0.025, 0.005, side * (wide + 0.01), high * 0.8) for side in (-1, 1)]
    return [vessel(wide, wide, high, 0.004), *handles]


def _jug(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.05, 0.08), u(0.17, 0.27)
    outside = ((0.8, 0), (1, 0.35), (0.7, 0.8), (0.8, 1), (0.75, 1), (0.65, 0.8))
    profile = [(wide * across, high * up) for across, up in outside]
    return [
        revolved((0, 0), *profile, (0, high * 0.1)),
        ring(high * 0.27, 0.008, wide * 0.95, high * 0.55),
    ]


def _tray(u: Draw, _: np.random.Generator) -> list[Mesh]:
    deep, wide, high, wall = u(0.2, 0.35), u(0.3, 0.5), u(0.015, 0.04), 0.008
    ends = [moved(block(wall, wide, high), x=side * deep / 2) for side in (-1, 1)]
    sides = [moved(block(deep, wall, high), y=side * wide / 2) for side in (-1, 1)]
    return [block(deep, wide, 0.005), *ends, *sides]


def _pen(u: Draw, _: np.random.Generator) -> list[Mesh]:
    thick = u(0.004, 0.007)
    return [moved(turned(rod(thick, u(0.13, 0.16)), (0, 1, 0)), z=thick)]


def _table(u: Draw, _: np.random.Generator) -> list[Mesh]:
    deep, wide, high = u(0.5, 1.0), u(0.7, 1.8), u(0.4, 0.78)
    top = moved(block(deep, wide, u(0.02, 0.05)), z=high)
    return [top, *legs(deep, wide, high, u(0.03, 0.08))]


def _stool(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.14, 0.2), u(0.4, 0.75)
    seat = moved(rod(wide, u(0.02, 0.06)), z=high)
    return [seat, *legs(1.4 * wide, 1.4 * wide, high, u(0.02, 0.04))]


def _chair(u: Draw, _: np.random.Generator) -> list[Mesh]:
    wide, high = u(0.36, 0.5), u(0.4, 0.5)
    back = moved(block(0.03, wide, u(0.35, 0.6)), x=-wide / 2, z=high)
    seat = moved(block(wide, wide, u(0.02, 0.06)), z=high)
    return [seat, back, *legs(wide, wide, high, u(0.02, 0.05))]


KINDS = (
    Kind("cup", ("mug", "coffee mug", "cup"), _mug),
    Kind("glass", ("drinking glass", "glass"), _glass),
    Kind("bottle", ("bottle", "water bottle", "wine bottle"), _bottle),
    Kind("bottle", ("detergent bottle", "bleach bottle", "shampoo bottle"), _flat_bottle),
    Kind("bowl", ("bowl",), _bowl),
    Kind("plate", ("plate",), _plate),
    Kind("vase", ("vase",), _vase),
    Kind("bucket", ("bucket",), _pail),
    Kind("rubbish bin", ("rubbish bin", "waste bin"), _bin),
    Kind("ball", ("ball",), _ball),
    Kind("apple", ("apple",), _apple),
    Kind("orange", ("orange",), _orange),
    Kind("banana", ("banana",), _banana),
    Kind("book", ("book",), _book),
    Kind(
        "box",
        ("cereal box", "box of cereals"),
        lambda u, _: [block(u(0.045, 0.08), u(0.15, 0.22), u(0.22, 0.33))],
    ),
    Kind(
        "box",
        ("small box", "tea box", "packet of tea"),
        lambda u, _: [block(u(0.055, 0.09), u(0.1, 0.17), u(0.055, 0.1))],
    ),
    Kind(
        "box",
        ("cardboard box", "carton"),
        lambda u, _: [block(u(0.15, 0.45), u(0.15, 0.45), u(0.15, 0.45))],
    ),
    Kind("box", ("milk carton", "juice carton"), _milk_carton),
    Kind("can", ("can", "tin can", "drink can", "food can"), _can),
    Kind("canister", ("canister", "jar", "container with a lid"), _canister),
    Kind("tin", ("tin", "biscuit tin", "cookie tin"), _tin),
    Kind(
        "tube",
        ("tube", "cardboard tube", "tube of crisps"),
        lambda u, _: [rod(u(0.028, 0.042), u(0.19, 0.3))],
    ),
    Kind(
        "packet",
        ("packet", "snack packet", "bag of crisps"),
        lambda u, rng: [cushion(u(0.02, 0.06), u(0.1, 0.2), u(0.15, 0.28), rng)],
    ),
    Kind("pan", ("frying pan", "pan"), _pan),
    Kind("pot", ("cooking pot", "pot"), _pot),
    Kind("jug", ("jug", "pitcher"), _jug),
    Kind("tray", ("tray",), _tray),
    Kind("candle", ("candle",), lambda u, _: [rod(u(0.01, 0.04), u(0.08, 0.2))]),
    Kind("pen", ("pen",), _pen),
    Kind("telephone", ("mobile phone", "telephone"), slab(0.075, 0.15, 0.009)),
    Kind("remote control", ("remote control",), slab(0.045, 0.17, 0.02)),
    Kind("tablet computer", ("tablet computer",), slab(0.17, 0.25, 0.008)),
    Kind("keyboard", ("keyboard",), slab(0.14, 0.42, 0.025)),
    Kind("suitcase", ("suitcase",), slab(0.25, 0.42, 0.6)),
    Kind("table", ("table",), _table, falls=False),
    Kind("stool", ("stool",), _stool, falls=False),
    Kind("chair", ("chair",), _chair, falls=False),
    *SMALL,
)
