"""Images of every encoding become the same RGB array, and bad ones one sentence."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import RejectedSampleError, SensorRegistry, normalise_type
from omnibind_ros.sensors.image import decode_compressed_image, decode_image

HEIGHT, WIDTH = 24, 32


@pytest.fixture
def rgb():
    # Smooth, so that Bayer and YUV lose little of it.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return np.stack([x * 6 + 20, y * 8 + 20, 200 - x * 3], -1).astype(np.uint8)


def message(data, encoding, height=HEIGHT, width=WIDTH, step=None, padding=0):
    rows = np.ascontiguousarray(data).reshape(height, -1)
    if padding:
        rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=rows.shape[1] if step is None else step,
        data=rows.tobytes(),
    )


def bayer(rgb, pattern):
    channel = {"r": 0, "g": 1, "b": 2}
    out = np.empty(rgb.shape[:2], np.uint8)
    for i, letter in enumerate(pattern):
        out[i // 2 :: 2, i % 2 :: 2] = rgb[i // 2 :: 2, i % 2 :: 2, channel[letter]]
    return out


def yuv(rgb, luma_first):
    # ITU-R BT.601, studio range: what cameras send.
    matrix = [[0.257, 0.504, 0.098], [-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]]
    planes = (rgb @ np.transpose(matrix) + [16, 128, 128]).round().astype(np.uint8)
    out = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    luma, chroma = (0, 1) if luma_first else (1, 0)
    out[..., luma] = planes[..., 0]
    out[:, 0::2, chroma] = planes[:, 0::2, 1]
    out[:, 1::2, chroma] = planes[:, 0::2, 2]
    return out


ENCODERS = {
    "rgb8": lambda rgb: rgb,
    "bgr8": lambda rgb: rgb[..., ::-1],
    "rgba8": lambda rgb: np.dstack([rgb, np.full(rgb.shape[:2], 9, np.uint8)]),
    "bgra8": lambda rgb: np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 9, np.uint8)]),
    "bayer_rggb8": lambda rgb: bayer(rgb, "rggb"),
    "bayer_bggr8": lambda rgb: bayer(rgb, "bggr"),
    "bayer_gbrg8": lambda rgb: bayer(rgb, "gbrg"),
    "bayer_grbg8": lambda rgb: bayer(rgb, "grbg"),
    "yuv422": lambda rgb: yuv(rgb, luma_first=False),
    "uyvy": lambda rgb: yuv(rgb, luma_first=False),
    "yuv422_yuy2": lambda rgb: yuv(rgb, luma_first=True),
    "yuyv": lambda rgb: yuv(rgb, luma_first=True),
}


@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize("encoding", ENCODERS)
def test_every_encoding_gives_the_picture(rgb, encoding, padding):
    out = decode_image(message(ENCODERS[encoding](rgb), encoding, padding=padding))
    assert out.dtype == np.uint8
    assert out.shape == (HEIGHT, WIDTH, 3)
    inner = np.abs(out.astype(int) - rgb)[2:-2, 2:-2]
    exact = encoding in ("rgb8", "bgr8", "rgba8", "bgra8")
    assert inner.max() <= (0 if exact else 24)
    assert inner.mean() <= (0 if exact else 6)


def test_mono_becomes_grey(rgb):
    grey = rgb[..., 0]
    out = decode_image(message(grey, "mono8", padding=3))
    assert (out == grey[..., None]).all()


def test_last_row_may_lack_its_padding(rgb):
    msg = message(rgb, "rgb8", padding=5)
    msg.data = msg.data[:-5]
    assert (decode_image(msg) == rgb).all()


def test_bigendian_flag_means_nothing_for_bytes(rgb):
    msg = message(rgb, "bgr8")
    msg.is_bigendian = 1
    assert decode_image(msg).shape == rgb.shape


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoding": "32FC7"}, "not supported"),
        ({"encoding": ""}, "not supported"),
        ({"width": 0}, "0 x 24"),
        ({"height": 0}, "32 x 0"),
        ({"height": 100}, "height x step"),
        ({"step": 5}, "step is 5"),
        ({"step": 4000}, "height x step"),
        ({"width": 2**31, "height": 2**31}, "announces"),
        ({"data": b""}, "0 bytes"),
        ({"encoding": "yuv422", "width": 31, "step": 62}, "even width"),
        ({"encoding": "bayer_rggb8", "height": 1}, "2 x 2"),
    ],
)
def test_a_bad_header_is_one_sentence(rgb, changes, words):
    msg = message(rgb, "rgb8")
    vars(msg).update(changes)
    with pytest.raises(RejectedSampleError, match=words):
        decode_image(msg)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 200),
    st.binary(max_size=4000),
    st.sampled_from([*ENCODERS, "mono8", "mono16", "x"]),
)
def test_no_header_breaks_the_decoder(height, width, step, data, encoding):
    msg = SimpleNamespace(
        height=height, width=width, step=step, data=data, encoding=encoding, is_bigendian=0
    )
    try:
        shape = decode_image(msg).shape
    except RejectedSampleError:
        return
    assert shape == (height, width, 3)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_compressed(rgb, extension):
    data = cv2.imencode(extension, rgb[..., ::-1])[1].tobytes()
    out = decode_compressed_image(SimpleNamespace(format="whatever", data=data))
    assert np.abs(out.astype(int) - rgb).mean() < 8


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8\xff" + b"0" * 50, b"\x89PNG\r\n\x1a\n" + b"1" * 30]
)
def test_damaged_compressed(data):
    with pytest.raises(RejectedSampleError):
        decode_compressed_image(SimpleNamespace(format="jpeg", data=data))


def test_types():
    assert normalise_type("sensor_msgs/Image") == "sensor_msgs/msg/Image"
    assert SensorRegistry.installed().find("image", "sensor_msgs/Image").decode is decode_image
    with pytest.raises(KeyError, match="use one of"):
        SensorRegistry.installed().find("image", "std_msgs/String")
    with pytest.raises(KeyError, match="no decoder"):
        SensorRegistry.installed().find("smell", "")
