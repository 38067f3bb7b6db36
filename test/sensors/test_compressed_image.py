"""Compressed pictures are decoded only where their own header is plausible."""

import struct
import tracemalloc
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_messages import attempt

from omnibind_ros.sensors import RejectedSampleError, jpeg, png
from omnibind_ros.sensors.compressed_image import open_picture


def compressed(data, told="png"):
    return SimpleNamespace(format=told, data=data)


def decoded(msg):
    return open_picture(msg).rgb()


def encoded(extension, pixels):
    return cv2.imencode(extension, pixels)[1].tobytes()


def png_bomb(side):
    """A sound PNG of a few kilobytes that unpacks to side x side zeros, one bit each."""

    def part(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compress(bytes((1 + side // 8) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def jpeg_bomb():
    """A JPEG whose header says 65 000 x 65 000."""
    data = bytearray(encoded(".jpg", np.zeros((16, 16, 3), np.uint8)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


@pytest.mark.parametrize("make", [lambda: png_bomb(9000), jpeg_bomb])
def test_a_picture_of_gigabytes_in_kilobytes_is_refused_before_decoding(make, monkeypatch):
    data = make()
    assert len(data) < 100_000
    monkeypatch.setattr(png, "decode_png", lambda *_: pytest.fail("it was decoded"))
    monkeypatch.setattr(jpeg, "decode_jpeg", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(RejectedSampleError, match="larger than 64 megapixels"):
        decoded(compressed(data))


@pytest.mark.parametrize(
    ("extension", "options"),
    [(".png", []), (".jpg", []), (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])],
)
def test_the_size_is_read_from_every_kind_of_picture(extension, options):
    data = cv2.imencode(extension, np.zeros((37, 53, 3), np.uint8), options)[1]
    header = open_picture(compressed(data)).header
    assert (header.height, header.width) == (37, 53)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_one_sentence_or_a_picture(data):
    picture = np.arange(20 * 16, dtype=np.uint8).reshape(20, 16)
    whole = encoded(data.draw(st.sampled_from([".png", ".jpg"])), picture)
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if broken:
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    before = bytes(broken)
    out, sentence = attempt(decoded, compressed(broken))
    assert out is None or out.size
    assert "\n" not in sentence
    assert bytes(broken) == before


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]), st.binary(max_size=300))
def test_garbage_is_one_sentence(signature, rest):
    with pytest.raises(RejectedSampleError):
        decoded(compressed(signature + rest))


def test_a_hundred_times_larger_rubbish_takes_no_memory():
    rubbish = bytes(30_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(RejectedSampleError, match="neither JPEG nor PNG"):
            decoded(compressed(rubbish))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
