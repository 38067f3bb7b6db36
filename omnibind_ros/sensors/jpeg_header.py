"""What stands before the data of a JPEG (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\xff\xd8"
EOI = b"\xff\xd9"

_MAX_SEGMENTS = 1000
_SOF0, _SOF1, _DHT, _SOS, _DRI, _APP0, _APP1 = 0xC0, 0xC1, 0xC4, 0xDA, 0xDD, 0xE0, 0xE1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that begin a frame header (table B.1)."""
_ALONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9), 0xFF))
"""What is no segment after FF: no marker, TEM, RST0 .. RST7, SOI, a fill byte."""
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


class JpegHeader(NamedTuple):
    """What stands before the data of a JPEG.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 for grey, 3 for colour, 4 for CMYK.
        exif: Whether there may be an orientation.
        units: Minimum coded units, if all channels are in one scan.
        restart_interval: Minimum coded units between two restart markers; 0: there are none.
        progressive: Whether the picture becomes finer from scan to scan.
        zeros: Whether the Huffman tables make zeros the code of a plain part.
        components: The identifier of each channel.
        several_scans: Whether the first scan does not hold the whole picture.
        repaired: The bytes up to the data, without what belongs to nothing.
        data_at: Index of the data's first byte.
    """

    height: int
    width: int
    channels: int
    exif: bool
    units: int
    restart_interval: int
    progressive: bool
    zeros: bool
    components: bytes
    several_scans: bool
    repaired: bytes
    data_at: int


class _Segment(NamedTuple):
    marker: int
    body: bytes
    whole: bytes
    end: int


def jpeg_header(data: bytes) -> JpegHeader | None:
    """Return the header of a JPEG, or None if there is none that is whole.

    Args:
        data: The file, which begins with `SIGNATURE`.
    """
    frame = b""
    interval, exif, sequential = 0, False, False
    tables: list[bool] = []
    kept = [SIGNATURE]
    for marker, body, whole, end in _segments(data):
        if marker == _SOS:
            if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
                return None
            # In a sequential picture these three bytes are always the same; some write others.
            kept.append(whole[:-3] + b"\x00\x3f\x00" if sequential else whole)
            return JpegHeader(
                height=int.from_bytes(frame[1:3], "big"),
                width=int.from_bytes(frame[3:5], "big"),
                channels=frame[5],
                exif=exif,
                units=_units(frame),
                restart_interval=interval,
                progressive=not sequential,
                zeros=bool(tables) and all(tables),
                components=frame[6 : 6 + 3 * frame[5] : 3],
                several_scans=not sequential or body[:1] != frame[5:6],
                repaired=b"".join(kept),
                data_at=end,
            )
        if marker in _FRAMES:
            frame, sequential = body, marker in (_SOF0, _SOF1)
        elif marker == _DRI:
            interval = int.from_bytes(body[:2], "big")
        elif marker == _DHT:
            tables += _zero_codes(body)
        elif marker == _APP1:
            exif = exif or body.startswith(b"Exif")
        if marker != _APP0:  # it may name an unknown revision of JFIF
            kept.append(whole)
    return None


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield the segments up to the first that is not whole; other bytes are skipped."""
    at = len(SIGNATURE)
    for _ in range(_MAX_SEGMENTS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            return
        marker = data[at + 1]
        if marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
        if end > len(data) or data[at : at + 2] == EOI:
            return
        yield _Segment(marker, data[at + 4 : end], data[at:end], end)
        at = end


def missing_scan(data: bytes, header: JpegHeader) -> bool:
    """Return whether the scans of a JPEG do not hold every coefficient to its last bit.

    libjpeg-turbo decodes what there is: a picture that ends between two scans is coarse.

    Args:
        data: The file.
        header: Of this file.
    """
    bits = {component: [-1] * 64 for component in header.components}
    at = len(SIGNATURE)
    while (found := _MARKER.search(data, at)) is not None and data[found.start() + 1] != EOI[1]:
        at = found.start()
        end = at + 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
        if data[at + 1] == _SOS:
            body = data[at + 4 : end]
            if len(body) < 4 or len(body) < 4 + 2 * body[0]:
                return True
            first, last, approximation = body[-3:]
            for component in body[1 : 1 + 2 * body[0] : 2]:
                coefficients = bits.get(component, [])
                for index in range(first, min(last, 63) + 1 if coefficients else 0):
                    coefficients[index] = approximation & 15
        at = end
    return any(any(coefficients) for coefficients in bits.values())


def _zero_codes(tables: bytes) -> list[bool]:
    """Return for each Huffman table whether zeros code a difference of 0 or an end of block."""
    found = []
    while len(tables) > 17:
        found.append(tables[17] == 0)
        tables = tables[17 + sum(tables[1:17]) :]
    return found


def _units(frame: bytes) -> int:
    """Return the number of minimum coded units of a frame header's picture (A.2)."""
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    factors = frame[7 : 6 + 3 * frame[5] : 3]
    across = down = 8
    if len(factors) > 1:
        across *= max(1, *(f >> 4 for f in factors))
        down *= max(1, *(f & 15 for f in factors))
    return -(-width // across) * -(-height // down)
