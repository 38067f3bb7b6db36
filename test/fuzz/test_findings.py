"""What campaigns and the reading for them have found: each input was a fault before."""

import asyncio
import io
import json
import struct
import tracemalloc
import wave
import zipfile
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml
from backports import zstd
from campaign.files import _table, lying_npy, npz
from campaign.networks import load_student, student, written
from lz4.frame import compress
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npy, read_npz
from omnibind_ros.datasets.readers.bags.storage import bag, mcap
from omnibind_ros.datasets.readers.bags.storage.metadata import read_metadata
from omnibind_ros.demo.page.guard import Guard
from omnibind_ros.demo.page.live import packed, unpacked
from omnibind_ros.demo.page.state import ResultView, SensorView, ViewState
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.formats import aedat4
from omnibind_ros.files.formats.pcd import unpack_lzf
from omnibind_ros.files.formats.picture_size import announced_size
from omnibind_ros.files.formats.sounds import MOST_CHUNKS, _announced_bytes
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.plain_text import one_line
from omnibind_ros.recognition.enrolled_file import EnrolledError, from_bytes
from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.image import decode_image
from omnibind_ros.sensors.thermal import ThermalOptions, decode_compressed_thermal


def read_file(folder, name, data, modality=""):
    path = folder / name
    path.write_bytes(data)
    return read_sample(find_source(path, modality)).sample


# Arrays


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("(4611686018427387904, 3)", "the header announces"),
        ("(268435456, 3)", "the header announces"),
        ("(-4, 3)", "negative size"),
        ("(0, 9223372036854775807, 9223372036854775807)", "cannot be read"),
    ],
)
def test_an_array_whose_header_lies_takes_no_memory(tmp_path, shape, words):
    with pytest.raises(FileError, match=words):
        read_file(tmp_path, "a.npy", lying_npy(shape))


def test_an_archive_is_not_unpacked_beyond_a_limit_or_believed():
    data = npz(x=np.zeros(100))
    assert read_npz(data)["x"].shape == (100,)
    assert read_npz(data, ["x"])["x"].flags.writeable
    with pytest.raises(ValueError, match="unpacked it has"):
        read_npz(data, most=500)
    with pytest.raises(KeyError):
        read_npz(data, ["y"])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", lying_npy("(1073741824,)"))
    with pytest.raises(ValueError, match="the header announces"):
        read_npz(file.getvalue())


def test_an_archive_that_says_it_is_longer_than_its_file_takes_no_memory():
    """zipfile would take as many bytes as the directory of the archive says."""
    data = bytearray(npz(x=np.zeros(4)))
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 24] = struct.pack("<I", 0xF0000000)
    with pytest.raises(ValueError, match="longer than the file"):
        read_npz(bytes(data))


