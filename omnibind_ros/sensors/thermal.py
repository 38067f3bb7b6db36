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
from omnibind_ros.units import ABSOLUTE_ZERO

from .base import RejectedSampleError, SensorType
from .compressed_image import compressed_pixels
from .raw_image import PixelFormat, raw_pixels

LOWEST, HIGHEST = -100.0, 1500.0
"""Range of plausible temperatures, degrees Celsius."""

UNITS = {
    "centikelvin": (0.01, ABSOLUTE_ZERO),
    "decikelvin": (0.1, ABSOLUTE_ZERO),
    "kelvin": (1.0, ABSOLUTE_ZERO),
    "celsius": (1.0, 0.0),
}
"""Scale and offset from pixels to degrees Celsius, by unit."""

COUNTS = {1: (0.2, 0.0), 2: UNITS["centikelvin"], 4: UNITS["celsius"]}
"""Scale and offset of counts whose scale is not set, by bytes per pixel. Pictures of 8 bits are
mostly stretched to the scene's contrast, so that the temperature is lost; 0 .. 51 deg C is the
range of rooms and people."""

FORMATS = {
    **dict.fromkeys(("mono16", "16UC1"), PixelFormat("u2")),
    "32FC1": PixelFormat("f4"),
    **dict.fromkeys(("mono8", "8UC1"), PixelFormat("u1")),
}
"""Layout by supported encoding of sensor_msgs/image_encodings.hpp."""

KELVIN_SHARE = 0.95
"""Floats are kelvins if at least this share of the pixels is above `LOWEST` when read as such."""

TYPICAL = (-40.0, 150.0)
"""Range of typical medians, degrees Celsius; a unit is suggested if the median is in it."""

NEIGHBOURS = 5
"""Side of the square whose valid pixels replace an invalid one, pixels."""


@dataclass
class ThermalOptions:
    """Parameters of a thermal camera."""

    unit: str = parameter(
        "auto",
        "Unit of the pixels; auto: counts if scale is set, else centikelvin for 16 bits, kelvin or "
        "celsius for floats (whichever is plausible), counts for 8 bits.",
        choices=("auto", *UNITS, "counts"),
    )
    scale: float = parameter(
        0.0,
        "Degrees Celsius per count: temperature = counts * scale + offset; 0: the encoding's "
        "default scale and offset (8 bits: 0.2 and 0; 16 bits: 0.01 and -273.15).",
        low=-1000.0,
        high=1000.0,
    )
    offset: float = parameter(
        0.0, "Degrees Celsius at count 0; used with scale.", low=-1e6, high=1e6
    )


def decode_thermal(msg: Any, options: ThermalOptions) -> npt.NDArray[np.float32]:
    """Return the temperatures of a sensor_msgs/Image.

    Args:
        msg: Anything with height, width, encoding, is_bigendian, step and data; rows may be padded.
        options: What the pixels stand for.

    Returns:
        float32 [height, width], degrees Celsius, all within `LOWEST` .. `HIGHEST`. Pixels that are
        not, or not finite, have been mended from their neighbours.

    Raises:
        RejectedSampleError: Unknown encoding, zero or absurd size, fewer bytes than announced, or
            more than half of the pixels unusable.
    """
    return _to_celsius(raw_pixels(msg, FORMATS), options)


def decode_compressed_thermal(msg: Any, options: ThermalOptions) -> npt.NDArray[np.float32]:
    """Return the temperatures of a sensor_msgs/CompressedImage, a grey PNG of 16 or 8 bits.

    Args:
        msg: Anything with format and data. A grey JPEG is read as 8 bits.
        options: What the pixels stand for.

    Returns:
        As `decode_thermal`.

    Raises:
        RejectedSampleError: Not decodable, in colour, or more than half of the pixels unusable.
    """
    pixels = compressed_pixels(msg, cv2.IMREAD_UNCHANGED)
    if pixels.ndim != 2:
        raise RejectedSampleError(
            "the compressed thermal image is in colour, which holds no temperatures; "
            "publish a grey PNG of 16 bits"
        )
    return _to_celsius(pixels, options)


def _to_celsius(pixels: npt.NDArray[Any], options: ThermalOptions) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # floats may be anything
        scale, offset = _scale_and_offset(pixels, options)
        celsius = np.multiply(pixels, np.float32(scale), dtype=np.float32)
        celsius += np.float32(offset)
        if celsius.min() >= LOWEST and celsius.max() <= HIGHEST:  # NaN is neither
            return celsius
        good = (celsius >= LOWEST) & (celsius <= HIGHEST)
        if 2 * np.count_nonzero(good) < good.size:
            raise RejectedSampleError(_what_is_wrong(pixels, celsius, options))
    _replace_invalid(celsius, good)
    return celsius


def _scale_and_offset(pixels: npt.NDArray[Any], options: ThermalOptions) -> tuple[float, float]:
    if options.unit in UNITS:
        return UNITS[options.unit]
    if options.scale:
        return options.scale, options.offset
    if options.unit == "auto" and pixels.dtype.kind == "f":
        # In kelvins every pixel is far above zero; in degrees Celsius only a furnace is.
        warm = np.count_nonzero(pixels >= LOWEST - ABSOLUTE_ZERO)
        return UNITS["kelvin" if warm >= KELVIN_SHARE * pixels.size else "celsius"]
    return COUNTS[pixels.dtype.itemsize]


def _what_is_wrong(
    pixels: npt.NDArray[Any], celsius: npt.NDArray[np.float32], options: ThermalOptions
) -> str:
    bad = 1 - np.count_nonzero(np.isfinite(celsius)) / celsius.size
    if 2 * bad > 1:
        return f"{bad:.0%} of the thermal image is NaN or infinite; check the camera's driver"
    every = max(celsius.size // 10_000, 1)  # enough for a median, however large the image
    raw = pixels.reshape(-1)[::every].astype(np.float32)
    middle = float(np.median(raw[np.isfinite(raw)]))
    scale, offset = _scale_and_offset(pixels, options)
    advice = "set the parameter unit to counts, with the camera's scale and offset"
    for unit, (unit_scale, unit_offset) in UNITS.items():
        median = middle * unit_scale + unit_offset
        if TYPICAL[0] <= median <= TYPICAL[1]:
            advice = f"set the parameter unit to {unit} (median {median:.1f} deg C) or to counts"
            break
    return (
        f"most of the thermal image is outside {LOWEST:.0f} .. {HIGHEST:.0f} deg C "
        f"(median {middle * scale + offset:.1f} with unit {options.unit}); {advice}"
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
