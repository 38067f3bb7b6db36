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
from .jpeg_header import EOI, JpegHeader, missing_scan

MAX_EXTRANEOUS = 32
"""Bytes that belong to nothing, accepted before a marker in the data of the picture. Webcams send
up to some four; after a damaged code there are mostly hundreds."""

HOLE = bytes(64)
"""As many zeros in the data of a picture are no code but a buffer that was not filled, unless the
Huffman tables of a sequential picture say otherwise, or there is another scan behind them."""

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
    data = _without_padding(data, header)
    problem = _decode(data, header.data_at, header, pixels)
    if problem:
        repaired = header.repaired + data[header.data_at :] + EOI
        if _decode(repaired, len(header.repaired), header, pixels):
            raise RejectedSampleError(
                f"the JPEG of {len(data)} bytes is damaged or has lost data ({problem}); check the "
                "camera's cable, the USB bandwidth and the network"
            )
    if header.several_scans and missing_scan(data, header):
        raise RejectedSampleError(
            f"the JPEG of {len(data)} bytes has lost data (a scan is missing); check the network "
            "and the publisher"
        )
    if not colour:
        return pixels[..., 0]
    return _by_opencv(data) if header.exif or header.channels == 4 else pixels


def _without_padding(data: bytes, header: JpegHeader) -> bytes:
    """Return the file up to a `HOLE` in its data, if there is one, with an end marker."""
    if header.progressive:  # zeros may be bits of a scan, but hardly at its end
        end = data.rfind(EOI, header.data_at)
        end = end if end >= 0 else len(data)
        hole = len(data[:end].rstrip(b"\x00")) if data.endswith(HOLE, 0, end) else -1
    elif header.zeros:
        return data
    else:
        hole = data.find(HOLE, header.data_at)
        if hole >= 0 and data.find(EOI, header.data_at, hole) >= 0:
            return data
    if hole < 0:
        return data
    return data[: hole + (data[hole - 1] == 0xFF)] + EOI  # a zero after FF belongs to it


def _decode(data: bytes, data_at: int, header: JpegHeader, pixels: npt.NDArray[np.uint8]) -> str:
    """Decode into the array; returns what is wrong, or '' if no data were lost."""
    try:
        simplejpeg.decode_jpeg(data, "RGB" if pixels.shape[2] == 3 else "GRAY", buffer=pixels)
    except ValueError as error:  # a warning of libjpeg-turbo: the array is filled all the same
        text = str(error).strip().removeprefix("Corrupt JPEG data: ")
        found = _EXTRANEOUS.search(text)
        if found and int(found[1]) <= MAX_EXTRANEOUS and _no_other(data, data_at, header, found[2]):
            return ""
        return text or "unknown reason"
    return ""


def _no_other(data: bytes, data_at: int, header: JpegHeader, marker: str) -> bool:
    """Return whether no loss can hide behind the first warning, the only one that is reported.

    Args:
        data: The file.
        data_at: Index of the first byte of its data.
        header: Of this file.
        marker: Before which there were extraneous bytes, hexadecimal.
    """
    if not header.restart_interval:
        return marker == f"{EOI[1]:02x}"
    # Every restart marker must be there, each in its place.
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