def test_an_archive_of_another_compression_is_refused():
    """A damaged one raised LZMAError, which no reader of archives expected."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_LZMA) as archive:
        archive.writestr("format.npy", bytes(200))
    data = file.getvalue()
    with pytest.raises(ValueError, match="NumPy does not write"):
        read_npz(data)
    with pytest.raises(EnrolledError, match="NumPy does not write"):
        from_bytes(data)


@pytest.mark.parametrize("times", [[0, 2**62], [-(2**63), 0], [0.0, 1e300], [0.0, np.nan]])
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_events_whose_times_are_centuries_apart_are_refused(tmp_path, times, kind):
    array = np.zeros(2, [("t", np.array(times).dtype), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
    array["t"] = times
    file = io.BytesIO()
    if kind == "npy":
        np.save(file, array)
    else:
        np.savez(file, **{name: array[name] for name in "xytp"}, width=4, height=4)
    with pytest.raises(FileError, match="span more than a year"):
        read_file(tmp_path, f"a.{kind}", file.getvalue(), "event")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3), np.float32),
        np.array(3),
        np.array("a text"),
        np.zeros(2, [("t", "<i8"), ("p", "u1")]),
    ],
)
def test_arrays_are_read_as_numpy_reads_them(array):
    file = io.BytesIO()
    np.save(file, array)
    got = read_npy(file.getvalue())
    np.testing.assert_array_equal(got, array)
    assert got.dtype == array.dtype
    assert got.flags.writeable
    file = io.BytesIO()
    np.save(file, np.array([{}], object), allow_pickle=True)
    with pytest.raises(DAMAGED_ARCHIVE):
        read_npy(file.getvalue())


# What is compressed


def test_events_that_unpack_to_more_than_a_limit_are_refused(tmp_path, monkeypatch):
    info = b'<node name="0"><attr key="typeIdentifier" type="string">EVTS</attr></node>'
    header = _table(
        struct.pack("<i", 1), struct.pack("<q", -1), struct.pack("<I", len(info)) + info
    )
    body = compress(bytes(1 << 22))
    data = aedat4.VERSION + struct.pack("<I", len(header)) + header
    data += struct.pack("<ii", 0, len(body)) + body
    monkeypatch.setattr(aedat4, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(FileError, match="more than 1 MiB of events"):
        read_file(tmp_path, "a.aedat4", data)


def test_a_message_and_a_chunk_of_a_bag_are_not_unpacked_beyond_a_limit(monkeypatch):
    packed = zstd.compress(bytes(1 << 22))
    assert len(bag.uncompressed(packed)) == 1 << 22
    monkeypatch.setattr(bag, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(ValueError, match="not whole, or too large"):
        bag.uncompressed(packed)
    head = struct.pack("<QQQI", 0, 1, 1 << 33, 0) + struct.pack("<I", 4) + b"zstd"
    content = head + struct.pack("<Q", len(packed)) + packed
    with pytest.raises(mcap.DamageError, match="larger than 512 MiB"):
        mcap.unpack_chunk(memoryview(content))


def test_packed_points_are_not_unpacked_beyond_what_is_announced():
    data = b"\x00a" + b"\xe0\xff\x00" * 20_000  # each repeats the byte before it 264 times
    tracemalloc.start()
    with pytest.raises(ValueError, match="packed points are damaged"):
        unpack_lzf(data, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


# Pictures


def picture(suffix, pixels):
    return cv2.imencode(suffix, pixels)[1].tobytes()


_GREY = np.zeros((6, 8), np.uint8)


@pytest.mark.parametrize(
    ("suffix", "channels"),
    [(".bmp", 1), (".bmp", 3), (".pgm", 1), (".ppm", 3), (".tif", 1), (".tif", 3), (".webp", 3)],
)
def test_a_header_says_the_size(suffix, channels):
    pixels = _GREY if channels == 1 else np.dstack([_GREY] * 3)
    size = announced_size(picture(suffix, pixels))
    assert (size.width, size.height) == (8, 6)
    assert size.pixel >= channels


def large_tiff():
    entries = b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, 30000), (257, 30000))
    )
    return b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.bmp", b"BM" + bytes(12) + struct.pack("<Iii", 40, 30000, -30000) + bytes(40)),
        ("a.bmp", b"BM" + bytes(12) + struct.pack("<IHH", 12, 30000, 30000) + bytes(40)),
        ("a.pgm", b"P5 # a comment\n30000\n30000\n255\n"),
        ("a.tif", large_tiff()),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x00\x40\x00" * 2),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + b"\xff\x3f" * 2),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + b"\xff\xff\xff\x0f"),
    ],
)
def test_a_picture_that_unpacks_to_gigabytes_is_refused_by_its_header(tmp_path, name, data):
    with pytest.raises(FileError, match=r"announces \d+ x \d+ pixels"):
        read_file(tmp_path, name, data, "image")


def test_a_thermal_picture_of_58_megapixels_in_a_few_bytes_is_refused_before_it_is_decoded():
    start = b"\xff\xd8\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 3401, 17262) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00?\x00"
    message = SimpleNamespace(format="jpeg", data=start + scan + bytes(40))
    with pytest.raises(RejectedSampleError, match="17262 x 3401 pixels, more than any thermal"):
        decode_compressed_thermal(message, ThermalOptions())


def test_a_picture_of_another_kind_is_refused(tmp_path):
    hdr = picture(".hdr", np.ones((4, 4, 3), np.float32))
    with pytest.raises(FileError, match="no picture that is read"):
        read_file(tmp_path, "a.bmp", hdr, "image")
    assert announced_size(b"II*\0\xff\xff\xff\xff") is None
    assert announced_size(b"BM") is None


def test_a_sound_of_many_chunks_is_not_read_chunk_by_chunk_to_its_end(tmp_path):
    path = tmp_path / "a.wav"
    sound = b"data" + struct.pack("<I", 100)
    for chunks, announced in ((3, 12 + 24 + 8 + 100), (MOST_CHUNKS, 0)):
        path.write_bytes(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * chunks + sound)
        assert _announced_bytes(path) == announced
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4000))
    assert _announced_bytes(path) == path.stat().st_size


def test_a_flac_that_does_not_say_how_long_it_is_is_refused(tmp_path):
    path = tmp_path / "piped.flac"
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(path, np.zeros(32000, np.int16), 16000)
    head = bytearray(path.read_bytes())
    assert head[:8] == b"fLaC\0\0\0\x22"
    head[21] &= 0xF0  # 36 bits of STREAMINFO: the number of samples, 0 where it is unknown
    head[22:26] = bytes(4)
    path.write_bytes(head)
    with pytest.raises(FileError, match="does not say how long its sound is"):
        read_sample(find_source(path, ""))


# The page


@pytest.mark.parametrize("name", ["host", "origin"])
@pytest.mark.parametrize("value", ["http://[", "[::1", "\u2100][", "robot:80[::1]", "r[:\n:1]"])
@pytest.mark.parametrize("token", ["", "secret"])
def test_a_request_with_an_impossible_host_is_refused(name, value, token):
    sent = []

    async def app(*_):
        raise AssertionError("it was let through")

    async def send(message):
        sent.append(message)

    headers = {"host": "localhost", name: value}
    raw = [(key.encode(), text.encode("utf-8")) for key, text in headers.items()]
    asyncio.run(Guard(app, token)({"type": "http", "headers": raw}, None, send))
    assert sent[0]["status"] == 403


def test_what_is_no_number_of_a_strange_node_does_not_end_the_page():
    for bad in (float("nan"), float("inf")):
        state = ViewState("/perception")
        state.on_sensors(1.0, [SensorView("eye", "image", "/eye", 2, bad, bad, bad, 3)])
        state.on_result(1.0, 0.1, ResultView(("cup",), (bad,), bad, True, bad, "", bad))
        (sensor,) = unpacked(packed(state.snapshot(1.1), []))["sensors"]
        assert (sensor["rate"], sensor["age"]) == (0.0, 0.0)


def test_a_refresh_that_is_nested_too_deeply_is_none():
    for text in (b"[" * 100_000, b"[1]"):
        with pytest.raises(ValueError, match="the refresh is"):
            unpacked(struct.pack("<I", len(text)) + text)
    json.dumps(unpacked(struct.pack("<I", 2) + b"{}"))


# Bags, networks, sentences


def test_infinite_numbers_in_metadata_are_no_description(tmp_path):
    info = {"message_count": float("inf"), "storage_identifier": "mcap"}
    info |= {"starting_time": {"nanoseconds_since_epoch": 0}, "duration": {"nanoseconds": 1}}
    text = yaml.safe_dump({"rosbag2_bagfile_information": info})
    (tmp_path / "metadata.yaml").write_text(text)
    found = read_metadata(tmp_path)
    assert found.whole is None
    assert found.plugin == "mcap"


def test_a_network_that_gives_another_shape_than_it_says_is_an_error():
    """ONNX Runtime lets it pass with a warning."""
    model = student()
    graph = model.graph
    graph.node[-1].output[0] = "unit"
    graph.initializer.append(numpy_helper.from_array(np.array([2, 4], np.int64), "sides"))
    graph.node.extend(  # the shape is known when the network runs, and not before
        [
            helper.make_node("ReduceMax", ["touch"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["zero"], to=TensorProto.INT64),
            helper.make_node("Add", ["sides", "zero"], ["sizes"]),
            helper.make_node("Reshape", ["unit", "sizes"], ["embedding"]),
        ]
    )
    load_student(model.SerializeToString())
    encoder = written("student", model.SerializeToString()).encoder("touch")
    with pytest.raises(ValueError, match=r"has the shape \(2, 4\) but the manifest says \(1, 8\)"):
        encoder.encode(np.zeros((4, 4, 3), np.float32))


@pytest.mark.parametrize(
    "text", ["rgb8\nall is well", "\x1b[2J\x1b[31mred", "a\u202eb", "\u2028line", "\ud800"]
)
def test_what_a_refusal_quotes_cannot_steer_a_terminal(text):
    msg = SimpleNamespace(height=1, width=1, encoding=text, is_bigendian=0, step=3, data=b"abc")
    with pytest.raises(RejectedSampleError) as error:
        decode_image(msg)
    assert str(error.value).isprintable()
    assert one_line("two  spaces and caf\u00e9") == "two  spaces and caf\u00e9"
