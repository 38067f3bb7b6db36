"""Thermal images: sensor_msgs/Image and CompressedImage to temperatures.

Drivers publish kelvins, tenths or hundredths of kelvins, degrees Celsius, or the detector's counts.
docs/how-to/thermal_and_touch.md lists how each encoding is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import Doubtful, RejectedSampleError, SensorType
from .compressed_image import open_picture
from .raw_image import PixelFormat, raw_pixels
from .thermal_unit import UNITS, Unit, advice, choose_unit, median

LOWEST, HIGHEST = -100.0, 1500.0
"""Range of plausible temperatures, degrees Celsius."""

FORMATS = {
    **dict.fromkeys(("mono16", "16UC1"), PixelFormat("u2")),
    "32FC1": PixelFormat("f4"),
    **dict.fromkeys(("mono8", "8UC1"), PixelFormat("u1")),
}
"""Layout by supported encoding of sensor_msgs/image_encodings.hpp."""

MAX_THERMAL_PIXELS = 16 * 2**20
"""16 megapixels, more than any thermal camera has. A picture takes some 20 bytes a pixel while it
is read, and a JPEG of 100 bytes may announce millions of pixels."""

NEIGHBOURS = 5
"""Side of the square whose valid pixels replace an invalid one, pixels."""


@dataclass
class ThermalOptions:
    """Parameters of a thermal camera."""

    unit: str = parameter(
        "auto",
        "Unit of the pixels; auto: counts if scale is set, else a guess: centikelvin for 16 bits, "
        "kelvin or celsius for floats (by the median), counts for 8 bits; what it does not fit is "
        "rejected until the unit is set.",
        choices=("auto", *UNITS, "counts"),
    )
    scale: float = parameter(
        0.0,
        "Degrees Celsius per count: temperature = counts * scale + offset; 0: counts of 8 bits are "
        "0.2 degrees, others are rejected.",
        low=-1000.0,
        high=1000.0,
    )
    offset: float = parameter(
        0.0, "Degrees Celsius at count 0; used with scale.", low=-1e6, high=1e6
    )


def decode_thermal(msg: Any, options: ThermalOptions) -> npt.NDArray[np.float32] | Doubtful:
    """Return the temperatures of a sensor_msgs/Image.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data; rows may be padded.
        options: What the pixels stand for.

    Returns:
        float32 [height, width], degrees Celsius, all within `LOWEST` .. `HIGHEST`. Pixels that are
        not, or not finite, have been mended from their neighbours. Where the unit is guessed, it is
        `Doubtful`, with `Issue.UNIT_GUESSED`.

    Raises:
        RejectedSampleError: Unknown encoding, no pixels or more than `MAX_THERMAL_PIXELS`, fewer
            bytes than announced, more than half of the pixels unusable, or a median outside `SCENE`
            with a guessed unit.
    """
    pixels = raw_pixels(msg, FORMATS)
    _refuse_huge(*pixels.shape)
    return _to_celsius(pixels, options)


def decode_compressed_thermal(
    msg: Any, options: ThermalOptions
) -> npt.NDArray[np.float32] | Doubtful:
    """Return the temperatures of a sensor_msgs/CompressedImage, a grey PNG of 16 or 8 bits.

    Args:
        msg: Anything with format and data. A grey JPEG is read as 8 bits.
        options: What the pixels stand for.

    Returns:
        As `decode_thermal`.

    Raises:
        RejectedSampleError: Not decodable, larger than `MAX_THERMAL_PIXELS`, in colour, cut to 8
            bits, more than half of the pixels unusable, or a median outside `SCENE` with a guessed
            unit.
    """
    picture = open_picture(msg)
    _refuse_huge(picture.header.height, picture.header.width)
    original = picture.format.original
    if picture.format.bits > picture.bits:
        raise RejectedSampleError(
            f"the compressed thermal image was {original} and is cut to {picture.bits} bits, so "
            "that the temperatures are lost; set the image_transport plugin to png, for 32FC1 "
            "take the sensor_msgs/Image"
        )
    if picture.colour or original.startswith(("bayer", "rgb", "bgr", "yu", "uy", "nv")):
        raise RejectedSampleError(
            "the compressed thermal image is in colour, which holds no temperatures; "
            "publish a grey PNG of 16 bits"
        )
    return _to_celsius(picture.grey(), options)


def _refuse_huge(height: int, width: int) -> None:
    if height * width > MAX_THERMAL_PIXELS:
        raise RejectedSampleError(
            f"the thermal image has {width} x {height} pixels, more than any thermal camera and "
            f"more than the {MAX_THERMAL_PIXELS // 2**20} megapixels that are read; check that the "
            "topic is that of a thermal camera"
        )


def _to_celsius(
    pixels: npt.NDArray[Any], options: ThermalOptions
) -> npt.NDArray[np.float32] | Doubtful:
    if pixels.dtype.kind != "f":
        return _converted(pixels, options)
    with np.errstate(over="ignore", invalid="ignore"):  # floats may be anything
        return _converted(pixels, options)


def _converted(
    pixels: npt.NDArray[Any], options: ThermalOptions
) -> npt.NDArray[np.float32] | Doubtful:
    ends = float(pixels.min()), float(pixels.max())
    unit = choose_unit(pixels, ends, options.unit, options.scale, options.offset)
    celsius = np.multiply(pixels, np.float32(unit.scale), dtype=np.float32)
    celsius += np.float32(unit.offset)
    one, other = (end * unit.scale + unit.offset for end in ends)
    low, high = (one, other) if unit.scale > 0 else (other, one)
    # Looked at closely where 1 deg C, more than float32 rounds, is not left; NaN always is.
    if not (low > LOWEST + 1 and high < HIGHEST - 1):
        good = (celsius >= LOWEST) & (celsius <= HIGHEST)
        if 2 * np.count_nonzero(good) < good.size:
            raise RejectedSampleError(_what_is_wrong(pixels, celsius, unit))
        if not good.all():
            _replace_invalid(celsius, good)
    return Doubtful(celsius, unit.guess) if unit.guess else celsius


def _what_is_wrong(pixels: npt.NDArray[Any], celsius: npt.NDArray[np.float32], unit: Unit) -> str:
    bad = 1 - np.count_nonzero(np.isfinite(celsius)) / celsius.size
    if 2 * bad > 1:
        return f"{bad:.0%} of the thermal image is NaN or infinite; check the camera's driver"
    holes = np.count_nonzero(pixels == 0) / pixels.size
    if 2 * holes > 1:
        return (
            f"{holes:.0%} of the thermal image are 0, as holes are, so that the others say too "
            "little; check the rectification of the picture, or set another unit"
        )
    middle = median(pixels)
    return (
        f"most of the thermal image is outside {LOWEST:.0f} .. {HIGHEST:.0f} deg C "
        f"(median {middle * unit.scale + unit.offset:.1f} with unit {unit.name}); {advice(middle)}"
    )


def _replace_invalid(celsius: npt.NDArray[np.float32], good: npt.NDArray[np.bool_]) -> None:
    """Replace invalid pixels by the mean of valid ones near them, or else the median of all valid.

    Normalised convolution (Knutsson and Westin 1993) with a box.
    """
    bad = ~good
    celsius[bad] = 0
    total, count = (
        cv2.boxFilter(
            image,
            cv2.CV_32F,
            (NEIGHBOURS, NEIGHBOURS),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )
        for image in (celsius, good.view(np.uint8))
    )
    np.divide(total, count, out=celsius, where=bad & (count > 0))
    far = bad & (count == 0)
    if far.any():
        celsius[far] = np.median(celsius[good], overwrite_input=True)


SENSOR_TYPES = (
    SensorType(
        "thermal",
        "sensor_msgs/msg/Image",
        decode_thermal,
        ThermalOptions,
        payload=attrgetter("data"),
        discover=("thermal", "lwir", "lepton", "temperature"),
    ),
    SensorType(
        "thermal",
        "sensor_msgs/msg/CompressedImage",
        decode_compressed_thermal,
        ThermalOptions,
        payload=attrgetter("data"),
        discover=("thermal", "lwir", "lepton", "temperature"),
    ),
)
