"""The axes of clouds by their frames' names and by where their points lie."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from paths import recordings

from omnibind_ros.sensors import Doubtful, Issue
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import decode_points


def message(points, frame, height=1):
    points = np.ascontiguousarray(points, np.float32)
    fields = [SimpleNamespace(name=n, offset=4 * i, datatype=7) for i, n in enumerate("xyz")]
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        height=height,
        width=len(points) // height,
        fields=fields,
        is_bigendian=False,
        point_step=12,
        row_step=12 * (len(points) // height),
        data=array("B", points.tobytes()),
    )


def depth_image(rows=60, columns=80, fov=60.0, tilt=0.3, seed=0):
    """Points of a depth camera over a floor, row by row: x right, y down, z forward."""
    focal = columns / 2 / np.tan(np.radians(fov / 2))
    v, u = np.mgrid[:rows, :columns]
    u, v = (u - columns / 2 + 0.5) / focal, (v - rows / 2 + 0.5) / focal
    down = v * np.cos(tilt) + np.sin(tilt)
    depth = np.minimum(1.2 / np.maximum(down, 1e-3), 4.0)
    depth *= np.random.default_rng(seed).normal(1.0, 0.002, depth.shape)
    return np.stack([u * depth, v * depth, depth], -1).reshape(-1, 3)


def to_x_forward(points):
    return np.stack([points[:, 2], -points[:, 0], -points[:, 1]], 1)


def to_frame_with_z_up(points, height=1.2, tilt=0.3):
    """Move a camera's points to a frame on the floor below it, x ahead and z up."""
    x, y, z = to_x_forward(points).T
    return np.stack(
        [
            x * np.cos(tilt) + z * np.sin(tilt),
            y,
            height - x * np.sin(tilt) + z * np.cos(tilt),
        ],
        1,
    )


def lidar(rings=16, count=900, low=-15.0, high=15.0):
    """A turning LiDAR at 0.5 m in a room of 8 m, x forward and z up."""
    elevation, azimuth = np.meshgrid(
        np.radians(np.linspace(low, high, rings)), np.linspace(-np.pi, np.pi, count)
    )
    wall = 4 / np.maximum(np.abs(np.cos(azimuth)), np.abs(np.sin(azimuth)))
    distance = np.minimum(wall / np.cos(elevation), 0.5 / np.maximum(-np.sin(elevation), 1e-3))
    directions = [
        np.cos(elevation) * np.cos(azimuth),
        np.cos(elevation) * np.sin(azimuth),
        np.sin(elevation),
    ]
    return np.stack([distance * d for d in directions], -1).reshape(-1, 3)


def shuffled(points, seed=0):
    return np.random.default_rng(seed).permutation(points)


def thinned(points, seed=0):
    keep = np.random.default_rng(seed).random(len(points)) < 0.3
    return np.where(keep[:, None], points, np.nan)


camera = depth_image()
segment = camera[(np.abs(camera[:, 0] - 0.4) < 0.15) & (np.abs(camera[:, 1] - 0.3) < 0.15)]


def raised(degrees):
    """An object so many degrees above the axis of a sensor with x forward and z up."""
    ahead = to_x_forward(segment)
    tilt = np.radians(degrees) - np.arctan2(ahead[:, 2].mean(), ahead[:, 0].mean())
    x, z = ahead[:, 0], ahead[:, 2]
    cos, sin = np.cos(tilt), np.sin(tilt)
    return np.stack([cos * x - sin * z, ahead[:, 1], sin * x + cos * z], 1)


SURE = {
    "a depth camera in its optical frame": (camera, "camera_depth_optical_frame", True),
    "the same, shuffled": (shuffled(camera), "Camera_Optical", True),
    "the same, with holes": (thinned(camera), "optical", True),
    "an object before a camera": (segment, "kinect_optical", True),
    "a depth camera, x forward": (to_x_forward(camera), "camera_link", False),
    "a turning LiDAR": (lidar(), "velodyne", False),
    "a LiDAR that sees above its level only": (lidar(low=0.5, high=15.0), "os_sensor", False),
    "a LiDAR of 360 x 59 degrees": (lidar(40, 400, -7.0, 52.0), "livox_frame", False),
    "a camera in a frame on the floor": (to_frame_with_z_up(camera), "base_link", False),
}


@pytest.mark.parametrize("name", SURE)
def test_name_and_points_agree(name):
    points, frame, z_forward = SURE[name]
    out = decode_points(message(points, frame))
    assert not isinstance(out, Doubtful)
    there = points[np.isfinite(points).all(axis=1)].astype(np.float32)
    np.testing.assert_array_equal(out, to_x_forward(there) if z_forward else there)


def drawn(points):
    """The same with x right, y up and z backward."""
    return points * [1, -1, -1]


