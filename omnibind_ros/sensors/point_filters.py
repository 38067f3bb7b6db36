"""Filters that remove points of a cloud: by position, density, ground plane and outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import RejectedSampleError

Cloud = npt.NDArray[np.float32]
Column = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MAX_COORDINATE = 1000.0
"""Largest coordinate of a plausible point, metres from the sensor."""

CLUSTER_POINTS = 32
"""Fewest points of a cluster that is a thing, see `nearest_cluster`."""

MOST_CLUSTERED = 20_000
"""Most points among which clusters are looked for."""


def _limit(default: float, description: str) -> Any:
    return parameter(default, description, low=-MAX_COORDINATE, high=MAX_COORDINATE)


@dataclass
class PointsOptions:
    """Parameters of a point cloud sensor; lengths in metres, axes of the sensor's frame."""

    scale: float = parameter(
        1.0,
        "Metres per unit of the messages' x, y and z; 0.001 for millimetres.",
        low=1e-6,
        high=1000,
    )
    min_x: float = _limit(-MAX_COORDINATE, "Smallest x kept, m.")
    max_x: float = _limit(MAX_COORDINATE, "Largest x kept, m.")
    min_y: float = _limit(-MAX_COORDINATE, "Smallest y kept, m.")
    max_y: float = _limit(MAX_COORDINATE, "Largest y kept, m.")
    min_z: float = _limit(
        -MAX_COORDINATE,
        "Smallest z kept, m; in a frame with z up this also removes level ground.",
    )
    max_z: float = _limit(MAX_COORDINATE, "Largest z kept, m.")
    min_range: float = parameter(0.0, "Smallest distance kept, m.", low=0, high=2000)
    max_range: float = parameter(2000.0, "Largest distance kept, m.", low=0, high=2000)
    voxel: float = parameter(
        0.0, "Side of the cubes of which one point each is kept, m; 0: all points.", low=0, high=10
    )
    ground: str = parameter(
        "none",
        "plane removes the largest plane, which RANSAC finds (needs Open3D).",
        choices=("none", "plane"),
    )
    ground_distance: float = parameter(
        0.05, "Distance up to which points belong to the plane, m.", low=0.001, high=10
    )
    outliers: str = parameter(
        "none",
        "statistical removes points whose mean distance from their 16 neighbours is above the mean "
        "of all points by two standard deviations, radius those with fewer than 4 others within "
        "outlier_radius (both need Open3D).",
        choices=("none", "statistical", "radius"),
    )
    outlier_radius: float = parameter(0.1, "Radius of outliers: radius, m.", low=0.001, high=100)
    cluster: str = parameter(
        "none",
        "nearest keeps only the cluster that is nearest to the sensor, of those of at least 32 "
        "points (DBSCAN, needs Open3D); use it with ground: plane where things stand on something.",
        choices=("none", "nearest"),
    )
    cluster_distance: float = parameter(
        0.05, "Gap up to which points belong to one cluster, m.", low=0.001, high=10
    )
    axes: str = parameter(
        "auto",
        "Axes of the sensor's frame (REP 103): x_forward with y left and z up, z_forward with x "
        "right and y down as of depth cameras, z_backward with x right and y up as of programs "
        "that draw clouds; auto: as the name of the frame and the points say.",
        choices=("auto", "x_forward", "z_forward", "z_backward"),
    )


def within(x: Column, y: Column, z: Column, options: PointsOptions) -> npt.NDArray[np.bool_] | None:
    """Return which points are within the limits of the options, bool [N]; None without limits.

    Args:
        x: float32 [N], m.
        y: float32 [N], m.
        z: float32 [N], m.
        options: The limits.
    """
    masks = []
    for values, low, high in (
        (x, options.min_x, options.max_x),
        (y, options.min_y, options.max_y),
        (z, options.min_z, options.max_z),
    ):
        if low > -MAX_COORDINATE:
            masks.append(values >= low)
        if high < MAX_COORDINATE:
            masks.append(values <= high)
    if options.min_range > 0 or options.max_range < 2 * MAX_COORDINATE:
        with np.errstate(over="ignore", invalid="ignore"):
            squared = x * x + y * y + z * z
        masks += [squared >= options.min_range**2, squared <= options.max_range**2]
    return np.logical_and.reduce(masks) if masks else None


