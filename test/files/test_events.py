"""Recordings of events, written by hand and by flatbuffers, against what was written."""

import struct

import flatbuffers
import lz4.frame
import numpy as np
import pytest
from evt3_words import data as evt3_bytes
from evt3_words import slow_decode, stream

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.opening import find_source, open_source
from omnibind_ros.sensors import Issue


def events(count, width, height, seed):
    """Return x, y, t (microseconds, ascending) and p."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, width, count),
        rng.integers(0, height, count),
        np.sort(rng.integers(5_000, 95_000, count)),
        rng.integers(0, 2, count),
    )


def read(path):
    """Return all events of a file: x, y, t in ns after the first, p; and the recording."""
    recording = open_source(find_source(path, "event"))
    parts = [(m.x, m.y, m.t.astype(np.int64) + start, m.p) for m, start, _ in recording.messages]
    return [np.concatenate(column) for column in zip(*parts, strict=True)], recording


def check(path, wanted, size=None, guessed=False):
    found, recording = read(path)
    x, y, t, p = (np.asarray(column) for column in wanted)
    order = np.argsort(t, kind="stable")
    for got, column in zip(found, (x, y, (t - t.min()) * 1000, p), strict=True):
        assert np.array_equal(got, column[order])
    assert recording.duration_ns == (t.max() - t.min()) * 1000 + 1
    assert [doubt.issue for doubt in recording.doubts] == [Issue.UNIT_GUESSED] * guessed
    message = next(iter(open_source(find_source(path, "event")).messages)).message
    assert size is None or (message.width, message.height) == size


def evt2(wanted):
    """EVT 2.0: a TIME_HIGH (0x8) wherever the upper 28 bits change."""
    words, high = [0x0000_1234], None  # an event before any time is left out
    for x, y, t, p in zip(*(column.tolist() for column in wanted), strict=True):
        if t >> 6 != high:
            high = t >> 6
            words.append(0x8 << 28 | high)
        words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
    return np.array(words, "<u4").tobytes()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_evt2_with_and_without_its_size(tmp_path, seed):
    wanted = events(500 * (seed + 1), 640, 480, seed)
    body = evt2(wanted)
    (tmp_path / "a.raw").write_bytes(b"% evt 2.0\n% geometry 640x480\n% end\n" + body)
    check(tmp_path / "a.raw", wanted, (640, 480))
    (tmp_path / "b.raw").write_bytes(b"% Date 2020-09-25\n% evt 2.0\n" + body)
    check(tmp_path / "b.raw", wanted, (640, 480), guessed=True)
    header = b"% format EVT2;height=500;width=700\n% end\n"
    (tmp_path / "c.raw").write_bytes(header + body)
    check(tmp_path / "c.raw", wanted, (700, 500))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_evt3(tmp_path, seed):
    words = stream(np.random.default_rng(seed), 900, 1280, 720, start=1000)
    wanted = np.array(slow_decode(words)).T
    header = b"% camera\n% evt 3.0\n% format EVT3;height=720;width=1280\n% end\n"
    (tmp_path / "a.raw").write_bytes(header + evt3_bytes(words).tobytes())
    check(tmp_path / "a.raw", wanted, (1280, 720))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_dat(tmp_path, seed):
    wanted = events(400, 304, 240, seed)
    x, y, t, p = (column.astype(np.int64) for column in wanted)
    records = np.stack([t, x | y << 14 | p << 28], 1).astype("<u4").tobytes()
    header = b"% Data file\n% Version 2\n% Width 304\n% Height 240\n"
    (tmp_path / "a.dat").write_bytes(header + b"\x0c\x08" + records)
    check(tmp_path / "a.dat", wanted, (304, 240))
    (tmp_path / "b.dat").write_bytes(b"% Version 2\n" + b"\x00\x08" + records)
    check(tmp_path / "b.dat", wanted, (304, 240), guessed=True)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nmnist(tmp_path, seed):
    x, y, t, p = events(300, 34, 34, seed)
    rows = [
        struct.pack(">BBBH", a, b, d << 7 | c >> 16, c & 0xFFFF)
        for a, b, c, d in zip(x.tolist(), y.tolist(), t.tolist(), p.tolist(), strict=True)
    ]
    (tmp_path / "a.bin").write_bytes(b"".join(rows))
    check(tmp_path / "a.bin", (x, y, t, p), (34, 34), guessed=True)
    rows.insert(100, struct.pack(">BBBH", 0, 240, 0, 0))  # an overflow: 2^13 us more from here
    (tmp_path / "b.bin").write_bytes(b"".join(rows))
    later = t + np.where(np.arange(300) >= 100, 1 << 13, 0)
    check(tmp_path / "b.bin", (x, y, later, p), guessed=True)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_npz_of_several_names(tmp_path, seed):
    x, y, t, p = events(600, 320, 240, seed)
    size = {"width": 320, "height": 240}
    np.savez(tmp_path / "a.npz", x=x, y=y, t=t, p=p, **size)
    check(tmp_path / "a.npz", (x, y, t, p), (320, 240))
    np.savez_compressed(tmp_path / "b.npz", x=x, y=y, t=t * 1e-6, p=p * 2 - 1, **size)
    check(tmp_path / "b.npz", (x, y, t, p), (320, 240))
    structured = np.zeros(600, [("x", "u2"), ("y", "u2"), ("t", "i8"), ("p", "?")])
    for name, column in zip("xytp", (x, y, t, p), strict=True):
        structured[name] = column
    np.savez(tmp_path / "c.npz", event_data=structured)
    check(tmp_path / "c.npz", (x, y, t, p), guessed=True)
    np.save(tmp_path / "d.npy", structured)
    check(tmp_path / "d.npy", (x, y, t, p), guessed=True)
    assert find_source(tmp_path / "d.npy").modality == "event"


def aedat4(wanted, pack=lambda data: data, compression=0, packets=3):
    """AEDAT 4 by the library: IOHeader, packets of Event structs, another stream between."""
    info = (
        '<dv version="2.0"><node name="outInfo" path="/"><node name="0" path="/0/">'
        '<attr key="typeIdentifier" type="string">FRME</attr></node><node name="1" path="/1/">'
        '<attr key="typeIdentifier" type="string">EVTS</attr><node name="info" path="/1/info/">'
        '<attr key="sizeX" type="int">346</attr><attr key="sizeY" type="int">260</attr>'
        "</node></node></node></dv>"
    )
    builder = flatbuffers.Builder(1024)
    text = builder.CreateString(info)
    builder.StartObject(3)
    builder.PrependInt32Slot(0, compression, 0)
    builder.PrependInt64Slot(1, -1, 0)
    builder.PrependUOffsetTRelativeSlot(2, text, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"IOHE")
    whole = b"#!AER-DAT4.0\r\n" + bytes(builder.Output())
    for part in np.array_split(np.arange(len(wanted[0])), packets):
        builder = flatbuffers.Builder(1024)
        builder.StartVector(16, len(part), 8)
        for index in part[::-1].tolist():
            x, y, t, p = (int(column[index]) for column in wanted)
            builder.Prep(8, 16)
            builder.Pad(3)
            builder.PrependBool(bool(p))
            builder.PrependInt16(y)
            builder.PrependInt16(x)
            builder.PrependInt64(t)
        vector = builder.EndVector()
        builder.StartObject(1)
        builder.PrependUOffsetTRelativeSlot(0, vector, 0)
        builder.FinishSizePrefixed(builder.EndObject(), b"EVTS")
        body = pack(bytes(builder.Output()))
        whole += struct.pack("<ii", 0, 4) + b"junk" + struct.pack("<ii", 1, len(body)) + body
    return whole


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_aedat4(tmp_path, seed):
    wanted = events(200, 346, 260, seed)
    (tmp_path / "a.aedat4").write_bytes(aedat4(wanted))
    check(tmp_path / "a.aedat4", wanted, (346, 260))
    (tmp_path / "b.aedat4").write_bytes(aedat4(wanted, lz4.frame.compress, 1, packets=5))
    check(tmp_path / "b.aedat4", wanted, (346, 260))


def test_aedat4_by_zstandard(tmp_path):
    try:
        from compression import zstd  # noqa: PLC0415 - Python 3.14
    except ImportError:
        from backports import zstd  # noqa: PLC0415 - before that
    wanted = events(100, 346, 260, 9)
    (tmp_path / "a.aedat4").write_bytes(aedat4(wanted, zstd.compress, 3))
    check(tmp_path / "a.aedat4", wanted, (346, 260))


WANTED = events(50, 346, 260, 4)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.raw", b"% evt 2.1\n% end\n" + bytes(64), "encoding EVT 2.1 is not read"),
        ("a.raw", b"% Date\n" + bytes(64), "encoding EVT unknown is not read"),
        ("a.raw", b"% evt 2.0\n% end\n" + b"\x55" * 400, "are none of EVT 2.0"),
        ("a.raw", b"% evt 2.0\n% end\n", "none of EVT 2.0|holds no events"),
        ("a.raw", b"% evt 3.0\n% end\n" + b"\xd5" * 4000, "of types that EVT3 reserves"),
        ("a.raw", bytes(100), "no known recording of events"),
        ("a.dat", b"% Version 2\n\x0c\x08" + bytes(15), "cut off within an event"),
        ("a.dat", b"% Version 2\n\x07\x10" + bytes(16), "no events of contrast"),
        ("a.bin", bytes(9), "5 bytes are an event"),
        ("a.aedat4", b"#!AER-DAT2.0\r\n", "AEDAT 2.0, which is not read"),
        ("a.aedat4", b"#!AER-DAT4.0\r\n", "damaged or cut off"),
        ("a.aedat4", aedat4(WANTED)[:-30], "damaged or cut off"),
        ("a.aedat4", aedat4(WANTED, compression=9), "damaged or cut off"),
        ("a.aedat4", aedat4(WANTED, compression=1), "damaged or cut off"),
        ("a.npz", b"PK\x03\x04" + bytes(50), "npz cannot be read"),
    ],
)
def test_damaged_recordings_are_a_sentence(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError, match=says):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x": np.arange(3)}, r"of shapes \(3,\), \(600,\)"),
        ({"x": np.full(600, -1)}, "x has values of -1 .. -1, which are no pixels"),
        ({"y": np.full(600, 70_000)}, "which are no pixels"),
        ({"p": np.arange(600)}, "p has the values 0, 1, 2, 3; save 0"),
    ],
)
def test_arrays_that_are_no_events(tmp_path, changed, says):
    x, y, t, p = events(600, 320, 240, 0)
    np.savez(tmp_path / "a.npz", **{"x": x, "y": y, "t": t, "p": p, **changed})
    with pytest.raises(FileError, match=says):
        read(tmp_path / "a.npz")


def test_an_npz_of_something_else_names_what_it_has(tmp_path):
    np.savez(tmp_path / "a.npz", picture=np.zeros((3, 3)))
    with pytest.raises(FileError, match="the npz has picture; save x, y, t, p, width and height"):
        read(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=[], y=[], t=[], p=[])
    with pytest.raises(FileError, match="holds no events"):
        read(tmp_path / "b.npz")
