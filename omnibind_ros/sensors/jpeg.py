"""JPEG pictures whose data are whole (ITU-T T.81).

libjpeg-turbo decodes a picture of which half is missing, fills it with grey, and reports a warning.
Here such a picture is refused. What healthy webcams send is taken: bytes that belong to nothing
before a marker, a missing end marker, an unknown revision of JFIF. JPEG has no checksum: a changed
bit that leaves no trace in the code is not detected.
"""

from __future__ import annotations

import re

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from .base import RejectedSampleError
from .jpeg_header import EOI, JpegHeader

MAX_EXTRANEOUS = 32
"""Bytes that belong to nothing, accepted before a marker in the data of the picture. Webcams send
up to some four; after a damaged code there are mostly hundreds."""

HOLE = bytes(64)
"""As many zeros in the data of a sequential picture are no code, unless its Huffman tables say so,
but a buffer that was not filled."""

_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")


def decode_jpeg(data: bytes, header: JpegHeader, colour: bool) -> npt.NDArray[np.uint8]:
    """Return the pixels of a JPEG.

    Args:
        data: The file.
        header: Of this file.
        colour: Whether to return RGB, turned as Exif says; else grey as it is stored.

    Returns:
        uint8 [height, width, 3], RGB, or uint8 [height, width].

    Raises:
        RejectedSampleError: Data are missing or damaged, or the kind of JPEG is not supported.
    """
    pixels = np.empty((header.height, header.width, 3 if colour else 1), np.uint8)
    hole = -1 if header.zeros else data.find(HOLE, header.data_at)
    if hole >= 0 and data.find(EOI, header.data_at, hole) < 0:
        data = data[: hole + 2] + EOI  # the last code may end with zeros
    problem = _decode(data, header.data_at, header, pixels)
    if problem:
        repaired = header.repaired + data[header.data_at :] + EOI
        if _decode(repaired, len(header.repaired), header, pixels):
            raise RejectedSampleError(
                f"the JPEG of {len(data)} bytes is damaged or has lost data ({problem}); check the "
                "camera's cable, the USB bandwidth and the network"
            )
    if not colour:
        return pixels[..., 0]
    return _by_opencv(data) if header.exif or header.channels == 4 else pixels


def _decode(data: bytes, data_at: int, header: JpegHeader, pixels: npt.NDArray[np.uint8]) -> str:
    """Decode into the array; returns what is wrong, or '' if no data were lost."""
    try:
        simplejpeg.decode_jpeg(data, "RGB" if pixels.shape[2] == 3 else "GRAY", buffer=pixels)
    except ValueError as error:  # a warning of libjpeg-turbo: the array is filled all the same
        text = str(error).strip().removeprefix("Corrupt JPEG data: ")
        found = _EXTRANEOUS.search(text)
        if found and int(found[1]) <= MAX_EXTRANEOUS:
            marker = int(found[2], 16)
            # Only the first warning is reported, and after the end marker comes no other.
            if marker == EOI[1] or (
                0xD0 <= marker <= 0xD7 and _all_restarts(data, data_at, header)
            ):
                return ""
        return text or "unknown reason"
    return ""


def _all_restarts(data: bytes, data_at: int, header: JpegHeader) -> bool:
    """Return whether every restart marker is there, each in its place."""
    if not header.restart_interval:
        return False
    scan = np.frombuffer(data, np.uint8, offset=data_at)
    after = scan[np.flatnonzero(scan[:-1] == 0xFF) + 1]
    restarts = after[(after >= 0xD0) & (after <= 0xD7)]
    count = -(-header.units // header.restart_interval) - 1
    return len(restarts) == count and bool((restarts == 0xD0 + np.arange(count) % 8).all())


def _by_opencv(data: bytes) -> npt.NDArray[np.uint8]:
    """Return the pixels by OpenCV, which knows CMYK and the orientation of Exif."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise RejectedSampleError(
            f"the JPEG of {len(data)} bytes does not decode; publish YCbCr or grey without Exif"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
