"""The pixels of a sensor_msgs/CompressedImage: JPEG and PNG."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from . import jpeg, png
from .base import RejectedSampleError
from .compressed_format import CompressedFormat, parse_format
from .jpeg_header import SIGNATURE, JpegHeader, jpeg_header
from .raw_image import MAX_PIXELS


class CompressedPicture(NamedTuple):
    """A picture that is not decoded yet.

    Attributes:
        data: The file.
        header: Of the file.
        format: What the publisher says of it.
    """

    data: bytes
    header: JpegHeader | png.PngHeader
    format: CompressedFormat

    @property
    def bits(self) -> int:
        """Bits of a channel in the file: 8, or 16 in some PNGs."""
        return 16 if isinstance(self.header, png.PngHeader) and self.header.bits == 16 else 8

    @property
    def colour(self) -> bool:
        """Whether the file holds colour."""
        if isinstance(self.header, png.PngHeader):
            return self.header.colour
        return self.header.channels > 1

    def grey(self) -> npt.NDArray[Any]:
        """Return the pixels of a grey file as they are stored, uint8 or uint16 [height, width].

        Raises:
            RejectedSampleError: Data are missing or damaged.
        """
        if isinstance(self.header, JpegHeader):
            return jpeg.decode_jpeg(self.data, self.header, colour=False)
        pixels = png.decode_png(self.data, cv2.IMREAD_UNCHANGED)
        # OpenCV gives a grey picture with an alpha channel four channels.
        return pixels if pixels.ndim == 2 else pixels[..., 0]

    def rgb(self) -> npt.NDArray[Any]:
        """Return the pixels as RGB, uint8 or uint16 [height, width, 3].

        Raises:
            RejectedSampleError: Data are missing or damaged.
        """
        if isinstance(self.header, JpegHeader):
            return jpeg.decode_jpeg(self.data, self.header, colour=True)
        depth = cv2.IMREAD_ANYDEPTH if self.bits == 16 else 0
        pixels = png.decode_png(self.data, cv2.IMREAD_COLOR | depth)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def open_picture(msg: Any) -> CompressedPicture:
    """Return the picture in a message, without decoding it.

    Args:
        msg: Anything with format and data; the data's signature says whether it is JPEG or PNG, the
            format what the pixels are.

    Raises:
        RejectedSampleError: Neither JPEG nor PNG, without a whole header, larger than `MAX_PIXELS`,
            or a depth image.
    """
    told = str(msg.format)[:40]
    described = parse_format(msg.format)
    if "compresseddepth" in described.codec:
        raise RejectedSampleError(
            f"format '{told}' is a depth image, which shows no brightness and no temperature; "
            "set the sensor's topic to one whose image_transport plugin is compressed"
        )
    head = bytes(memoryview(msg.data)[:8])
    if not head.startswith((SIGNATURE, png.SIGNATURE)):
        raise RejectedSampleError(
            f"{len(msg.data)} bytes of format '{told}' are neither JPEG nor PNG; "
            "set the image_transport plugin to jpeg or png"
        )
    data = bytes(msg.data)
    header = jpeg_header(data) if head.startswith(SIGNATURE) else png.png_header(data)
    # A few kilobytes can announce gigabytes, so the size is checked before memory is allocated.
    if header is None or not 0 < header.height * header.width <= MAX_PIXELS:
        raise RejectedSampleError(
            f"{len(data)} bytes of format '{told}' do not decode to an image; "
            "they are damaged or larger than 64 megapixels"
        )
    return CompressedPicture(data, header, described)


def compressed_size(msg: Any) -> tuple[int, int]:
    """Return width and height of the picture in a message, pixels, without decoding it.

    Args:
        msg: As for `open_picture`.

    Raises:
        RejectedSampleError: As `open_picture`.
    """
    header = open_picture(msg).header
    return header.width, header.height
