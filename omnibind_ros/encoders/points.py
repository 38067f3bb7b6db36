"""A point cloud as a fixed number of points, the input of the points student."""

from __future__ import annotations

from typing import Any

import fpsample
import numpy as np
import numpy.typing as npt

from .cloud_object import cut_out, face_sensor
from .manifest import TensorSpec
from .student import Prepared

INPUT = TensorSpec("points", (1, 512, 3), "float32", "NPC", "m, centred at the centroid")
"""Input of the shipped student."""

CANDIDATES = 16
"""A cloud of more than this many times the wanted points is first thinned at random."""

ENOUGH = 0.25
"""Share of the wanted points from which the quality is 1, as far as the number counts."""

THICKNESS = (0.005, 0.05)
"""Standard deviations across a cloud's longest direction, as a share of that along it, between
which the quality rises from 0 to 1: below are single places and straight lines."""

Cloud = npt.NDArray[np.float32]


def farthest_points(points: Cloud, count: int) -> Cloud:
    """Choose points that cover a cloud evenly, whatever its local density.

    Farthest-point sampling (Eldar et al., The Farthest Point Strategy for Progressive Image
    Sampling, 1997), in fpsample's version with buckets (Han et al., QuickFPS, 2023).

    Args:
        points: float32 [N, 3], N > count. Of more than `CANDIDATES` times the count, this many are
            drawn first (`thinned`). Every n-th point would not do: the order of a scan is periodic,
            so that it could pick whole scan lines.
        count: Number of points wanted.

    Returns:
        float32 [count, 3]; the same points give the same result.
    """
    points = thinned(points, CANDIDATES * count)
    height = min(
        5, len(points).bit_length() - 1
    )  # of the tree of buckets, none of which may be empty
    chosen = fpsample.bucket_fps_kdline_sampling(points, count, h=height, start_idx=0)
    return points[chosen]


def thinned(points: Cloud, most: int) -> Cloud:
    """Return at most so many points, float32 [N, 3], drawn with a fixed seed from more."""
    if len(points) <= most:
        return points
    return points[np.random.default_rng(0).integers(0, len(points), most)]


def _thickness(centred: Cloud) -> float:
    moments = np.linalg.eigvalsh(centred.T.astype(np.float64) @ centred)
    return float(np.sqrt(max(moments[1], 0) / moments[2])) if moments[2] > 0 else 0.0


def prepare(sample: Any, spec: TensorSpec) -> Prepared:
    """Turn a cloud into the input of the points student.

    Args:
        sample: float32 [N, 3], m.
        spec: The input: float32 [1, points, 3].

    Returns:
        Points of the object alone (`cut_out`), turned to the line of sight (`face_sensor`),
        relative to their centroid, in metres and not scaled, since an object's size is evidence of
        its class. Fewer points than wanted are repeated in turn. The quality grows with
        the number of points, up to `ENOUGH`, and falls where they lie on one line or in one place.
    """
    count = spec.shape[1]
    points = np.ascontiguousarray(sample, np.float32)
    if not len(points):
        return Prepared(np.zeros((1, count, 3), np.float32), 0.0)
    points = face_sensor(cut_out(thinned(points, CANDIDATES * count)))
    chosen = farthest_points(points, count) if len(points) > count else points
    centred = (chosen - chosen.mean(axis=0, dtype=np.float64)).astype(np.float32)
    many = min(len(points) / (ENOUGH * count), 1.0)
    quality = many * np.interp(_thickness(centred), THICKNESS, (0, 1))
    return Prepared(np.resize(centred, (1, count, 3)), float(quality))