def contradiction(options: PointsOptions) -> str:
    """Return which limits exclude every point, such as 'min_x and max_x'; '' if none do."""
    for name in ("x", "y", "z", "range"):
        if getattr(options, f"min_{name}") > getattr(options, f"max_{name}"):
            return f"min_{name} and max_{name}"
    return ""


def thinned(points: Cloud, side: float) -> Cloud:
    """Keep the first point of each cube of space.

    Args:
        points: float32 [N, 3], within `MAX_COORDINATE`.
        side: Side of the cubes, m; at least 1 mm is used.

    Returns:
        float32 [M, 3], in the order of the points.
    """
    cells = np.floor(points / max(side, 0.001)).astype(np.int64)
    cells -= cells.min(axis=0)
    extent = cells.max(axis=0) + 1  # its product is below 2**63: 2000 m of 1 mm a side
    key = (cells[:, 0] * extent[1] + cells[:, 1]) * extent[2] + cells[:, 2]
    return points[np.sort(np.unique(key, return_index=True)[1])]


def _open3d(option: str) -> Any:
    try:
        import open3d  # noqa: PLC0415 - optional and slow
    except (ImportError, OSError) as error:  # OSError: a system library is missing
        raise RejectedSampleError(
            f"the option {option} needs Open3D, which cannot be imported ({str(error)[:80]}); "
            "install the extra sim or set the option to 'none'"
        ) from error
    return open3d


def _geometry(open3d: Any, points: Cloud) -> Any:
    return open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))


def without_ground(points: Cloud, distance: float) -> Cloud:
    """Remove the largest plane.

    Args:
        points: float32 [N, 3].
        distance: Distance up to which points belong to the plane, m.

    Returns:
        float32 [M, 3].

    Raises:
        RejectedSampleError: Open3D is not installed.
    """
    open3d = _open3d("ground")
    if len(points) < 4:
        return points
    open3d.utility.random.seed(0)
    _plane, inside = _geometry(open3d, points).segment_plane(distance, 3, 200)
    return np.delete(points, np.asarray(inside, np.int64), axis=0)


def without_outliers(points: Cloud, kind: str, radius: float) -> Cloud:
    """Remove points without near neighbours.

    Args:
        points: float32 [N, 3].
        kind: 'statistical' or 'radius', as `PointsOptions.outliers` describes.
        radius: Radius for 'radius', m.

    Returns:
        float32 [M, 3].

    Raises:
        RejectedSampleError: Open3D is not installed.
    """
    geometry = _geometry(_open3d("outliers"), points)
    if kind == "statistical":
        _cloud, inliers = geometry.remove_statistical_outlier(16, 2.0)
    else:
        _cloud, inliers = geometry.remove_radius_outlier(4, radius)
    return points[np.asarray(inliers, np.int64)]


def nearest_cluster(points: Cloud, distance: float) -> Cloud:
    """Keep the cluster that is nearest to the sensor.

    Clusters are those of DBSCAN (Ester et al. 1996) with at least `CLUSTER_POINTS` points; how near
    one is, is the distance of its nearest point. More than `MOST_CLUSTERED` points are thinned
    first, to one point a cube of half the distance.

    Args:
        points: float32 [N, 3], the sensor at the origin.
        distance: Gap up to which points belong to one cluster, m.

    Returns:
        float32 [M, 3]; no point where there is no cluster.

    Raises:
        RejectedSampleError: Open3D is not installed.
    """
    open3d = _open3d("cluster")
    if len(points) > MOST_CLUSTERED:
        points = thinned(points, distance / 2)
    cluster = np.asarray(_geometry(open3d, points).cluster_dbscan(distance, 3))
    count = int(cluster.max(initial=-1)) + 1
    away = np.linalg.norm(points, axis=1)
    nearest = np.full(count, np.inf)
    inside = cluster >= 0
    np.minimum.at(nearest, cluster[inside], away[inside])
    nearest[np.bincount(cluster[inside], minlength=count) < CLUSTER_POINTS] = np.inf
    if not np.isfinite(nearest).any():
        return points[:0]
    return points[cluster == int(nearest.argmin())]
