"""Clouds of every layout become the same points, and bad ones one sentence."""

import builtins
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import Doubtful, NoEvidenceError, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors import points as sensor
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import DATATYPES, decode_points

FLOAT32, FLOAT64 = 7, 8


def field(name, offset, datatype=FLOAT32, count=1):
    return SimpleNamespace(name=name, offset=offset, datatype=datatype, count=count)


def message(
    points,
    layout=("x", "y", "z"),
    datatypes=FLOAT32,
    gap=0,
    tail=0,
    rows=1,
    row_padding=0,
    big_endian=False,
    filler=255,
    frame="lidar",
):
    """Write points as a PointCloud2, the fields in some order with gaps between them."""
    points = np.asarray(points, np.float64).reshape(-1, 3)
    kinds = [datatypes] * len(layout) if isinstance(datatypes, int) else list(datatypes)
    fields, place = [], 0
    for name, kind in zip(layout, kinds, strict=True):
        fields.append(field(name, place, kind))
        place += np.dtype(DATATYPES[kind]).itemsize + gap
    step = place + tail
    columns = len(points) // rows
    raw = np.full((rows, columns * step + row_padding), filler, np.uint8)
    for entry in fields:
        if entry.name not in "xyz":
            continue
        kind = np.dtype(DATATYPES[entry.datatype]).newbyteorder(">" if big_endian else "<")
        values = points[:, "xyz".index(entry.name)].astype(kind).view(np.uint8)
        view = raw[:, : columns * step].reshape(rows, columns, step)
        view[..., entry.offset : entry.offset + kind.itemsize] = values.reshape(rows, columns, -1)
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        height=rows,
        width=columns,
        fields=fields,
        is_bigendian=big_endian,
        point_step=step,
        row_step=raw.shape[1],
        data=array("B", raw.tobytes()),
        is_dense=False,
    )


def scatter(count, seed=0):
    return np.random.default_rng(seed).uniform(-50, 50, (count, 3)).astype(np.float32)


layouts = st.permutations(["x", "y", "z", "intensity", "ring"]).flatmap(
    lambda order: st.tuples(
        st.just(order), st.lists(st.sampled_from([1, 3, 5, 7, 8]), min_size=5, max_size=5)
    )
)


@settings(deadline=None, max_examples=200)
@given(
    layouts,
    st.integers(0, 5),
    st.integers(0, 9),
    st.integers(1, 3),
    st.integers(0, 11),
    st.booleans(),
    st.lists(st.tuples(*[st.integers(-128, 127)] * 3), min_size=1, max_size=6),
)
def test_any_layout_gives_the_points(layout, gap, tail, rows, row_padding, big_endian, made):
    order, datatypes = layout
    points = np.array(made * rows, np.float32)
    msg = message(points, order, datatypes, gap, tail, rows, row_padding, big_endian)
    before = msg.data[:]
    options = PointsOptions(axes="x_forward")
    expected = points[points.any(axis=1)]  # the origin means no return
    if len(expected):
        out = decode_points(msg, options)
        assert out.dtype == np.float32
        assert (out == expected).all()
    else:
        with pytest.raises(NoEvidenceError, match="sees nothing"):
            decode_points(msg, options)
    assert msg.data == before, "the message was written to"


@pytest.mark.parametrize("datatype", [FLOAT32, FLOAT64])
def test_floats_keep_their_value(datatype):
    points = scatter(100)
    assert (decode_points(message(points, datatypes=datatype)) == points).all()


def test_what_is_not_finite_or_absurd_is_left_out():
    bad = [np.nan, np.inf, -np.inf, 1e30, -1001]
    points = scatter(3 * len(bad) + 2)
    for i, value in enumerate(bad * 3):
        points[i, i % 3] = value
    assert (decode_points(message(points)) == points[-2:]).all()


def test_doubles_beyond_float32_are_left_out_in_silence():
    points = np.array([[1e300, 0, 0], [1, 2, 3]])
    with np.errstate(all="raise"):
        out = decode_points(message(points, datatypes=FLOAT64))
    assert out.tolist() == [[1, 2, 3]]


def test_row_step_may_be_zero_and_the_last_padding_missing():
    points = scatter(12)
    msg = message(points, rows=3, row_padding=8)
    msg.data = msg.data[:-8]
    assert (decode_points(msg) == points).all()
    msg = message(points)
    msg.row_step = 0
    assert (decode_points(msg) == points).all()