def test_a_file_around_the_negative_z_axis_is_of_a_program_that_draws():
    out = decode_points(message(drawn(segment), ""))
    assert isinstance(out, Doubtful)
    assert out.doubts[0].text.startswith("axes z_backward was taken")
    np.testing.assert_array_equal(out.data, to_x_forward(segment).astype(np.float32))
    for frame in ("camera_link", "base_link"):
        below = decode_points(message(drawn(segment), frame))
        assert not isinstance(below, Doubtful)  # a robot looks down
        np.testing.assert_array_equal(below, drawn(segment).astype(np.float32))
    for filtered in ({}, {"voxel": 1e-6}):
        options = PointsOptions(axes="z_backward", **filtered)
        assert sorted(map(tuple, decode_points(message(drawn(segment), "any"), options))) == sorted(
            map(tuple, to_x_forward(segment).astype(np.float32))
        )


GUESSED = {
    "a simulator's camera in a frame without 'optical'": (camera, "camera_link", 60, True),
    "the same without rows": (camera, "depth", 1, True),
    "the same, shuffled": (shuffled(camera), "sensor", 1, True),
    "the same, with holes": (thinned(camera), "rgbd", 60, True),
    "a camera of 120 degrees": (depth_image(fov=118.0, tilt=0.1), "femto", 1, True),
    "rows of pixels in a frame of the robot": (camera, "base_link", 60, True),
    "x forward in an optical frame": (to_x_forward(camera), "camera_optical", 1, False),
    "a LiDAR's cloud in a camera's optical frame": (
        np.stack([-lidar()[:, 1], -lidar()[:, 2], lidar()[:, 0]], 1),
        "cam_optical",
        1,
        True,
    ),
    "an object before a camera along z": (segment, "camera_link", 1, True),
    "an object above a sensor along x": (raised(60.0), "camera_link", 1, False),
    "an object on a shelf, seen from the robot's base": (segment, "base_link", 1, False),
    "a table in the world, seen from its floor": (
        shuffled(np.stack([*np.mgrid[-1:1:40j, -1:1:40j].reshape(2, -1), np.full(1600, 0.8)], 1)),
        "world",
        1,
        False,
    ),
    "the same from PCL's voxel grid, sorted": (
        np.stack([*np.mgrid[-1:1:40j, -1:1:40j].reshape(2, -1)[::-1], np.full(1600, 0.8)], 1),
        "map",
        1,
        False,
    ),
    "in both cones": (np.tile([[1.0, 0.1, 1.1], [1.2, -0.1, 1.0]], (30, 1)), "laser", 1, False),
}


@pytest.mark.parametrize("name", GUESSED)
def test_what_name_and_points_do_not_both_say_is_a_guess(name):
    points, frame, height, z_forward = GUESSED[name]
    out = decode_points(message(points, frame, height))
    assert isinstance(out, Doubtful)
    (doubt,) = out.doubts
    assert doubt.issue is Issue.AXES_GUESSED
    assert frame in doubt.text
    assert doubt.text.startswith(f"axes {'z' if z_forward else 'x'}_forward was taken")
    assert "\n" not in doubt.text
    there = points[np.isfinite(points).all(axis=1)].astype(np.float32)
    np.testing.assert_array_equal(out.data, to_x_forward(there) if z_forward else there)


@pytest.mark.parametrize("axes", ["x_forward", "z_forward"])
@pytest.mark.parametrize("name", [*SURE, *GUESSED])
def test_axes_that_are_set_are_no_guess(name, axes):
    points, frame = (SURE | GUESSED)[name][:2]
    out = decode_points(message(points, frame), PointsOptions(axes=axes))
    there = points[np.isfinite(points).all(axis=1)].astype(np.float32)
    np.testing.assert_array_equal(out, to_x_forward(there) if axes == "z_forward" else there)


@pytest.mark.parametrize(
    ("frame", "axes", "turned"),
    [
        ("lidar", "auto", False),
        ("camera_depth_optical_frame", "auto", True),
        ("Camera_Optical", "auto", True),
        ("camera_depth_optical_frame", "x_forward", False),
        ("lidar", "z_forward", True),
    ],
)
def test_of_a_few_points_the_name_decides(frame, axes, turned):
    ahead, right, below = [0.0, 0.0, 3.0], [1.0, 0.0, 3.0], [0.0, 2.0, 3.0]
    points = decode_points(message([ahead, right, below], frame), PointsOptions(axes=axes))
    if turned:
        assert points.tolist() == [[3, 0, 0], [3, -1, 0], [3, 0, -2]]
    else:
        assert points.tolist() == [ahead, right, below]
    assert points.dtype == np.float32


def test_the_limits_do_not_change_the_axes():
    out = decode_points(message(lidar(), "velodyne"), PointsOptions(min_z=0.2, max_range=4.5))
    assert not isinstance(out, Doubtful)


def test_recorded_segments_of_a_kinect_are_turned_by_their_frame():
    files = sorted((recordings("real") / "points_kinect_tabletop_rgbd" / "points").rglob("*.npy"))
    assert len(files) > 50
    for file in files:
        points = np.load(file)
        out = decode_points(message(points, "kinect_rgb_optical_frame"))
        np.testing.assert_array_equal(out, to_x_forward(points.astype(np.float32)))
        for frame in ("camera_link", ""):
            guess = decode_points(message(points, frame))
            assert isinstance(guess, Doubtful), file.name
            np.testing.assert_array_equal(guess.data, to_x_forward(points.astype(np.float32)))
