"""Cloud files, written by Open3D and by hand, against the points that were written."""

import struct

import numpy as np
import pytest

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.formats.pcd import unpack_lzf
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.files.sensors import FileOptions


def sample(path, axes="x_forward"):
    return read_sample(find_source(path), FileOptions(axes=axes)).sample


def points(count, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 0.2, (count, 3)) + np.array([1.5, 0, 0.3])).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.pcd", {"write_ascii": True}),
        ("a.pcd", {}),
        ("a.pcd", {"compressed": True}),
        ("a.ply", {"write_ascii": True}),
        ("a.ply", {}),
    ],
)
def test_what_open3d_writes(tmp_path, name, options):
    open3d = pytest.importorskip("open3d")
    for count in (30, 700, 5000):
        xyz = points(count, count)
        cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(xyz.astype(float)))
        if count > 30:  # further fields
            cloud.colors = open3d.utility.Vector3dVector(np.tile([0.2, 0.5, 1.0], (count, 1)))
            cloud.normals = open3d.utility.Vector3dVector(np.tile([0.0, 0, 1], (count, 1)))
        assert open3d.io.write_point_cloud(str(tmp_path / name), cloud, **options)
        assert np.allclose(sample(tmp_path / name), xyz, atol=1e-5)


def test_pcd_by_hand_with_padding_and_an_organised_cloud(tmp_path):
    xyz = points(12)
    header = (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x _ y z _\nSIZE 8 1 8 8 2\nTYPE F U F F U\n"
        "COUNT 1 4 1 1 3\nWIDTH 4\nHEIGHT 3\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 12\nDATA binary\n"
    )
    rows = [struct.pack("<d4xdd6x", *map(float, row)) for row in xyz]
    (tmp_path / "a.pcd").write_bytes(header.encode() + b"".join(rows))
    assert np.allclose(sample(tmp_path / "a.pcd"), xyz, atol=1e-6)
    nan = [b"\0" * 8 if i else struct.pack("<d", np.nan) for i in range(3)]
    rows[5] = nan[0] + bytes(4) + nan[1] + nan[2] + bytes(6)
    (tmp_path / "a.pcd").write_bytes(header.encode() + b"".join(rows))
    assert np.allclose(sample(tmp_path / "a.pcd"), np.delete(xyz, 5, 0), atol=1e-6)


def test_ply_by_hand_big_endian_behind_another_element(tmp_path):
    xyz = points(9)
    header = (
        "ply\nformat binary_big_endian 1.0\ncomment made by hand\nelement camera 1\n"
        "property float focal\nelement vertex 9\nproperty double x\nproperty double y\n"
        "property double z\nproperty uchar red\nelement face 1\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    body = struct.pack(">f", 1.0) + b"".join(struct.pack(">dddB", *row, 7) for row in xyz.tolist())
    face = struct.pack(">Biii", 3, 0, 1, 2)
    (tmp_path / "a.ply").write_bytes(header.encode() + body + face)
    assert np.allclose(sample(tmp_path / "a.ply"), xyz, atol=1e-6)


def test_arrays_of_several_layouts(tmp_path):
    xyz = points(40)
    structured = np.zeros(40, [("intensity", "<f4"), ("x", ">f8"), ("y", ">f8"), ("z", ">f8")])
    for axis, name in enumerate("xyz"):
        structured[name] = xyz[:, axis]
    arrays = {
        "plain": xyz,
        "double": xyz.astype(np.float64),
        "colours": np.hstack([xyz, np.ones((40, 3), np.float32)]),
        "organised": xyz.reshape(5, 8, 3),
        "fortran": np.asfortranarray(xyz),
        "structured": structured,
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
        assert np.allclose(sample(tmp_path / f"{name}.npy"), xyz, atol=1e-6), name


def test_axes_are_those_of_the_option(tmp_path):
    np.save(tmp_path / "a.npy", points(50))
    x, y, z = points(50).T
    assert np.allclose(sample(tmp_path / "a.npy", "z_forward"), np.stack([z, -x, -y], 1))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((30, 3), np.uint8), "holds colours or counts"),
        (np.zeros((3, 300)), "holds no points"),
        (np.zeros(30), "holds no points"),
        (np.zeros((0, 3)), "is empty"),
        (np.zeros((30, 3)), "sees nothing"),
        (np.full((30, 3), np.nan), "sees nothing"),
        (np.zeros(4, [("x", "f4"), ("y", "f4")]), "has no z but only x, y"),
        (np.array([{}, {}]), "cannot be read"),
    ],
)
def test_arrays_that_hold_no_cloud(tmp_path, array, says):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(FileError, match=says):
        sample(tmp_path / "a.npy")


HEADER = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nHEIGHT 1\nPOINTS 2\n"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.pcd", HEADER.encode(), "no line DATA"),
        ("a.pcd", HEADER.encode() + b"DATA ascii\n1 2 3\n", "1 lines of 3 numbers where"),
        ("a.pcd", HEADER.encode() + b"DATA ascii\n1 2 3\na b c\n", "no table of numbers"),
        ("a.pcd", HEADER.encode() + b"DATA binary\n" + bytes(20), "cut off: 20 bytes"),
        ("a.pcd", HEADER.encode() + b"DATA binary_compressed\n" + bytes(3), "cut off or damaged"),
        ("a.pcd", HEADER.encode() + b"DATA sideways\n", "DATA sideways is not known"),
        ("a.pcd", HEADER.replace("FIELDS x y z\n", "").encode() + b"DATA binary\n", "header is"),
        ("a.pcd", HEADER.replace("z", "w").encode() + b"DATA binary\n" + bytes(24), "has no z"),
        (
            "a.pcd",
            HEADER.replace("WIDTH 2", "WIDTH 99999999999").encode() + b"DATA binary\n",
            "announces 99999999999 x 1 points",
        ),
        ("a.ply", b"ply\nformat ascii 1.0\n", "no end_header"),
        ("a.ply", b"ply\nformat ascii 1.0\nend_header\n", "no element vertex"),
        (
            "a.ply",
            b"ply\nformat binary_little_endian 1.0\nelement vertex 5\nproperty float x\n"
            b"property float y\nproperty float z\nend_header\n" + bytes(30),
            "cut off: 30 bytes where 5 points need 60",
        ),
        (
            "a.ply",
            b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\n"
            b"property float z\nend_header\n1 2 3\n",
            "1 points of 3 numbers where the header announces 2",
        ),
    ],
)
def test_damaged_clouds_are_a_sentence(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError, match=says):
        sample(tmp_path / name)


def test_lzf_repeats_bytes_as_they_are_made():
    # Two literals, then 2 + 2 = 4 bytes from a distance of 1; then 7 + 3 + 2 bytes from 6.
    assert unpack_lzf(b"\x01ab" + bytes([2 << 5, 0]), 6) == b"abbbbb"
    packed = b"\x01ab" + bytes([2 << 5, 0]) + bytes([7 << 5, 3, 5])
    assert unpack_lzf(packed, 18) == b"abbbbb" * 3
    for damaged in (b"\x05ab", bytes([2 << 5, 9]), bytes([7 << 5])):
        with pytest.raises(ValueError, match="damaged"):
            unpack_lzf(damaged, 6)