def test_extra_fields_may_lie():
    msg = message(scatter(5))
    msg.fields += [field("rgb", 4000, 99), field("normal", 0, 0, 0)]
    assert len(decode_points(msg)) == 5


def test_of_two_fields_of_one_name_the_first_counts():
    msg = message(scatter(5))
    msg.fields.append(field("x", 4))
    assert (decode_points(msg) == scatter(5)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fields": []}, r"no field x or y or z \(there are: none\)"),
        ({"fields": [field("x", 0), field("Y", 4)]}, r"no field y or z \(there are: x, Y\)"),
        ({"fields": [field(n, 0, 9) for n in "xyz"]}, "field x has datatype 9"),
        ({"point_step": 11}, "field z ends at byte 12 but point_step is 11"),
        ({"point_step": 0}, "point_step is 0"),
        ({"row_step": 119}, "row_step is 119 bytes but 10 points of 12 bytes need 120"),
        ({"width": 11, "row_step": 132}, "120 bytes but height x row_step is 132"),
        ({"height": 2**32 - 1}, "120 bytes but"),
        ({"width": 2**32 - 1, "row_step": 0}, "120 bytes but"),
        ({"data": array("B")}, "0 bytes"),
    ],
)
def test_a_bad_cloud_is_one_sentence(changes, words):
    msg = message(scatter(10))
    vars(msg).update(changes)
    with pytest.raises(RejectedSampleError, match=words):
        decode_points(msg)


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 300),
    st.lists(
        st.builds(field, st.sampled_from("xyzw"), st.integers(0, 40), st.integers(0, 10)),
        max_size=5,
    ),
    st.booleans(),
    st.binary(max_size=3000),
)
def test_no_cloud_breaks_the_decoder(height, width, step, row_step, fields, big_endian, data):
    msg = SimpleNamespace(
        height=height,
        width=width,
        fields=fields,
        is_bigendian=big_endian,
        point_step=step,
        row_step=row_step,
        data=array("B", data),
    )
    try:
        points = decode_points(msg, PointsOptions(axes="z_forward"))
    except (RejectedSampleError, NoEvidenceError):
        return
    finally:
        assert msg.data.tobytes() == data
    points = points.data if isinstance(points, Doubtful) else points  # its unit is a guess
    assert 1 <= len(points) <= height * width
    assert np.isfinite(points).all()
    assert np.abs(points).max() <= sensor.MAX_COORDINATE
    assert points.any(axis=1).all()


@pytest.mark.parametrize("shape", [(1, 6_000_000), (6_000_000, 1), (1500, 4000)])
def test_a_message_a_hundred_times_larger_is_thinned(shape):
    height, width = shape
    points = np.zeros((height * width, 3), np.float32)
    points[:, 0] = np.linspace(1, 101, len(points))
    msg = message(np.zeros((1, 3)))
    vars(msg).update(height=height, width=width, row_step=12 * width, data=points.tobytes())
    out = decode_points(msg)
    assert 0.9 * sensor.MAX_POINTS <= len(out) <= 1.01 * sensor.MAX_POINTS
    # Evenly: each tenth of the cloud gives a tenth of the points.
    assert np.histogram(out[:, 0], 10)[0] == pytest.approx(len(out) / 10, rel=0.01)


def test_box_and_range():
    points = scatter(1000)
    options = PointsOptions(min_x=-10, max_y=20, min_z=0, min_range=5, max_range=40)
    out = decode_points(message(points), options)
    x, y, z = points.T
    distance = np.linalg.norm(points, axis=1)
    inside = (x >= -10) & (y <= 20) & (z >= 0) & (distance >= 5) & (distance <= 40)
    assert 0 < inside.sum() < 500
    assert (out == points[inside]).all()


def test_limits_that_leave_nothing_are_one_sentence():
    with pytest.raises(RejectedSampleError, match="min_x and max_x of the sensor's options"):
        decode_points(message(scatter(1000)), PointsOptions(min_x=10, max_x=-10))


def test_voxels_keep_one_point_each():
    points = np.array([[0.01, 0, 0], [0.02, 0, 0], [0.11, 0, 0], [-0.01, 0, 0], [0.03, 0.2, 0]])
    out = decode_points(message(points), PointsOptions(voxel=0.1))
    assert out.tolist() == points[[0, 2, 3, 4]].astype(np.float32).tolist()


