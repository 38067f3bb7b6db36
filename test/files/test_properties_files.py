"""Whatever is wrong with a file, it is refused in one sentence or read; with hypothesis."""

import io
import os
import tempfile
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.samples import read_sample

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "30"))


def _wav():
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((np.sin(np.arange(6400) / 5) * 9000).astype("<i2").tobytes())
    return data.getvalue()


def _npz(**arrays):
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


def _npy(array):
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


_PIXELS = np.arange(20 * 24 * 3, dtype=np.uint8).reshape(20, 24, 3)
_HEAT = _PIXELS[..., 0].astype(np.uint16) + 29000
_POINTS = np.random.default_rng(0).normal((1, 0, 0), 0.1, (30, 3)).astype("<f4")
_PCD = (
    b"VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 30\nHEIGHT 1\n"
    b"POINTS 30\nDATA binary\n"
)
_PLY = (
    b"ply\nformat binary_little_endian 1.0\nelement vertex 30\nproperty float x\n"
    b"property float y\nproperty float z\nend_header\n"
)
_N = np.arange(40)
FILES = {
    "a.png": (cv2.imencode(".png", _PIXELS)[1].tobytes(), "image"),
    "a.jpg": (cv2.imencode(".jpg", _PIXELS)[1].tobytes(), "image"),
    "a.bmp": (cv2.imencode(".bmp", _PIXELS)[1].tobytes(), "image"),
    "a.tif": (
        cv2.imencode(".tif", _PIXELS[..., 0].astype(np.uint16) + 29000)[1].tobytes(),
        "thermal",
    ),
    "a.wav": (_wav(), "audio"),
    "a.pcd": (_PCD + _POINTS.tobytes(), "points"),
    "a.ply": (_PLY + _POINTS.tobytes(), "points"),
    "a.npy": (_npy(_POINTS), "points"),
    "a.npz": (_npz(x=_N, y=_N, t=_N * 100, p=_N % 2, width=64, height=64), "event"),
    "a.raw": (
        b"% evt 2.0\n% geometry 640x480\n% end\n"
        + np.array(
            [0x80000001, *(0x10000000 | i << 22 | i << 11 | i for i in range(40))], "<u4"
        ).tobytes(),
        "event",
    ),
    "a.dat": (
        b"% Version 2\n% Width 64\n% Height 64\n\x0c\x08"
        + np.stack([_N * 100, _N | _N << 14], 1).astype("<u4").tobytes(),
        "event",
    ),
    "a.txt": (b"there is a cup", "text"),
}


def read(name, data):
    """Return the sample of a file with these bytes, or the sentence that refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            return read_sample(find_source(path, FILES[name][1])).sample
        except FileError as error:
            refused = error
    assert str(path) in str(refused)
    assert "\n" not in refused.reason
    assert len(refused.reason) > 10
    return refused


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(name):
    assert not isinstance(read(name, FILES[name][0]), FileError)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=EXAMPLES)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_off(name, share):
    data = FILES[name][0]
    found = read(name, data[: int(share * len(data))])
    # A text, and events without a length in front, may end anywhere between two of them.
    if name not in ("a.txt", "a.raw", "a.dat", "a.jpg") and not isinstance(found, FileError):
        assert np.array_equal(found, read(name, data))  # only what says nothing was cut off


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_file_with_wrong_bytes(name, data):
    whole = bytearray(FILES[name][0])
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read(name, bytes(whole))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=EXAMPLES)
@given(data=st.binary(max_size=300), keep=st.integers(0, 40))
def test_a_file_of_anything(name, data, keep):
    read(name, FILES[name][0][:keep] + data)
