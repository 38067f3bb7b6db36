"""Pictures of which data are missing are refused; what healthy webcams send is taken."""

import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from image_messages import attempt

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.image import decode_compressed_image

END = b"\xff\xd9"


def scene(height=120, width=160):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def jpeg(pixels=None, *options):
    picture = scene() if pixels is None else pixels
    return cv2.imencode(".jpg", picture, list(options))[1].tobytes()


def decode(data):
    return decode_compressed_image(SimpleNamespace(format="jpeg", data=data))


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


KINDS = {
    "sequential": (),
    "progressive": (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "with restarts": (cv2.IMWRITE_JPEG_RST_INTERVAL, 10),
    "optimised": (cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_QUALITY, 60),
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("pixels", [scene(), scene()[..., 0], scene(35, 53)])
def test_whole_pictures_are_those_of_opencv(options, pixels):
    data = jpeg(pixels, *options)
    np.testing.assert_array_equal(decode(data), by_opencv(data))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("share", [0.4, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("end", [END, b"", bytes(9000), bytes(9000) + END, END + bytes(50)])
def test_a_picture_that_ends_early_is_refused(options, share, end):
    data = jpeg(None, *options)
    short = data[: int(len(data) * share)] + end
    if end == END:
        assert by_opencv(short).shape == scene().shape  # OpenCV fills it up
    with pytest.raises(RejectedSampleError, match=r"has lost data \(.*; check the camera's cable"):
        decode(short)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_piece_that_is_missing_in_the_middle_is_mostly_refused(options):
    """A JPEG has no checksum: after a gap the code may by chance end where it should."""
    data = jpeg(None, *options)
    start = data.index(b"\xff\xda") + 100
    gaps = [(at, n) for at in range(start, len(data) - 900, 47) for n in (400, 800)]
    taken = [
        gap for gap in gaps if attempt(decode, data[: gap[0]] + data[sum(gap) :])[0] is not None
    ]
    assert len(taken) < 0.03 * len(gaps)


def test_a_piece_that_was_overwritten_with_zeros_is_refused():
    data = jpeg()
    for at in (2000, 5000, 8000):
        with pytest.raises(RejectedSampleError, match="lost data"):
            decode(data[:at] + bytes(500) + data[at + 500 :])


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_plain_picture_is_no_hole(options, value):
    data = jpeg(np.full((480, 640, 3), value, np.uint8), *options)
    np.testing.assert_array_equal(decode(data), value)
    data = jpeg(np.full((480, 640), value, np.uint8), *options)
    np.testing.assert_array_equal(decode(data), value)


def markers(data, wanted):
    return [i for i in range(600, len(data) - 1) if data[i] == 0xFF and data[i + 1] in wanted]


@pytest.mark.parametrize("junk", [b"\x55", b"\x12\x34\x56", bytes(4), b"\xff\xff", bytes(100)])
def test_bytes_before_the_end_marker_are_no_loss(junk):
    data = jpeg()
    np.testing.assert_array_equal(decode(data[:-2] + junk + END), by_opencv(data))


def test_bytes_before_restart_markers_are_no_loss():
    data = jpeg(None, cv2.IMWRITE_JPEG_RST_INTERVAL, 10)
    expected = by_opencv(data)
    for at in reversed(markers(data, range(0xD0, 0xD8))):
        data = data[:at] + b"\x07\x31" + data[at:]
    np.testing.assert_array_equal(decode(data), expected)
    with pytest.raises(RejectedSampleError, match="lost data"):
        decode(data[: len(data) // 2] + END)
    places = markers(data, range(0xD0, 0xD8))
    with pytest.raises(RejectedSampleError, match="lost data"):
        decode(data[: places[2]] + data[places[3] :])  # an interval


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-2],
        lambda data: data + bytes(5000),
        lambda data: data[:-2] + bytes(5000),
        lambda data: data[:2] + b"\x00\x31\x7f" + data[2:],
        lambda data: data.replace(b"\xff\xdb", bytes(608) + b"\xff\xdb", 1),
        lambda data: data.replace(b"JFIF\x00\x01\x01", b"JFIF\x00\x07\x01"),
        lambda data: data[:2] + b"\xff\xe0\x00\x10AVI1" + bytes(10) + data[20:],
    ],
    ids=[
        "no end marker",
        "padding",
        "padding in its place",
        "junk",
        "junk before a table",
        "JFIF 7",
        "webcam's AVI1",
    ],
)
def test_habits_of_webcams_are_no_loss(change):
    data = jpeg()
    changed = change(data)
    assert changed != data
    np.testing.assert_array_equal(decode(changed), by_opencv(data))


def test_a_webcam_that_leaves_out_the_standard_tables_is_understood():
    data = jpeg()
    whole = by_opencv(data)
    while (at := data.find(b"\xff\xc4")) > 0:
        data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    np.testing.assert_array_equal(decode(data), whole)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_of_exif_is_heeded(orientation):
    data = jpeg()
    tiff = b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(
        ">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0
    )
    exif = b"Exif\x00\x00" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    out = decode(data[:2] + segment + data[2:])
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    np.testing.assert_array_equal(out, np.rot90(by_opencv(data), turns))
    with pytest.raises(RejectedSampleError, match="lost data"):
        decode(data[:2] + segment + data[2 : len(data) // 2] + END)


def chunks(data):
    at = 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at:end]
        at = end


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(packed):
    data = cv2.imencode(".png", scene())[1].tobytes()
    rest = [c for c in chunks(data) if c[4:8] != b"IDAT"]
    return data[:8] + rest[0] + chunk(b"IDAT", packed) + rest[-1]


def png_rows():
    """The rows of the scene without a filter, in RGB (ISO/IEC 15948, 7.2)."""
    return b"".join(b"\x00" + row.tobytes() for row in scene()[..., ::-1])


def test_whole_pngs_are_taken():
    np.testing.assert_array_equal(decode(png_with(zlib.compress(png_rows()))), scene()[..., ::-1])


def test_pngs_with_lost_data_are_refused():
    rows = png_rows()
    packed = zlib.compress(rows)
    whole = png_with(packed)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    wrong_checksum = bytearray(whole)
    wrong_checksum[-14] ^= 1
    for data, words in (
        (whole[: len(whole) // 2], "its end is missing"),
        (whole[:-12], "its end is missing"),
        (whole[:-3], "its end is missing"),
        (bytes(flipped), "checksum of chunk 'IDAT' is wrong"),
        (bytes(wrong_checksum), "checksum of chunk 'IDAT' is wrong"),
        (png_with(packed[: len(packed) // 2]), "do not unpack"),
        (png_with(zlib.compress(rows[: len(rows) // 2])), "do not unpack"),
    ):
        with pytest.raises(RejectedSampleError, match=words):
            decode(data)
