"""Properties of point clouds; OMNIBIND_EXAMPLES sets how many of each are tried."""

import os
from array import array
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import Doubtful, NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import decode_points

many = settings(deadline=None, max_examples=int(os.environ.get("OMNIBIND_EXAMPLES", "150")))

TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}


def plain(decoded):
    return decoded.data if isinstance(decoded, Doubtful) else decoded


@st.composite
def clouds(draw):
    """Return a PointCloud2 of any layout, and its points by the definition of the message."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 30))
    order = draw(st.permutations(["x", "y", "z", "intensity"]))
    big_endian = draw(st.booleans())
    fields, place = [], draw(st.integers(0, 4))
    for name in order:
        datatype = draw(st.sampled_from(sorted(TYPES)))
        fields.append(SimpleNamespace(name=name, offset=place, datatype=datatype, count=1))
        place += np.dtype(TYPES[datatype]).itemsize + draw(st.integers(0, 3))
    step = place + draw(st.integers(0, 5))
    padding = draw(st.sampled_from([0, 0, 1, 8]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = bytearray(rng.bytes(rows * (columns * step + padding)))
    points = np.empty((rows * columns, 3))
    special = draw(st.sampled_from([(), (0.0,), (0.0, np.nan, np.inf), (1e30, 1500.0, -0.0)]))
    for i in range(rows * columns):
        empty = special and rng.random() < 0.4
        for field in fields:
            kind = np.dtype(TYPES[field.datatype]).newbyteorder(">" if big_endian else "<")
            if empty:
                value = special[int(rng.integers(len(special)))]
            else:
                value = float(rng.uniform(-100, 100))
            if kind.kind in "iu":
                value = int(abs(value) % 100) if np.isfinite(value) else 0
            stored = np.array(value, kind)
            at = i // columns * (columns * step + padding) + i % columns * step + field.offset
            raw[at : at + kind.itemsize] = stored.tobytes()
            if field.name in "xyz":
                points[i, "xyz".index(field.name)] = stored.astype(np.float32)
    row = columns * step
    steps = (
        [row + padding] if padding or rows == 1 else [row, 0, columns, rows * columns, rows * row]
    )
    message = SimpleNamespace(
        header=SimpleNamespace(frame_id=draw(st.sampled_from(["lidar", "a_optical_frame", "map"]))),
        height=rows,
        width=columns,
        fields=fields,
        is_bigendian=big_endian,
        point_step=step,
        row_step=draw(st.sampled_from(steps)),
        data=array("B", bytes(raw)),
    )
    return message, points


@many
@given(clouds(), st.sampled_from([1.0, 0.001, 0.1, 10.0]), st.booleans())
def test_every_layout_unit_and_axis_gives_the_points(made, scale, z_forward):
    message, points = made
    points = points.astype(np.float32) * np.float32(scale)
    with np.errstate(invalid="ignore"):
        far = np.abs(points).max(axis=1)
        expected = points[(far > 0) & (far <= 1000)].astype(np.float32)
    options = PointsOptions(scale=scale, axes="z_forward" if z_forward else "x_forward")
    try:
        out = plain(decode_points(message, options))
    except NoEvidenceError:
        assert not len(expected)
        assert not (np.isfinite(far) & (far > 0)).any()
    except RejectedSampleError:
        assert not len(expected)
        assert (np.isfinite(far) & (far > 1000)).any()
    else:
        if z_forward:
            expected = np.stack([expected[:, 2], -expected[:, 0], -expected[:, 1]], 1)
        np.testing.assert_array_equal(out, expected)


@st.composite
def cameras(draw):
    """Return the points of a depth camera, z forward, and whether they are in order of pixels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(12, 40)), draw(st.integers(16, 60))
    wide, high = draw(st.floats(0.35, 1.6)), draw(st.floats(0.3, 1.2))
    v, u = np.meshgrid(
        np.linspace(-high, high, rows), np.linspace(-wide, wide, columns), indexing="ij"
    )
    depth = rng.uniform(0.4, 2.0) + rng.uniform(0.0, 3.0) * rng.random(u.shape)
    points = np.stack([u * depth, v * depth, depth], -1).reshape(-1, 3)
    points[rng.random(len(points)) < draw(st.sampled_from([0.0, 0.2, 0.6]))] = 0.0
    kept = points if draw(st.booleans()) else rng.permutation(points)
    return kept.astype(np.float32)


def cloud(points, frame):
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        height=1,
        width=len(points),
        fields=[SimpleNamespace(name=n, offset=4 * i, datatype=7) for i, n in enumerate("xyz")],
        is_bigendian=False,
        point_step=12,
        row_step=12 * len(points),
        data=points.tobytes(),
    )


@many
@given(
    cameras(), st.sampled_from(["camera_link", "depth", "", "kinect", "c_optical"]), st.booleans()
)
def test_auto_finds_the_forward_axis_of_depth_cameras(points, frame, turned):
    """Whatever the frame is called, and in either convention, the points become x forward."""
    there = points[points.any(axis=1)]
    forward = np.stack([there[:, 2], -there[:, 0], -there[:, 1]], 1)
    given_points = np.stack([points[:, 2], -points[:, 0], -points[:, 1]], 1) if turned else points
    out = decode_points(cloud(np.ascontiguousarray(given_points), frame))
    assert isinstance(out, Doubtful) == (turned == ("optical" in frame))
    np.testing.assert_array_equal(plain(out), forward)
