"""What frames and a table cost in recorded clouds of single things.

Usage: python3 benchmarks/cloud_frames.py FOLDER [--tilt 33] [--bundle household] [--json FILE]

FOLDER has a folder a class with float32 .npy clouds [N, 3] in metres, in the optical frame of a
camera that looks down by `--tilt` degrees, without the table. They are written in other frames, and
with a table under them, and recognised by `omnibind recognise --labels folders`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from recognised import recognised
from rich.console import Console
from rich.table import Table

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.names import DEFAULT_BUNDLE

STEP = math.radians(0.25)
"""Angle between the rays that reach the table, and half the size of what hides it."""

NOISE = 1.5e-3
"""Standard deviation of the table's range at 1 m, m; it grows with the square of the range."""

Change = Callable[[Floats, float], Floats]
"""(points in the optical frame, tilt in radians) -> points."""


class Variant(NamedTuple):
    """How clouds are written, and what is said of their axes."""

    axes: str
    change: Change


def _forward(points: Floats, pitch: float = 0.0) -> Floats:
    """Return points with x forward, y left and z up; the frame is pitched up by an angle, rad."""
    return _turned(np.stack([points[:, 2], -points[:, 0], -points[:, 1]], 1), pitch)


def _turned(points: Floats, pitch: float) -> Floats:
    """Return points with x forward in a frame that is pitched up by an angle, rad."""
    x, y, z = points.T
    cos, sin = math.cos(pitch), math.sin(pitch)
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], 1).astype(np.float32)


def _level(points: Floats, tilt: float) -> Floats:
    return _forward(points, tilt)


def _pitched(degrees: float) -> Change:
    return lambda points, _: _forward(points, math.radians(degrees))


def _base(points: Floats, tilt: float) -> Floats:
    return _level(points, tilt) + np.array([0.2, 0.0, 1.2], np.float32)


def _on_table(reach: float) -> Change:
    """Return what puts a table under a thing that reaches so many times its radius."""

    def change(points: Floats, tilt: float) -> Floats:
        level = _level(points, tilt).astype(np.float64)
        floor = float(np.percentile(level[:, 2], 0.5))
        middle = np.median(level, axis=0)
        radius = reach * float(np.percentile(np.linalg.norm((level - middle)[:, :2], axis=1), 98))
        directions, hidden = _rays(level, middle, radius)
        down = directions[:, 2] < -0.02
        hit = directions[down & ~hidden]
        hit = hit * (floor / hit[:, 2])[:, None]
        hit = hit[np.linalg.norm((hit - middle)[:, :2], axis=1) <= radius]
        rng = np.random.default_rng(0)
        away = np.linalg.norm(hit, axis=1, keepdims=True)
        hit *= 1 + NOISE * away * rng.standard_normal(away.shape)
        both = np.concatenate([level, hit]).astype(np.float32)
        back = _turned(both, -tilt)
        return np.stack([-back[:, 1], -back[:, 2], back[:, 0]], 1)

    return change


def _rays(level: Any, middle: Any, radius: float) -> tuple[Any, Any]:
    """Return directions [R, 3] around a thing, and which of them it hides, bool [R]."""
    across = math.atan2(radius, float(np.linalg.norm(middle))) * 1.6
    azimuth, elevation = _angles(middle[None])
    steps = np.arange(-across, across, STEP)
    u, v = (grid.ravel() for grid in np.meshgrid(azimuth + steps, elevation + steps))
    directions = np.stack([np.cos(v) * np.cos(u), np.cos(v) * np.sin(u), np.sin(v)], 1)
    taken = _cells(*_angles(level), 2 * STEP)
    ring = {(a + i, b + j) for a, b in taken for i in (-1, 0, 1) for j in (-1, 0, 1)}
    cells = zip(np.round(u / (2 * STEP)), np.round(v / (2 * STEP)), strict=True)
    return directions, np.array([(int(a), int(b)) in ring for a, b in cells])


def _angles(points: Any) -> tuple[Any, Any]:
    level = np.hypot(points[:, 0], points[:, 1])
    return np.arctan2(points[:, 1], points[:, 0]), np.arctan2(points[:, 2], level)


def _cells(azimuth: Any, elevation: Any, size: float) -> set[tuple[int, int]]:
    pairs = zip(np.round(azimuth / size), np.round(elevation / size), strict=True)
    return {(int(a), int(b)) for a, b in pairs}


VARIANTS = {
    "optical, as recorded": Variant("z_forward", lambda points, _: points),
    "optical, axes not said": Variant("auto", lambda points, _: points),
    "level": Variant("x_forward", _level),
    "level, axes not said": Variant("auto", _level),
    "pitched up by 45 degrees": Variant("x_forward", _pitched(45)),
    "pitched down by 45 degrees": Variant("x_forward", _pitched(-45)),
    "base of a robot, 1.2 m below": Variant("x_forward", _base),
    "on a table of 2 radii": Variant("z_forward", _on_table(2)),
    "on a table of 4 radii": Variant("z_forward", _on_table(4)),
}


def main() -> int:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="clouds, one folder a class")
    parser.add_argument("--tilt", type=float, default=33.0, help="degrees the camera looks down")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.npy"))
    if not files:
        print(f"cloud_frames.py: {options.folder} has no .npy clouds", file=sys.stderr)
        return 1
    figures = {name: _measure(files, each, options) for name, each in VARIANTS.items()}
    _print(figures, len(files))
    if options.json:
        text = json.dumps({"clouds": len(files), "variants": figures}, indent=1)
        options.json.write_text(text + "\n")
    return 0


def _measure(files: list[Path], variant: Variant, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in files:
            out = folder / "points" / file.relative_to(options.folder)
            out.parent.mkdir(parents=True, exist_ok=True)
            points = np.load(file).astype(np.float32)
            np.save(out, variant.change(points, math.radians(options.tilt)))
        said = ("--labels", "folders", "--axes", variant.axes, "--bundle", options.bundle)
        found = recognised(folder / "points", *said)
    return {key: found[key] for key in ("n", "top1", "balanced", "known", "wrong_known")}


def _print(figures: dict[str, dict[str, Any]], clouds: int) -> None:
    table = Table(title=f"{clouds} clouds, percent", title_justify="left")
    for column in ("clouds", "right", "balanced", "difference", "wrong and known"):
        table.add_column(column, justify="left" if column == "clouds" else "right")
    first = next(iter(figures.values()))["balanced"]
    for name, of in figures.items():
        cells = (of["top1"], of["balanced"], of["balanced"] - first, of["wrong_known"])
        table.add_row(name, *(f"{value:.1f}" for value in cells))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
