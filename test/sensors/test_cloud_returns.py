"""What is no return is left out; nothing, too far and outside are told apart; units and rows."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from omnibind_ros.sensors import Doubtful, Issue, NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import decode_points

TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}


def message(points, datatype=7, rows=1, ranges=None, frame="lidar"):
    """Write points as a PointCloud2 with the fields x, y, z and, where given, range."""
    kind = np.dtype(TYPES[datatype])
    points = np.asarray(points, np.float64).reshape(-1, 3)
    parts = [("xyz", kind, (3,))] + ([("range", "<u4")] if ranges is not None else [])
    raw = np.zeros(len(points), parts)
    raw["xyz"] = points.astype(kind)
    fields = [
        SimpleNamespace(name=name, offset=kind.itemsize * i, datatype=datatype)
        for i, name in enumerate("xyz")
    ]
    if ranges is not None:
        raw["range"] = ranges
        fields.append(SimpleNamespace(name="range", offset=3 * kind.itemsize, datatype=6))
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        height=rows,
        width=len(points) // rows,
        fields=fields,
        is_bigendian=False,
        point_step=raw.itemsize,
        row_step=raw.itemsize * (len(points) // rows),
        data=array("B", raw.tobytes()),
    )


def around(count, low=2.0, high=20.0, seed=0):
    """Points all around the sensor, float32 [count, 3]."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return (directions * rng.uniform(low, high, (count, 1))).astype(np.float32)


@pytest.mark.parametrize("datatype", [1, 3, 5, 7, 8])
@pytest.mark.parametrize("share", [0.01, 0.75, 0.999])
def test_the_origin_means_no_return(datatype, share):
    points = np.rint(around(4000)) if datatype < 7 else around(4000)
    points[points.any(axis=1) == 0] = 3.0
    points[np.random.default_rng(1).random(4000) < share] = 0.0
    points[5] = [0.0, -0.0, 0.0]
    points[6] = [0.0, 0.0, 4.0]  # on an axis, which is a return
    out = decode_points(message(points, datatype), PointsOptions(axes="x_forward"))
    np.testing.assert_array_equal(out, points[points.any(axis=1)])


def test_a_range_of_zero_is_no_return_though_the_laser_is_beside_the_origin():
    points = around(200)
    ranges = np.rint(np.linalg.norm(points, axis=1) * 1000)
    points[::3], ranges[::3] = [0.02, 0.01, 0.036], 0
    out = decode_points(message(points, ranges=ranges))
    np.testing.assert_array_equal(out, points[ranges > 0])


def test_a_field_range_that_is_never_written_means_nothing():
    points = around(200)
    out = decode_points(message(points, ranges=np.zeros(200)))
    np.testing.assert_array_equal(out, points)


NOTHING = {
    "no points": message(np.empty((0, 3))),
    "no rows": SimpleNamespace(**(vars(message(np.empty((0, 3)))) | {"height": 0, "width": 7})),
    "zeros": message(np.zeros((100, 3))),
    "integer zeros": message(np.zeros((100, 3)), 3),
    "NaN": message(np.full((100, 3), np.nan)),
    "infinite": message(np.full((100, 3), np.inf), 8),
    "zeros and NaN": message([[0, 0, 0], [np.nan, 1, 1]] * 50),
    "ranges of zero": message(np.full((100, 3), 0.03), ranges=np.zeros(100)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_cloud_without_returns_is_no_evidence(name):
    with pytest.raises(NoEvidenceError, match="the sensor sees nothing: ") as error:
        decode_points(NOTHING[name])
    assert error.value.replaces
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("points", "nearest"),
    [
        (around(100, 4e6, 5e6), "m; check the driver's unit"),
        ([[0, 0, 0], [0, 2000, 0], [np.nan, 0, 0]], "the nearest 2000 m"),
        (around(100, 2000, 4000), "0.001 for millimetres"),
    ],
)
def test_a_cloud_of_absurd_points_is_refused(points, nearest):
    with pytest.raises(RejectedSampleError, match=f"beyond 1000 m.*{nearest}"):
        decode_points(message(points))


@pytest.mark.parametrize(
    "options", [{"max_range": 1.0}, {"min_z": 30.0}, {"min_range": 25.0}, {"max_x": -30.0}]
)
def test_a_cloud_outside_the_limits_is_told_apart(options):
    with pytest.raises(NoEvidenceError, match=r"that its options leave.* all 100 returns"):
        decode_points(message(around(100)), PointsOptions(**options))


@pytest.mark.parametrize("name", ["x", "y", "z", "range"])
def test_limits_that_exclude_each_other_are_refused(name):
    options = PointsOptions(**{f"min_{name}": 5.0, f"max_{name}": 1.0})
    with pytest.raises(RejectedSampleError, match=f"min_{name} and max_{name}"):
        decode_points(message(around(100)), options)


@pytest.mark.parametrize(
    ("scale", "datatype"), [(0.001, 3), (0.001, 5), (0.001, 7), (0.01, 3), (0.0254, 7), (1000.0, 7)]
)
def test_scale_gives_metres(scale, datatype):
    points = around(500)
    units = points.astype(np.float64) / scale
    units = np.rint(units) if datatype < 7 else units
    out = decode_points(message(units, datatype), PointsOptions(scale=scale, max_range=15.0))
    metres = units * scale
    inside = np.linalg.norm(metres, axis=1) <= 15.0
    assert 0 < inside.sum() < 500
    np.testing.assert_allclose(out, metres[inside], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("datatype", [3, 5, 7, 8])
def test_millimetres_taken_for_metres_are_a_doubt(datatype):
    millimetres = np.rint(around(3000, 400, 4000))
    millimetres[:7] = (10, 20, 50)  # a few points fly
    out = decode_points(message(millimetres, datatype))
    assert isinstance(out, Doubtful)
    (doubt,) = out.doubts
    assert doubt.issue is Issue.UNIT_GUESSED
    assert "scale" in doubt.text
    assert "nearer than" in doubt.text
    out = decode_points(message(millimetres, datatype), PointsOptions(scale=0.001))
    np.testing.assert_allclose(out, millimetres * 0.001, rtol=1e-6)


@pytest.mark.parametrize(
    "points",
    [
        around(3000, 90, 900),  # something is near
        around(3000, 2, 800),
        around(3000, 150, 200) * [0.3, 0.3, 0.3] + [300, 0, 0],  # far, but not wide
    ],
)
def test_wide_and_far_scenes_in_metres_are_no_doubt(points):
    assert not isinstance(decode_points(message(points)), Doubtful)


def test_a_row_step_of_the_whole_cloud_or_in_points():
    points = around(120)
    for step in (0, 12 * 120, 20, 120):
        msg = message(points, rows=6)
        msg.row_step = step
        np.testing.assert_array_equal(decode_points(msg), points)


@pytest.mark.parametrize("step", [19, 21, 119, 239, 241, 1441, 12 * 121, 2**32 - 1])
def test_another_row_step_is_refused(step):
    msg = message(around(120), rows=6)
    msg.row_step = step
    with pytest.raises(RejectedSampleError, match="row_step"):
        decode_points(msg)


@pytest.mark.parametrize("step", [0, 20, 120, 12 * 120])
@pytest.mark.parametrize("bytes_more", [-12, -1, 1, 12])
def test_an_odd_row_step_needs_data_of_the_right_size(step, bytes_more):
    msg = message(around(120), rows=6)
    msg.row_step = step
    raw = msg.data.tobytes() + bytes(12)
    msg.data = array("B", raw[: 1440 + bytes_more])
    with pytest.raises(RejectedSampleError, match="row_step"):
        decode_points(msg)
