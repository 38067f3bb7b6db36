"""PNG pictures whose chunks are whole (ISO/IEC 15948)."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from .base import RejectedSampleError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MAX_CHUNKS = 1_000_000
_COLOUR = 2
"""The bit of the colour type that says colour (11.2.2)."""


class PngHeader(NamedTuple):
    """What IHDR says.

    Attributes:
        height: Pixels.
        width: Pixels.
        bits: Of a channel, 1 .. 16.
        colour: Whether the picture is in colour.
    """

    height: int
    width: int
    bits: int
    colour: bool


def png_header(data: bytes) -> PngHeader | None:
    """Return the header of a PNG, or None if it is not whole.

    Args:
        data: The file, which begins with `SIGNATURE`.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    return PngHeader(height, width, data[24], bool(data[25] & _COLOUR))


def decode_png(data: bytes, flags: int) -> npt.NDArray[np.uint8 | np.uint16]:
    """Return the pixels of a PNG.

    Args:
        data: The file.
        flags: How OpenCV decodes, such as `cv2.IMREAD_COLOR`.

    Returns:
        [height, width], or [height, width, C] with channels in the order BGR; uint8 or uint16.

    Raises:
        RejectedSampleError: A chunk is missing or damaged, or the picture does not decode.
    """
    problem = _damage(data)
    image = None
    if not problem:
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error:  # e.g. a header that contradicts itself
            image = None
    if image is None:
        raise RejectedSampleError(
            f"the PNG of {len(data)} bytes is damaged or has lost data "
            f"({problem or 'its pixels do not unpack'}); check the network and the publisher"
        )
    return image


def _damage(data: bytes) -> str:
    """Return what is wrong with the chunks (5.3), or ''."""
    view = memoryview(data)
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            return "its end is missing"
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if end > len(data):
            return "its end is missing"
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return f"the checksum of chunk {kind.decode('latin-1')!r} is wrong"
        if kind == b"IEND":
            return ""
        at = end
    return "it has too many chunks"