def test_the_smallest_voxels_of_the_largest_cloud_do_not_overflow():
    corners = np.array([[x, y, z] for x in (-1e3, 1e3) for y in (-1e3, 1e3) for z in (-1e3, 1e3)])
    points = np.concatenate([corners, corners])
    assert len(decode_points(message(points), PointsOptions(voxel=0.0001))) == 8


def room():
    """A level floor of 4 m with a ball on it, and one stray point."""
    rng = np.random.default_rng(0)
    floor = np.column_stack([rng.uniform(-2, 2, (3000, 2)), rng.normal(0, 0.005, 3000)])
    ball = rng.standard_normal((1000, 3))
    ball = 0.3 * ball / np.linalg.norm(ball, axis=1, keepdims=True) + [0, 0, 0.5]
    return np.concatenate([floor, ball, [[0, 0, 5]]])


def test_the_ground_plane_is_taken_away():
    pytest.importorskip("open3d", reason="the extra sim is not installed")
    msg = message(room())
    out = decode_points(msg, PointsOptions(ground="plane", ground_distance=0.03))
    assert 950 <= len(out) <= 1005
    assert out[:, 2].min() > 0.02
    again = decode_points(msg, PointsOptions(ground="plane", ground_distance=0.03))
    assert (out == again).all()


@pytest.mark.parametrize("kind", ["statistical", "radius"])
def test_stray_points_are_taken_away(kind):
    pytest.importorskip("open3d", reason="the extra sim is not installed")
    out = decode_points(message(room()), PointsOptions(outliers=kind, outlier_radius=0.2))
    assert 3500 < len(out) < 4001
    assert out[:, 2].max() < 1


def test_the_nearest_cluster_is_kept():
    pytest.importorskip("open3d", reason="the extra sim is not installed")
    rng = np.random.default_rng(0)
    near, far = (np.add(rng.uniform(-0.1, 0.1, (400, 3)), [x, 0, 0]) for x in (1.0, 2.0))
    few = np.add(rng.uniform(-0.01, 0.01, (20, 3)), [0.3, 0, 0])
    cloud = message(np.concatenate([far, few, near, [[0.2, 0.2, 0.2]]]))
    out = decode_points(cloud, PointsOptions(cluster="nearest"))
    assert np.array_equal(out, near.astype(np.float32))
    with pytest.raises(NoEvidenceError, match="options leave"):
        decode_points(message(few), PointsOptions(cluster="nearest"))


def test_the_nearest_cluster_of_a_large_cloud_is_kept():
    pytest.importorskip("open3d", reason="the extra sim is not installed")
    rng = np.random.default_rng(0)
    near, far = (np.add(rng.uniform(-0.2, 0.2, (20_000, 3)), [x, 0, 0]) for x in (1.0, 2.0))
    options = PointsOptions(cluster="nearest", cluster_distance=0.1)
    out = decode_points(message(np.concatenate([far, near])), options)
    assert len(out) > 300
    assert np.abs(out - [1.0, 0, 0]).max() <= 0.2


@pytest.mark.parametrize(
    "options", [{"ground": "plane"}, {"outliers": "statistical"}, {"cluster": "nearest"}]
)
def test_options_that_need_open3d_say_so(options, monkeypatch):
    really_import = builtins.__import__

    def import_without_open3d(name, *args, **kwargs):
        if name == "open3d":
            raise ImportError("No module named 'open3d'")
        return really_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", import_without_open3d)
    with pytest.raises(RejectedSampleError, match=f"{next(iter(options))} needs Open3D.*sim"):
        decode_points(message(scatter(10)), PointsOptions(**options))


def test_the_type_is_registered():
    kind = SensorRegistry.installed().find("points", "sensor_msgs/PointCloud2")
    assert kind.decode is decode_points
    assert (
        SensorRegistry.installed().options_of("points", "sensor_msgs/PointCloud2") is PointsOptions
    )


def test_limits_are_of_the_sensors_own_frame():
    cloud = message([[0.0, 0.0, 3.0], [0.0, 0.0, 9.0]], frame="camera_optical")
    assert len(decode_points(cloud, PointsOptions(max_z=5.0))) == 1
