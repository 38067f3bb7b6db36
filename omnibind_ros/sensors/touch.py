"""Touch: the colour image of a gel pad (GelSight, DIGIT) to its difference from the pad at rest."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.config import parameter

from .base import Combiner, RejectedSampleError, SensorType
from .compressed_image import compressed_size
from .image import CompressedOptions, decode_compressed_image, decode_image
from .touch_reference import FixedReference, LearntReference

MAX_TOUCH_PIXELS = 640 * 480
"""Larger images are reduced by an integer factor: a pad's camera may have 8 megapixels, the input
of its encoder has a few thousand."""

MAX_FILE_BYTES = 64 * 2**20


@dataclass
class TouchOptions(CompressedOptions):
    """Parameters of a tactile pad."""

    reference: str = parameter(
        "",
        "Path of a PNG or JPEG of the pad without contact, in the resolution of its images; "
        "empty: it is recorded at start, while the pad is at rest.",
    )


def decode_touch(msg: Any, _options: Any = None) -> npt.NDArray[np.uint8]:
    """Return the gel image of a sensor_msgs/Image.

    Args:
        msg: As for `decode_image`, in any of its encodings.

    Returns:
        uint8 [height, width, 3], RGB, 0..255, reduced if it has over `MAX_TOUCH_PIXELS`.

    Raises:
        RejectedSampleError: As `decode_image`.
    """
    return _reduced(decode_image(msg))


def decode_compressed_touch(msg: Any, options: TouchOptions | None = None) -> npt.NDArray[np.uint8]:
    """Return the gel image of a sensor_msgs/CompressedImage (JPEG or PNG).

    Args:
        msg: As for `decode_compressed_image`.
        options: How many bits the pixels of 16 have.

    Returns:
        As `decode_touch`.

    Raises:
        RejectedSampleError: As `decode_compressed_image`.
    """
    return _reduced(decode_compressed_image(msg, options))


def _size(msg: Any) -> tuple[int, int]:
    return int(msg.width), int(msg.height)


def _reduced(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    factor = ceil(sqrt(height * width / MAX_TOUCH_PIXELS))
    if factor <= 1:
        return image
    size = (max(width // factor, 1), max(height // factor, 1))
    # OpenCV is several times faster where the factor is exact.
    cropped = image[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(cropped, size, interpolation=cv2.INTER_AREA), np.uint8)


def make_touch_combiner(options: TouchOptions) -> Combiner:
    """Return the combiner of one pad, which compares its gel images with its reference.

    The samples are float32 [H, W, 3], the difference from the image without contact, RGB, each
    (pixel - reference) / 255, -1..1.

    Args:
        options: The reference's file, if any.

    Raises:
        ValueError: The reference's file cannot be used; the text is one sentence.
    """
    if not options.reference:
        return LearntReference()
    return FixedReference(read_reference(Path(options.reference).expanduser()))


def read_reference(path: Path) -> npt.NDArray[np.uint8]:
    """Read the picture of a pad without contact.

    Args:
        path: A PNG or JPEG.

    Returns:
        uint8 [H, W, 3], RGB, reduced as gel images are.

    Raises:
        ValueError: It is missing or is not a picture; the text is one sentence.
    """
    try:
        size = path.stat().st_size
        if not path.is_file() or size > MAX_FILE_BYTES:
            raise ValueError(_bad_reference(path, "it is no file of at most 64 MiB"))
        return decode_compressed_touch(SimpleNamespace(format=path.name, data=path.read_bytes()))
    except OSError as error:
        raise ValueError(_bad_reference(path, str(error.strerror))) from error
    except RejectedSampleError as error:
        raise ValueError(_bad_reference(path, "it is no PNG or JPEG, or damaged")) from error


def _bad_reference(path: Path, why: str) -> str:
    return (
        f"the touch reference {path} cannot be used ({why}); set the parameter reference to a "
        "PNG or JPEG of the pad without contact, or leave it empty"
    )


SENSOR_TYPES = (
    SensorType(
        "touch",
        "sensor_msgs/msg/Image",
        decode_touch,
        TouchOptions,
        make_touch_combiner,
        stateful=True,
        full_size=_size,
        discover=("touch", "tactile", "gelsight", "digit"),
    ),
    SensorType(
        "touch",
        "sensor_msgs/msg/CompressedImage",
        decode_compressed_touch,
        TouchOptions,
        make_touch_combiner,
        stateful=True,
        full_size=compressed_size,
        discover=("touch", "tactile", "gelsight", "digit"),
    ),
)
