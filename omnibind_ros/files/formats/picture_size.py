"""How large a picture is once it is decoded, by its header alone: BMP, PNM, TIFF and WebP.

OpenCV takes the memory that a header announces, and a few bytes can announce gigabytes. Formats:
Microsoft's BITMAPINFOHEADER, Netpbm's pbm(5) to ppm(5), TIFF 6.0 (section 2), WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

MOST_BYTES = 1 << 29
"""Bytes of decoded pixels at most."""

_HEAD = 1 << 16
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PNM = re.compile(rb"P[1-6]" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})")

_WIDTH, _HEIGHT, _BITS, _SAMPLES = 256, 257, 258, 277
"""Tags of TIFF."""

_SHORT, _LONG = 3, 4
"""Types of TIFF's tags."""


class Size(NamedTuple):
    """What a header announces.

    Attributes:
        width: Pixels.
        height: Pixels.
        pixel: Bytes of a decoded pixel at most.
    """

    width: int
    height: int
    pixel: int

    @property
    def bytes(self) -> int:
        """Bytes of all pixels."""
        return self.width * self.height * self.pixel


def announced_size(data: bytes) -> Size | None:
    """Return what the header of a picture announces; None if it is none of these formats.

    Args:
        data: The file.
    """
    try:
        if data[:2] == b"BM":
            return _bmp(data)
        if data[:4] in (b"II*\0", b"MM\0*"):
            return _tiff(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error:  # it ends within its header
        return None
    found = _PNM.match(data[:_HEAD])
    return Size(int(found[1]), int(found[2]), 6) if found else None


def _bmp(data: bytes) -> Size:
    (length,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", data, 18)
    return Size(abs(width), abs(height), 4)


def _webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if kind == b"VP8X":
        sides = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        sides = ((bits >> shift & 0x3FFF) + 1 for shift in (0, 14))
    elif kind == b"VP8 ":
        sides = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        return None
    width, height = sides
    return Size(width, height, 4)


def _tiff(data: bytes) -> Size | None:
    """Return what the first directory says; of a tag that it has twice, the larger value."""
    order = "<" if data[:1] == b"I" else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    values: dict[int, int] = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, entry)
        if tag not in (_WIDTH, _HEIGHT, _BITS, _SAMPLES):
            continue
        layout = {_SHORT: "H", _LONG: "I"}.get(kind)
        if layout is None or not number:
            return None
        where = entry + 8
        if number * struct.calcsize(layout) > 4:
            (where,) = struct.unpack_from(f"{order}I", data, where)
        (value,) = struct.unpack_from(order + layout, data, where)
        values[tag] = max(values.get(tag, 0), value)
    if not {_WIDTH, _HEIGHT} <= set(values):
        return None
    # Grey and palettes may be decoded as colour.
    pixel = max(values.get(_SAMPLES, 1), 3) * max(-(-values.get(_BITS, 1) // 8), 1)
    return Size(values[_WIDTH], values[_HEIGHT], pixel)
