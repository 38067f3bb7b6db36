"""Readers of single files: read, or refused with a FileError of one sentence."""

from __future__ import annotations

import io
import struct
import tempfile
import wave
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import lz4.frame
import numpy as np

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.samples import read_sample

from .checks import attempt
from .targets import Target

_RNG = np.random.default_rng(0)


@cache
def folder() -> Path:
    """Return the folder of this process, which is used again for each input."""
    return Path(tempfile.mkdtemp(prefix="omnibind-fuzz-"))


def one_file(data: bytes, suffix: str, modality: str) -> None:
    """Read a file, first as one of which nothing is said, then as one of a modality."""
    path = folder() / f"a{suffix}"
    path.write_bytes(data)
    guessed = attempt(lambda: find_source(path), FileError)
    told = attempt(lambda: find_source(path, modality), FileError)
    for source in dict.fromkeys((guessed, told)):
        if source is not None:
            found = attempt(lambda source=source: read_sample(source), FileError)
            assert found is None or found.sample is not None


def npy(array: Any) -> bytes:
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def lying_npy(shape: str, kind: str = "<f4") -> bytes:
    """Return an array whose header announces another shape than it has."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(48)


def npz(**arrays: Any) -> bytes:
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


def points() -> Any:
    return _RNG.normal((1, 0, 0), 0.1, (12, 3)).astype("<f4")


def pcd_seeds() -> list[bytes]:
    head = (
        b"VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 12\nHEIGHT 1\n"
        b"POINTS 12\nDATA "
    )
    raw = points().T.tobytes()
    packed = b"".join(bytes((31,)) + raw[at : at + 32] for at in range(0, 128, 32))
    packed += bytes((15,)) + raw[128:144]
    table = "\n".join(" ".join(f"{value:.3f}" for value in row) for row in points())
    return [
        head + b"binary\n" + points().tobytes(),
        head + b"ascii\n" + table.encode(),
        head + b"binary_compressed\n" + struct.pack("<II", len(packed), 144) + packed,
        head.replace(b"12", b"50000000") + b"binary_compressed\n\xff\xff\xff\0" + bytes(60),
    ]


def ply_seeds() -> list[bytes]:
    properties = b"property float x\nproperty float y\nproperty float z\nend_header\n"
    head = b"ply\nformat %s 1.0\nelement vertex 12\n" + properties
    table = "\n".join(" ".join(f"{value:.3f}" for value in row) for row in points())
    faces = b"element face 2\nproperty list uchar int index\nelement vertex"
    return [
        head % b"binary_little_endian" + points().tobytes(),
        head % b"ascii" + table.encode(),
        (head % b"binary_big_endian").replace(b"element vertex", faces) + points().tobytes(),
    ]


def npy_seeds() -> list[bytes]:
    events = np.zeros(8, [("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
    events["t"] = np.arange(8) * 1000
    shapes = ("(4,)", "(268435456, 3)", "(0, 3)", "(9223372036854775807, 3)", "(-4, 3)")
    return [npy(points()), npy(events), npy(np.full((4, 4), 29500, np.uint16))] + [
        lying_npy(shape) for shape in shapes
    ]


def npz_seeds() -> list[bytes]:
    n = np.arange(10)
    return [
        npz(x=n, y=n, t=n * 100, p=n % 2, width=64, height=64),
        npz(events=np.stack([n, n, n * 100, n % 2], 1)),
    ]


def evt2_seeds() -> list[bytes]:
    words = [0x80000001, *(0x10000000 | i << 22 | i << 11 | i for i in range(20))]
    return [b"% evt 2.0\n% geometry 640x480\n% end\n" + np.array(words, "<u4").tobytes()]


def evt3_seeds() -> list[bytes]:
    words = np.array([0x8001, 0x6010, 0x0020, 0x2030, 0x2831, 0x3040, 0x4FFF, 0x50AA], "<u2")
    head = b"% evt 3.0\n% format EVT3;height=480;width=640\n% end\n"
    return [head + np.tile(words, 4).tobytes()]


def dat_seeds() -> list[bytes]:
    n = np.arange(20)
    events = np.stack([n * 100, n | n << 14], 1).astype("<u4").tobytes()
    return [b"% Version 2\n% Width 64\n% Height 64\n\x0c\x08" + events]


def atis_seeds() -> list[bytes]:
    return [bytes(v for i in range(20) for v in (i, i, 0x80 * (i % 2), 0, i * 9))]


def _table(*fields: bytes | None) -> bytes:
    """Return a FlatBuffer of a table of scalars and of references to what stands behind it."""
    offsets, body, behind = [], b"", b""
    size = 4 + 8 * len(fields)
    for field in fields:
        if field is None:
            offsets.append(0)
            continue
        offsets.append(4 + len(body))
        if len(field) <= 8:
            body += field.ljust(8, b"\0")
        else:
            at = 4 + len(body)
            body += struct.pack("<II", size + len(behind) - at, 0)
            behind += field
    body = body.ljust(size - 4, b"\0")
    places = struct.pack("<HH", 4 + 2 * len(fields), size)
    places += b"".join(struct.pack("<H", at) for at in offsets)
    start = 4 + len(places)
    return struct.pack("<I", start) + places + struct.pack("<i", len(places)) + body + behind


def aedat4_seeds() -> list[bytes]:
    info = b'<node name="0"><attr key="typeIdentifier" type="string">EVTS</attr>'
    info += b'<attr key="sizeX">64</attr><attr key="sizeY">64</attr></node>'
    events = b"".join(struct.pack("<qhhB3x", 1000 * i, i, i, i % 2) for i in range(6))
    packet = _table(struct.pack("<I", 6) + events)
    packet = struct.pack("<I", len(packet)) + packet
    found = []
    for number, body in (
        (0, packet),
        (1, lz4.frame.compress(packet)),
        (1, lz4.frame.compress(bytes(1 << 24))),
    ):
        header = _table(
            struct.pack("<i", number), struct.pack("<q", -1), struct.pack("<I", len(info)) + info
        )
        start = b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(header)) + header
        found.append(start + struct.pack("<ii", 0, len(body)) + body)
    return [seed for seed in found if len(seed) < 1 << 17]


def sound() -> Any:
    return np.sin(np.arange(1600) / 5) * 0.3


def wav_seeds() -> list[bytes]:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((sound() * 30000).astype("<i2").tobytes())
    return [data.getvalue()]


def encoded_seeds(kind: str, subtype: str) -> list[bytes]:
    import soundfile  # noqa: PLC0415 - these targets alone need it

    data = io.BytesIO()
    soundfile.write(data, sound(), 8000, format=kind, subtype=subtype)
    return [data.getvalue()]


def picture_seeds(suffix: str) -> list[bytes]:
    colour = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    heat = colour[..., 0].astype(np.uint16) + 29000
    pictures: Sequence[Any] = (colour, colour[..., 0])
    if suffix in (".tif", ".png", ".pgm"):
        pictures = (*pictures[: 1 if suffix != ".pgm" else 0], heat)
    if suffix == ".tif":
        pictures = (*pictures, heat.astype(np.float32) / 100)
    if suffix == ".pgm":
        pictures = (colour[..., 0], heat)
    found = [cv2.imencode(suffix, pixels)[1].tobytes() for pixels in pictures]
    if suffix == ".bmp":
        found.append(found[0][:18] + struct.pack("<ii", 30000, 30000) + found[0][26:])
    if suffix == ".pgm":
        found += [b"P5\n30000 30000\n255\n" + bytes(40), b"P2\n2 2\n255\n1 2 3 4"]
    return found


def _target(
    suffix: str, modality: str, seeds: Callable[[], Sequence[bytes]], longest: int = 2048
) -> Target:
    return Target(partial(one_file, suffix=suffix, modality=modality), seeds, longest)


TARGETS = {
    "pcd": _target(".pcd", "points", pcd_seeds),
    "ply": _target(".ply", "points", ply_seeds),
    "npy": _target(".npy", "thermal", npy_seeds),
    "npz": _target(".npz", "event", npz_seeds, 4096),
    "evt2": _target(".raw", "event", evt2_seeds),
    "evt3_file": _target(".raw", "event", evt3_seeds),
    "dat": _target(".dat", "event", dat_seeds),
    "atis": _target(".bin", "event", atis_seeds),
    "aedat4": _target(".aedat4", "event", aedat4_seeds, 1 << 17),
    "wav": _target(".wav", "audio", wav_seeds, 4096),
    "mp3": _target(".mp3", "audio", partial(encoded_seeds, "MP3", "MPEG_LAYER_III"), 8192),
    "flac": _target(".flac", "audio", partial(encoded_seeds, "FLAC", "PCM_16"), 8192),
    "ogg": _target(".ogg", "audio", partial(encoded_seeds, "OGG", "VORBIS"), 8192),
    "tif": _target(".tif", "thermal", partial(picture_seeds, ".tif")),
    "png": _target(".png", "thermal", partial(picture_seeds, ".png")),
    "jpg": _target(".jpg", "touch", partial(picture_seeds, ".jpg")),
    "bmp": _target(".bmp", "image", partial(picture_seeds, ".bmp")),
    "webp": _target(".webp", "image", partial(picture_seeds, ".webp")),
    "pgm": _target(".pgm", "thermal", partial(picture_seeds, ".pgm")),
    "txt": _target(".txt", "text", lambda: [b"there is a cup", b"\xef\xbb\xbfa \xff"]),
}
