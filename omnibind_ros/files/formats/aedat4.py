"""AEDAT 4, the format of iniVation's event cameras (docs.inivation.com, AEDAT file formats).

The file is a header, packets, and a table of the packets. Header and packets are FlatBuffers (the
format: flatbuffers.dev, Internals); the packets are mostly packed by LZ4 or Zstandard.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from lz4.frame import LZ4FrameDecompressor as _Lz4

from omnibind_ros.files.errors import FileError
from omnibind_ros.sensors.evt3 import Columns

VERSION = b"#!AER-DAT4.0\r\n"

EVENT = np.dtype(
    {
        "names": ["t", "x", "y", "p"],
        "formats": ["<i8", "<i2", "<i2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)
"""The struct Event: t in microseconds."""

MOST_UNPACKED = 1 << 29
"""Bytes of events that a file has unpacked at most: a packet may be a thousandth of them."""

_DAMAGED = "it is damaged or cut off; restore the file"


def read_aedat4(path: Path) -> tuple[Columns, tuple[int, int] | None]:
    """Read the events of a file.

    Returns:
        The events of its first camera, t in nanoseconds; and width and height, if it says them.

    Raises:
        FileError: It is damaged or cut off.
    """
    data = path.read_bytes()
    try:
        return _read(data)
    except FileError:
        raise
    except (struct.error, IndexError, ValueError, RuntimeError, EOFError, OSError) as error:
        raise FileError(path, f"{_DAMAGED} ({str(error)[:60] or type(error).__name__})") from error


def _read(data: bytes) -> tuple[Columns, tuple[int, int] | None]:
    at = len(VERSION)
    (length,) = struct.unpack_from("<I", data, at)
    header = data[at + 4 : at + 4 + length]
    compression = _scalar(header, 0, "<i", 0)
    table = _scalar(header, 1, "<q", -1)
    info = _text(header, 2)
    stream, size = _event_stream(info)
    unpack = _unpacker(compression)
    at += 4 + length
    end = table if 0 < table <= len(data) else len(data)
    pieces = []
    room = MOST_UNPACKED
    while at < end:
        number, count = struct.unpack_from("<ii", data, at)
        at += 8
        if count < 0 or at + count > len(data):
            raise EOFError(f"a packet of {count} bytes is not whole")
        if number == stream:
            packet = unpack(data[at : at + count], room)
            room -= len(packet)
            pieces.append(_events(packet))
        at += count
    joined = np.concatenate([*pieces, np.empty(0, EVENT)])
    if joined.size and min(joined["x"].min(), joined["y"].min()) < 0:
        raise ValueError("an event has a pixel below 0")
    columns = Columns(
        joined["x"].astype(np.uint16),
        joined["y"].astype(np.uint16),
        joined["t"] * 1000,
        (joined["p"] > 0).astype(np.uint8),
    )
    return columns, size


def _event_stream(info: str) -> tuple[int, tuple[int, int] | None]:
    """Return the number of the first stream of events, and its camera's size."""
    streams = re.split(r'(?=<node name="\d+")', info)
    for part in streams:
        number = re.match(r'<node name="(\d+)"', part)
        if number and re.search(r'key="typeIdentifier"[^>]*>EVTS<', part):
            sides = [re.search(rf'key="size{side}"[^>]*>(\d+)<', part) for side in "XY"]
            size = (int(sides[0][1]), int(sides[1][1])) if sides[0] and sides[1] else None
            return int(number[1]), size
    raise ValueError("it has no stream of events")


def _unpacker(compression: int) -> Callable[[bytes, int], bytes]:
    """Return what unpacks a packet: (packet, bytes that it has unpacked at most) -> its bytes."""
    if compression == 0:
        return lambda data, _most: data
    if compression in (1, 2):
        return lambda data, most: _unpacked(_Lz4(), data, most)
    if compression in (3, 4):
        return lambda data, most: _unpacked(_zstd_decompressor(), data, most)
    raise ValueError(f"its compression {compression} is not known")


def _unpacked(decompressor: Any, data: bytes, most: int) -> bytes:
    # LZ4 takes as much memory as it may give, and makes no data shorter than by a factor of 255.
    most = min(most, 256 * (len(data) + 1)) if isinstance(decompressor, _Lz4) else most
    unpacked = bytes(decompressor.decompress(data, max_length=most))
    if not decompressor.eof:
        raise EOFError(
            f"it has more than {MOST_UNPACKED >> 20} MiB of events"
            if len(unpacked) >= most
            else "a packet is not whole"
        )
    return unpacked


def _zstd_decompressor() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # noqa: PLC0415 - Python 3.14
    except ImportError:
        from backports import zstd  # noqa: PLC0415 - before that
    return zstd.ZstdDecompressor()


def _events(packet: bytes) -> Any:
    """Return the events of a packet, which begins with its length."""
    table = packet[4:]
    vector = _field(table, 0)
    if not vector:
        return np.empty(0, EVENT)
    start = vector + struct.unpack_from("<I", table, vector)[0]
    (count,) = struct.unpack_from("<I", table, start)
    return np.frombuffer(table, EVENT, count, start + 4)


def _field(table: bytes, number: int) -> int:
    """Return where a field of a FlatBuffer's root table is; 0 if it is not there."""
    (root,) = struct.unpack_from("<I", table, 0)
    places = root - struct.unpack_from("<i", table, root)[0]
    (size,) = struct.unpack_from("<H", table, places)
    entry = 4 + 2 * number
    if places < 0 or entry + 2 > size:
        return 0
    (offset,) = struct.unpack_from("<H", table, places + entry)
    return root + offset if offset else 0


def _scalar(table: bytes, number: int, kind: str, default: int) -> int:
    at = _field(table, number)
    return int(struct.unpack_from(kind, table, at)[0]) if at else default


def _text(table: bytes, number: int) -> str:
    at = _field(table, number)
    if not at:
        return ""
    at += struct.unpack_from("<I", table, at)[0]
    (length,) = struct.unpack_from("<I", table, at)
    return table[at + 4 : at + 4 + length].decode("utf-8", "replace")
