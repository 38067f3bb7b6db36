"""Colour images: sensor_msgs/Image and CompressedImage to RGB arrays."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import RejectedSampleError, SensorType
from .compressed_format import CompressedFormat
from .compressed_image import open_picture
from .conversion import to_colour
from .raw_image import PixelFormat, raw_pixels

FORMATS: dict[str, PixelFormat] = {
    **dict.fromkeys(("rgb8", "bgr8"), PixelFormat("u1", 3)),
    **dict.fromkeys(("rgba8", "bgra8"), PixelFormat("u1", 4)),
    "mono8": PixelFormat("u1"),
    **dict.fromkeys(
        ("bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"), PixelFormat("u1")
    ),
    **dict.fromkeys(("yuv422", "yuv422_yuy2", "uyvy", "yuyv"), PixelFormat("u1", 2)),
}
"""Layout by supported encoding of sensor_msgs/image_encodings.hpp."""

_NO_BRIGHTNESS = tuple(f"{kind}c{n}" for kind in ("16u", "16s", "32s", "8s") for n in (1, 2, 3, 4))


@dataclass
class CompressedOptions:
    """Parameters of a camera that publishes sensor_msgs/CompressedImage."""

    bits: int = parameter(
        0,
        "Bits of the camera's pixels, such as 12, where the published picture has 16 bits a "
        "channel; 0: 16 where the values show it, else the picture is rejected.",
        low=0,
        high=16,
    )


def decode_image(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/Image.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data.
            Rows may be padded (step larger than a row of pixels).

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Unknown encoding, size out of range, or fewer bytes than announced.
    """
    pixels = raw_pixels(msg, FORMATS)
    height, width = pixels.shape[:2]
    encoding = str(msg.encoding).strip().lower()
    if pixels.shape[2:] == (2,) and width % 2:
        raise RejectedSampleError(f"{encoding} needs an even width, not {width} pixels")
    if encoding.startswith("bayer") and (height < 2 or width < 2):
        raise RejectedSampleError(f"{encoding} needs at least 2 x 2 pixels")
    packed = SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,  # one byte a channel: there is no byte order
        step=width * FORMATS[encoding].channels,
        data=np.ascontiguousarray(pixels).reshape(-1),
    )
    return to_colour(packed)


def decode_compressed_image(
    msg: Any, options: CompressedOptions | None = None
) -> npt.NDArray[np.uint8]:
    """Return the pixels of a sensor_msgs/CompressedImage (JPEG or PNG).

    Args:
        msg: Anything with format and data; the data's signature says whether it is JPEG or PNG, the
            format (see `compressed_format`) what the pixels are.
        options: How many bits the pixels of 16 have.

    Returns:
        uint8 [height, width, 3], RGB, 0..255.

    Raises:
        RejectedSampleError: Not decodable, larger than `MAX_PIXELS`, with lost data, a picture of
            something else than brightness, or of an unknown number of bits.
    """
    picture = open_picture(msg)
    described = picture.format
    if described.original.endswith(_NO_BRIGHTNESS) or described.bits > 16:
        raise RejectedSampleError(
            f"the compressed image was {described.original}, which holds depths or counts, not "
            "brightness; publish rgb8, bgr8, mono8 or mono16"
        )
    if "bayer" in str(msg.format).lower() and not described.original and not picture.colour:
        raise RejectedSampleError(
            f"the format '{str(msg.format)[:40]}' names no Bayer pattern that is known; publish "
            "rgb8 or bgr8, or a format such as 'bayer_rggb8; jpeg compressed '"
        )
    bits = options.bits if options is not None else 0
    mosaic = described.pattern if not picture.colour else ""
    pixels = picture.grey() if mosaic else picture.rgb()
    if picture.bits == 16:
        pixels = _scaled_from_16(pixels, bits)
    elif described.bits == 16:
        pixels = _scaled_from_high_byte(pixels, bits, described)
    if mosaic:
        return _demosaiced(pixels, mosaic)
    if described.target.startswith("rgb") and picture.colour:
        # The codec takes BGR: red and blue were exchanged in the file.
        return np.ascontiguousarray(pixels[..., ::-1])
    return pixels


def _scaled_from_16(pixels: npt.NDArray[np.uint16], bits: int) -> npt.NDArray[np.uint8]:
    """Return 8 bits of pixels of 16, of which the camera uses the lower ones given, or all."""
    highest = int(pixels.max())
    if not bits and highest >= 2**15:
        bits = 16
    if not bits or highest >= 2**bits:
        raise RejectedSampleError(
            f"the picture of 16 bits has values up to {highest}, "
            + (f"which {bits} bits do not hold" if bits else "so that its full scale is not known")
            + "; set the parameter bits to the bits of the camera, such as 10, 12, 14 or 16"
        )
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / (2**bits - 1)), np.uint8).reshape(
        pixels.shape
    )


def _scaled_from_high_byte(
    pixels: npt.NDArray[np.uint8], bits: int, described: CompressedFormat
) -> npt.NDArray[np.uint8]:
    """Return the full scale of pixels of 16 bits, of which the publisher kept the upper 8."""
    if not described.target:
        raise RejectedSampleError(
            f"the compressed image was {described.original} and is cut to 8 bits, so that bright "
            "parts are lost; publish 8 bits, or set the image_transport plugin to png"
        )
    highest = int(pixels.max())
    if bits == 16 or (not bits and highest >= 64):
        return pixels
    if not bits or highest > 2 ** (bits - 7):  # JPEG goes beyond the original's values
        raise RejectedSampleError(
            f"the compressed image was {described.original} and has values up to {highest} of 255, "
            "so that its full scale is not known; set the parameter bits to the bits of the camera "
            "(10, 12, 14 or 16), or publish 8 bits"
        )
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=2 ** (16 - bits)), np.uint8)


def _demosaiced(pixels: npt.NDArray[np.uint8], pattern: str) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape
    return decode_image(
        SimpleNamespace(
            height=height,
            width=width,
            encoding=f"bayer_{pattern}8",
            is_bigendian=0,
            step=width,
            data=np.ascontiguousarray(pixels).reshape(-1),
        )
    )


SENSOR_TYPES = (
    SensorType(
        "image",
        "sensor_msgs/msg/Image",
        decode_image,
        payload=attrgetter("data"),
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
    SensorType(
        "image",
        "sensor_msgs/msg/CompressedImage",
        decode_compressed_image,
        CompressedOptions,
        payload=attrgetter("data"),
        discover=("image", "camera", "rgb", "color", "colour"),
    ),
)
