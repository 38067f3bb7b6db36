"""Which way is forward in a cloud: by the name of its frame and by where its points lie."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from .base import Doubt, Issue

Column = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SAMPLE = 1024
"""About how many points of a cloud are looked at, evenly spaced."""

_SLOPE = math.tan(math.radians(65.0))
"""Largest |x| / z and |y| / z of a camera's cloud: the widest depth cameras see 120 degrees."""

_ALL = 0.98
"""Share of the points that counts as all of them; the others are flying pixels and noise."""

_MOST = 0.8
_BEHIND = 0.1
"""Share of the points behind a z-forward camera from which its cloud cannot be one."""

_IN_ROW = 0.9
"""Share of a picture's pixels with a neighbour in the same row, at least."""

FEW = 20
"""Fewest points that say anything of the axes or the unit of a cloud."""

_WIDE = 0.1
"""Smallest |x| / z and |y| / z that a camera's cloud reaches on all four sides of its axis."""

_ABOVE = 1.43
"""Slope, 55 degrees above level, beyond which no sensor with z up looks."""

_FIXED_FRAMES = frozenset({"map", "world", "odom", "earth", "base", "footprint"})
"""Words in the names of frames with z up (REP 105), in which things may lie above the origin."""


Kind = Literal["x_forward", "z_forward", "z_backward"]
"""x forward, y left, z up; z forward, x right, y down; z backward, x right, y up (OpenGL)."""


class Axes(NamedTuple):
    """The axes of a cloud's frame.

    Attributes:
        kind: Which way they point.
        doubt: What was assumed; None if the name and the points agree.
    """

    kind: Kind
    doubt: Doubt | None = None


def _before(forward: Column, right: Column, down: Column) -> float:
    """Return the share of the points that a camera at the origin could see."""
    limit = _SLOPE * forward  # below 0 for points behind the camera
    return float(np.mean((np.abs(right) <= limit) & (np.abs(down) <= limit) & (forward > 0)))


def guess_axes(
    x: Column, y: Column, z: Column, frame_id: str, returns: Mask | None, organised: bool
) -> Axes:
    """Decide between z forward, as of depth cameras, and x forward.

    The name says z forward if it contains `optical`. The points say x forward if some are where no
    camera that looks along z can see (behind it or more than 65 degrees to the side), as most
    points of a LiDAR are. They say z forward if at least 98% are where such a camera sees, are not
    all where a camera that looks along x sees, and either lie in rows of pixels, or on all four
    sides of the z axis, or more than 55 degrees above level if z were up, where no LiDAR and no
    level camera looks. Where both speak and differ, the points decide, but for two cases: in a
    frame that is called optical, only points behind the camera count, and those only if all are
    before a camera that looks along x, since clouds of LiDARs are transformed into optical frames
    too; in a frame that is fixed to the ground or the robot, only the rows of pixels of a cloud
    with height and width count. Where the points say nothing, the name decides. What is not said
    by both is a guess, but for clouds of fewer than `FEW` points. In files, which name no frame,
    98% of the points around the negative z axis say z backward, as programs that draw clouds have
    it, if they are nearer to it than to level.

    Args:
        x: float32 [N], at least one, in the order of the message, none at the origin.
        y: float32 [N].
        z: float32 [N].
        frame_id: Name of the frame.
        returns: bool [M], which of the message's points these are; None if they are all.
        organised: Whether the cloud has rows.
    """
    optical = "optical" in frame_id.lower()
    if x.size < FEW:
        return Axes("z_forward" if optical else "x_forward")
    every = slice(None, None, x.size // SAMPLE | 1)  # odd, since rows often have even lengths
    pz = z[every]
    if not optical and np.count_nonzero(pz > 0) < _MOST * pz.size:  # at once, for speed
        if not frame_id and _drawn(x[every], y[every], pz):
            return _guessed("z_backward", "the points lie around the negative z axis")
        return Axes("x_forward")
    px, py = x[every], y[every]
    before_z = _before(pz, px, py)
    if optical and before_z >= _ALL:
        return Axes("z_forward")
    if not optical and before_z < _MOST:
        return Axes("x_forward")
    before_x = _before(px, py, pz)
    name = f"frame '{frame_id[:60]}'"
    if optical:
        ahead = before_x >= _ALL and bool(np.mean(pz <= 0) >= _BEHIND)
        return _optical(name, ahead, before_z)
    if before_z >= _ALL and before_x < _ALL:
        fixed = not _FIXED_FRAMES.isdisjoint(re.split(r"[^a-z]+", frame_id.lower()))
        how = ""
        if (organised or not fixed) and _in_rows(x, y, z, returns):
            how = "in rows of pixels around z"
        elif not fixed and _around_axis(px, py, pz):
            how = "in a wide cone around z"
        elif not fixed and _overhead(px, py, pz):
            how = "nearer to z than to level"
        if how:
            return _guessed(
                "z_forward", f"the points lie {how}, although {name} is not called optical"
            )
    return _guessed(
        "x_forward", f"{name} is not called optical, although a camera along z could see the points"
    )


def _optical(name: str, ahead: bool, before_z: float) -> Axes:
    """Return the axes of an optical frame that not all points lie in front of."""
    if ahead:
        why = f"the points lie in a cone around x, although {name} is called optical"
        return _guessed("x_forward", why)
    return _guessed(
        "z_forward",
        f"{name} is called optical, although {1 - before_z:.0%} of the points are where no camera "
        "that looks along z sees",
    )


def _guessed(kind: Kind, why: str) -> Axes:
    choices = "x_forward, z_forward or z_backward"
    text = f"axes {kind} was taken since {why}; set the sensor's axes to {choices}"
    return Axes(kind, Doubt(Issue.AXES_GUESSED, text))


def _around_axis(x: Column, y: Column, z: Column) -> bool:
    """Return whether one point in twenty or more lies well to each side of the z axis."""
    low, high = np.percentile((x / z, y / z), (5, 95), axis=1)
    return bool((low < -_WIDE).all() and (high > _WIDE).all())


def _overhead(x: Column, y: Column, z: Column) -> bool:
    """Return whether the middle of the points is steeply above level, if z is up."""
    across = math.hypot(float(np.median(x)), float(np.median(y)))
    return float(np.median(z)) > _ABOVE * across


def _drawn(x: Column, y: Column, z: Column) -> bool:
    """Return whether points lie before a camera that looks along -z, as in OpenGL, alone."""
    along_z, along_x = _before(-z, x, y), _before(x, y, z)
    return along_z >= _ALL and along_x < _ALL and _overhead(x, y, -z)


def _in_rows(x: Column, y: Column, z: Column, returns: Mask | None) -> bool:
    """Return whether the points are the pixels of a picture, row by row from the upper left.

    In the order of the message, y / z must never decrease, but for distortion, and x / z must
    increase from each point to the next. A camera that looks down at a floor of a frame with z up
    is mirrored, so that one of the two decreases.
    """
    pairs = np.arange(0, x.size - 1, x.size // SAMPLE | 1)
    if returns is not None:
        place = np.flatnonzero(returns)
        pairs = pairs[place[pairs + 1] == place[pairs] + 1]
    if pairs.size < FEW:
        return False
    right = x[pairs + 1] / z[pairs + 1] > x[pairs] / z[pairs]
    down = y[pairs] / z[pairs]
    spread = down.max() - down.min()
    lower = np.maximum.accumulate(down) - down
    return bool(
        spread > 0 and np.mean(lower <= 0.05 * spread) >= _ALL and np.mean(right) >= _IN_ROW
    )
